"""A real API server says of every fault what the table says, and names the same field."""

from __future__ import annotations

import random
import re

import pytest

from generator.apiserver.builtin import check
from tests.oracles.cluster import Cluster
from tests.oracles.cluster.verdicts import Verdict, verdict
from tests.support.builtin_faults import FAULTS, VALID, Fault, plain, sweep

LATER = {"pods", "accepted"}
"""What a server takes and its cluster cannot run: pods that it refuses, a port that goes nowhere."""

CLASSES = {"priorityClassName", "runtimeClassName"}
"""Fields that name objects which the server has none of."""


@pytest.mark.parametrize("name", VALID)
def test_the_server_takes_the_valid_objects(name: str, cluster: Cluster) -> None:
    assert verdict(cluster, VALID[name], "default") == Verdict(accepted=True)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_the_server_has_the_verdict_of_the_table(fault: Fault, cluster: Cluster) -> None:
    said = verdict(cluster, fault.object(), "default")
    assert said.accepted == (fault.kind == "ok" or fault.server in LATER), said.message
    if not said.accepted:
        assert names(said, fault), f"{said.fields}: {said.message}"


def names(said: Verdict, fault: Fault) -> bool:
    """Say whether the server names the field; of a wrong type it knows no indexes, or no field at all."""
    if fault.kind == "type":
        bare = re.sub(r"\[[^\]]*\]", "", fault.server)
        return not said.fields or any(bare.startswith(re.sub(r"\[\d+\]", "", one)) for one in said.fields)
    return any(plain(one) == plain(fault.server) for one in said.fields)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.server == "pods"], ids=str)
def test_pods_of_a_template_that_the_server_takes_are_refused(fault: Fault, cluster: Cluster) -> None:
    template = fault.object()["spec"]["template"]
    spec = {key: value for key, value in template["spec"].items() if key not in CLASSES}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec}
    said = verdict(cluster, pod, "default")
    assert not said.accepted
    assert any(f"spec.template.{one}" == fault.field for one in said.fields), said.message


STRICTER = re.compile(
    r"^statefulset \('spec', 'template', 'spec'|^budget \('metadata', 'name'\)|^(configmap|secret) .*= \[\]"
)
"""Where rollplan refuses what a server takes: pods that it would refuse, and base64 that is a list."""


def test_a_sweep_of_spoilt_values_gets_the_verdict_of_the_server(cluster: Cluster) -> None:
    """Not what people thought of, but one value in hundreds spoilt by chance, the same ones every time."""
    differing = []
    for where, item in sweep(random.Random(4), 600):
        said, found = verdict(cluster, item, "default"), check(item)
        if said.accepted != (not found) and not STRICTER.search(where):
            differing.append((where, said.message, [one.message for one in found]))
    assert differing == []
