"""What holds of everything that rollplan makes, whatever a plan may legally ask for."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from generator.kubernetes import names
from generator.kubernetes.pods import pod_templates
from generator.model.findings import Rejected
from generator.model.manifests import Manifest
from generator.model.rollout import Rollout
from tests.support.derived import caught, collisions, overlaps, pod_labels, selectors
from tests.support.made_plans import VLLM, Object, blue_green, compiled
from tests.support.random_plans import BRIEF

SOME = settings(BRIEF, max_examples=25)
"""A whole rollout of made versions takes as long as ten of small ones."""

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
VALUE = re.compile(r"([A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?)?")

pools = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,70}[a-z0-9])?(\.[a-z0-9]{1,9}){0,2}", fullmatch=True)
names_of_servers = st.from_regex(r"[a-z]([-a-z0-9]{0,43}[a-z0-9])?", fullmatch=True)
models = st.from_regex(r"[A-Za-z0-9/][-._/:A-Za-z0-9]{0,80}", fullmatch=True)
counts = st.integers(1, 9)


def fields(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[Object]:
    """Draw a mapping whose fields may each be absent."""
    return st.fixed_dictionaries({}, optional=known)


routers = fields(
    replicas=st.integers(1, 10),
    failureMode=st.sampled_from(["FailOpen", "FailClose"]),
    targetPorts=st.lists(st.integers(1, 65535), min_size=1, max_size=1),
    monitoring=st.fixed_dictionaries(
        {"kind": st.sampled_from(["ServiceMonitor", "PodMonitoring"]), "auth": st.booleans()}
    ),
    resources=fields(requests=fields(cpu=counts, memory=st.just("64Gi"))) | fields(limits=fields(cpu=counts)),
)
providers = st.sampled_from(["none", "istio", "gke", "agentgateway"])  # the others refuse weights


@st.composite
def servers(draw: st.DrawFn) -> list[Object]:
    """Draw model servers that may stand together: prefill never alone, and of what decode is."""
    common: dict[str, Any] = {"model": draw(models), "servedModelName": "chat", "image": VLLM["image"]}
    common |= {"drainSeconds": draw(st.integers(1, 900))}
    shapes = draw(
        st.lists(
            fields(
                replicas=st.integers(1, 9),
                nodes=st.integers(1, 3),
                accelerators=st.fixed_dictionaries({"count": st.integers(0, 8)}),
                startupSeconds=st.integers(60, 86400),
                preStopSeconds=st.integers(1, 99),
                labels=st.dictionaries(st.sampled_from(["team", "llm-d.ai/model"]), st.just("x")),
                monitoring=st.fixed_dictionaries({"kind": st.sampled_from(["PodMonitor", "PodMonitoring"])}),
            ),
            min_size=1,
            max_size=3,
        )
    )
    drawn = draw(st.lists(names_of_servers, min_size=len(shapes), max_size=len(shapes), unique=True))
    roles = ["decode", *(draw(st.sampled_from(["decode", "prefill"])) for _ in shapes[1:])]
    return [
        {**common, **shape, "name": name, "role": role}
        for shape, name, role in zip(shapes, drawn, roles, strict=True)
    ]


@st.composite
def versions(draw: st.DrawFn) -> tuple[str, Object, Object]:
    """Draw a provider, and two versions that rollplan makes from nothing."""
    blue, green = draw(st.lists(pools, min_size=2, max_size=2, unique=True))
    both: list[Object] = [
        {"pool": pool, "router": draw(routers), "modelServers": draw(servers())} for pool in (blue, green)
    ]
    taken = {server["name"] for server in both[0]["modelServers"]}
    assume(taken.isdisjoint(server["name"] for server in both[1]["modelServers"]))
    return draw(providers), both[0], both[1]


def rollout(provider: str, blue: Object, green: Object) -> Rollout:
    with TemporaryDirectory() as folder:
        return compiled(Path(folder), blue_green(provider, blue, green))


def everything(rollout_: Rollout) -> list[Manifest]:
    return list({item.identity: item for stage in rollout_.stages for item in stage.objects}.values())


def names_are_legal(items: list[Manifest]) -> None:
    for item in items:
        limit = 253 if item.kind in {"InferencePool", "GCPBackendPolicy", "HealthCheckPolicy"} else 63
        wide = item.kind in {"ClusterRole", "ClusterRoleBinding"}
        assert len(item.name) <= limit, item.identity
        parts = item.name.split(".") if wide or limit == 253 else [item.name]
        assert all(LABEL.fullmatch(part) for part in parts), item.identity
        if item.kind == "Service":
            assert SERVICE.fullmatch(item.name), item.identity
        if item.name.endswith("-epp"):
            assert len(item.name) <= len("-epp") + 40


def labels_are_legal(items: list[Manifest]) -> None:
    for item in items:
        everywhere = [item.get("metadata", "labels", default={}), *pod_labels(dict(item.data))]
        for labels in everywhere:
            for key, value in labels.items():
                assert len(value) <= 63 and VALUE.fullmatch(value), (item.identity, key, value)


def no_two_workloads_select_the_same_pods(items: list[Manifest]) -> None:
    """A pod of two Deployments is fought over, and one of two budgets is never evicted (contract I20)."""
    for kind in ("Deployment", "PodDisruptionBudget", "StatefulSet"):
        found = [(item, selector) for item in items if item.kind == kind for selector in selectors(item.data)]
        for other in items:
            for labels in pod_labels(other.data):
                assert sum(caught(selector, labels) for _, selector in found) <= 1


def pods_can_end_and_start(items: list[Manifest]) -> None:
    for item in items:
        for path in pod_templates(item):
            pod = item.get(*path, "spec")
            for container in pod["containers"]:
                linger = container["lifecycle"]["preStop"]["sleep"]["seconds"]
                drain = sum(
                    int(one.partition("=")[2]) for one in container.get("args", ()) if "down-time" in one
                )
                assert pod["terminationGracePeriodSeconds"] > linger + drain
                probe = container.get("startupProbe")
                if probe and item.kind == "Deployment" and item.part == "model":
                    budget = probe["initialDelaySeconds"] + probe["periodSeconds"] * probe["failureThreshold"]
                    deadline = item.get("spec", "progressDeadlineSeconds")
                    assert deadline >= budget + item.get("spec", "minReadySeconds")


@given(versions())
@SOME
def test_two_made_versions(drawn: tuple[str, Object, Object]) -> None:
    found = rollout(*drawn)
    assert [*overlaps(found), *collisions(found)] == []
    items = everything(found)
    names_are_legal(items)
    labels_are_legal(items)
    no_two_workloads_select_the_same_pods(items)
    pods_can_end_and_start(items)


@given(versions())
@settings(SOME, suppress_health_check=[HealthCheck.filter_too_much])
def test_green_from_a_made_blue(drawn: tuple[str, Object, Object]) -> None:
    provider, blue, green = drawn
    assume(SERVICE.fullmatch(green["pool"]))  # a derived Service takes the pool's name as it is
    try:
        found = rollout(provider, blue, {"pool": green["pool"], "from": "blue"})
    except Rejected as rejected:
        assert {finding.code.id for finding in rejected.findings} == {"RP205"}
        return
    assert [*overlaps(found), *collisions(found)] == []
    labels_are_legal(everything(found))
    no_two_workloads_select_the_same_pods(everything(found))


@given(pools, pools)
def test_no_two_pools_share_a_picker(one: str, other: str) -> None:
    for name in (names.picker, names.proxy, lambda pool: names.server(pool, "decode")):
        assert SERVICE.fullmatch(name(one)) and len(name(one)) <= 63
        assert (name(one) == name(other)) == (one == other)


@given(st.from_regex(r"[a-z]{40}", fullmatch=True), st.text("abc", max_size=3), st.text("abc", max_size=3))
def test_pools_that_are_alike_in_40_characters_differ_here(start: str, one: str, other: str) -> None:
    assert (names.picker(start + one) == names.picker(start + other)) == (one == other)


@given(st.from_regex(r"[-a-z]{1,9}", fullmatch=True), st.from_regex(r"[-a-z]{1,9}", fullmatch=True))
def test_names_without_a_namespace_tell_it_all_the_same(one: str, other: str) -> None:
    assert (names.cluster_wide(one, other) == names.cluster_wide(other, one)) == (one == other)
