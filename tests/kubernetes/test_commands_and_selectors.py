"""What rules read: commands of containers, and label selectors, whatever form people give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import rules
from generator.kubernetes.containers import Container
from generator.kubernetes.selectors import catches, matches
from generator.model.manifests import Manifest, Origin, identity_of
from generator.model.source import Document, Source

ORIGIN = Origin(
    document=Document(source=Source(name="a.yaml", text=""), data={}, keys={}, values={}), path=()
)


def manifest(kind: str, spec: Any, name: str = "chat", labels: Any = None) -> Manifest:
    metadata = {"name": name, "namespace": "llm-d", "labels": labels or {}}
    data = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}
    return Manifest(identity=identity_of(data), data=data, bundle="blue", origin=ORIGIN)


def container(args: list[str] | None = None, command: list[str] | None = None, **more: Any) -> Container:
    data = {
        "name": "modelserver",
        "image": "vllm/vllm-openai:v0.23.0",
        "args": args,
        "command": command,
    } | more
    return Container(workload=manifest("Deployment", {}), path=("spec", "containers", 0), data=data)


SERVE = ["vllm", "serve"]


@pytest.mark.parametrize(
    "one",
    [
        container(["m", "--max-loras=4"], SERVE),
        container(["m", "--max-loras", "4"], SERVE),
        container(["m", "--max_loras", "4"], SERVE),
        container(["m", "--max-loras=1", "--max-loras=4"], SERVE),
        container(["exec vllm serve m \\\n  --max-loras 4 # four\n"], ["/bin/bash", "-c"]),
        container(["set -e; exec vllm serve m --max-loras=4"], ["sh", "-ec"]),
        container(["--model", "m", "--max-loras=4"]),
    ],
)
def test_a_flag_is_read_in_every_form(one: Container) -> None:
    assert (one.is_vllm, one.model, one.flag("--max-loras")) == (True, "m", "4")


def test_what_a_command_does_not_say_is_not_known() -> None:
    assert not container().is_vllm, "an image without arguments may run anything"
    assert not container(["serve", "m"], ["sglang"], image="example.com/server:v1").is_vllm
    assert container(["m", "--enable-lora", "--port=1"], SERVE).flag("--enable-lora") == ""
    assert container(["m", "--enable-lora", "--port=1"], SERVE).flag("--max-loras") is None


@pytest.mark.parametrize(
    ("args", "served"),
    [
        (["m"], {"m"}),
        (["m", "--served-model-name=a"], {"a"}),
        (["m", "--served-model-name", "a", "b", "--port=1"], {"a", "b"}),
        (["--model=m", "--served-model-name", "a"], {"a"}),
    ],
)
def test_served_names(args: list[str], served: set[str]) -> None:
    assert container(args, SERVE).served == served


def test_the_pause_before_the_signal() -> None:
    shell = {"preStop": {"exec": {"command": ["/bin/sh", "-c", "echo bye && sleep 20"]}}}
    assert container(["m"], SERVE, lifecycle=shell).pause == 20
    assert container(["m"], SERVE, lifecycle={"preStop": {"sleep": {"seconds": 15}}}).pause == 15
    assert container(["m"], SERVE).pause == 0


LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=3)


@given(LABELS, LABELS)
def test_pairs_and_the_same_as_expressions_say_the_same(
    selector: dict[str, str], labels: dict[str, str]
) -> None:
    expressions = [{"key": key, "operator": "In", "values": [value]} for key, value in selector.items()]
    wanted = selector.items() <= labels.items()
    assert matches({"matchLabels": selector}, labels) is wanted
    assert matches({"matchExpressions": expressions}, labels) is wanted


@given(LABELS, st.sampled_from("abc"))
def test_opposite_operators_are_opposite(labels: dict[str, str], key: str) -> None:
    for one, other, values in (("In", "NotIn", ["x", "y"]), ("Exists", "DoesNotExist", [])):
        first, second = (
            matches({"matchExpressions": [{"key": key, "operator": operator, "values": values}]}, labels)
            for operator in (one, other)
        )
        assert first is not second


def pods(labels: dict[str, str], namespace: str = "llm-d") -> Manifest:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a"}]}}
    found = manifest("Deployment", {"template": template})
    return found.put(namespace, "metadata", "namespace")


def test_an_empty_selector_catches_all_or_nothing_by_kind() -> None:
    assert catches(manifest("PodMonitor", {"selector": {}}), pods({"a": "x"}))
    assert not catches(manifest("Service", {"selector": {}}), pods({"a": "x"}))
    assert not catches(manifest("Service", {}), pods({"a": "x"}))


def test_services_are_caught_by_service_monitors_alone() -> None:
    service = manifest("Service", {"selector": {"a": "x"}}, labels={"a": "x"})
    selector = {"selector": {"matchLabels": {"a": "x"}}}
    assert catches(manifest("ServiceMonitor", selector), service)
    assert not catches(manifest("PodMonitor", selector), service)
    assert not catches(manifest("ServiceMonitor", selector), pods({"a": "x"}))


def test_a_file_of_every_family_is_in_the_table() -> None:
    """A rule that nobody calls would find nothing."""
    folder = Path(rules.__file__).parent
    shared = {"__init__", "case", "invariants", "several_plans"}
    families = {rule.check.__module__.rpartition(".")[2] for rule in rules.RULES}
    assert families == {path.stem for path in folder.glob("*.py")} - shared
