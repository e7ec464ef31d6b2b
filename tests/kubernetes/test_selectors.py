"""What selectors catch, with the labels in mind that controllers give to pods."""

from __future__ import annotations

from typing import Any

import pytest

from generator.kubernetes.router import ROUTER, find_picker, servers_of, with_parts
from generator.kubernetes.selectors import catches, pairs_of, selects_pods
from generator.kubernetes.workloads import grace_of, longest_grace, progress_deadline
from generator.model.manifests import Manifest
from tests.kubernetes.test_engines import manifest
from tests.support.small_plans import Object, deployment, thing, version

GROUP = "leaderworkerset.sigs.k8s.io"


def group(leader: Object, worker: Object) -> Manifest:
    templates = {
        f"{role}Template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "m"}]}}
        for role, labels in (("leader", leader), ("worker", worker))
    }
    return manifest(
        thing(
            "leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "chat", spec={"leaderWorkerTemplate": templates}
        )
    )


def stateful(**spec: Any) -> Manifest:
    data = deployment("chat", {"app": "x"}, {"name": "m"})
    data["spec"] = {key: value for key, value in (data["spec"] | spec).items() if value is not None}
    return manifest(data | {"kind": "StatefulSet"})


APP = {"app": "x"}
CHAT = group(APP, APP | {"part": "worker"})


@pytest.mark.parametrize(
    ("workload", "pairs", "caught"),
    [
        (CHAT, APP, True),
        (CHAT, {f"{GROUP}/name": "chat"}, True),
        (CHAT, {f"{GROUP}/name": "other"}, False),
        (CHAT, APP | {f"{GROUP}/worker-index": "0"}, True),
        (CHAT, {"app": "y", f"{GROUP}/worker-index": "0"}, False),
        (CHAT, {"part": "worker", f"{GROUP}/name": "chat"}, True),
        (stateful(), {"statefulset.kubernetes.io/pod-name": "chat-1"}, True),
        (stateful(), {"statefulset.kubernetes.io/pod-name": "chat-2"}, False),
        (stateful(), {"statefulset.kubernetes.io/pod-name": "other-0"}, False),
        (stateful(replicas=None), {"statefulset.kubernetes.io/pod-name": "chat-7"}, True),
        (CHAT, {"statefulset.kubernetes.io/pod-name": "chat-0"}, True),
        (CHAT, {"statefulset.kubernetes.io/pod-name": "chat-0-1"}, True),
        (CHAT, {"statefulset.kubernetes.io/pod-name": "chat-epp-0"}, False),
        (CHAT, {"statefulset.kubernetes.io/pod-name": "other-epp-0"}, False),
        (stateful(), APP | {"apps.kubernetes.io/pod-index": "0"}, True),
        (stateful(), APP | {f"{GROUP}/worker-index": "0"}, False),
        (manifest(deployment("chat", APP, {"name": "m"})), APP | {"pod-template-hash": "5d"}, True),
        (manifest(deployment("chat", APP, {"name": "m"})), {f"{GROUP}/name": "chat"}, False),
    ],
)
def test_labels_of_controllers_count(workload: Manifest, pairs: dict[str, str], caught: bool) -> None:
    terms = [{"key": key, "operator": "In", "values": [value]} for key, value in pairs.items()]
    assert selects_pods({"matchLabels": pairs}, workload) is caught
    assert selects_pods({"matchExpressions": terms}, workload) is caught


@pytest.mark.parametrize(
    ("operator", "caught"), [("Exists", True), ("DoesNotExist", False), ("NotIn", True), ("In", True)]
)
def test_a_label_that_only_the_controller_knows_may_have_any_value(operator: str, caught: bool) -> None:
    term = {"key": f"{GROUP}/worker-index", "operator": operator, "values": ["0"]}
    assert selects_pods({"matchExpressions": [term]}, CHAT) is caught
    named = {"key": f"{GROUP}/name", "operator": "NotIn", "values": ["chat"]}
    assert not selects_pods({"matchExpressions": [named]}, CHAT)


def test_a_pool_of_leaders_has_its_servers() -> None:
    pool = manifest(version("chat")[0]).put(
        APP | {f"{GROUP}/worker-index": "0"}, "spec", "selector", "matchLabels"
    )
    assert servers_of((CHAT,), pool) == (CHAT,)


def test_the_router_has_what_selects_the_picker_by_expressions() -> None:
    term = {"key": "epp", "operator": "In", "values": ["blue-pool", "other"]}
    budget = thing("policy/v1", "PodDisruptionBudget", "b", spec={"selector": {"matchExpressions": [term]}})
    everything = thing("policy/v1", "PodDisruptionBudget", "all", spec={"selector": {}})
    found = with_parts(tuple(map(manifest, [*version("blue-pool"), budget, everything])), "blue-pool")
    assert {item.name: item.part == ROUTER for item in found if item.kind == "PodDisruptionBudget"} == {
        "b": True,
        "all": False,
    }


def test_a_service_without_a_selector_has_no_picker() -> None:
    pool, service, *rest = map(manifest, version("blue-pool"))
    assert find_picker((pool, service, *rest), pool).workloads == (rest[0],)
    assert find_picker((pool, service.put({}, "spec", "selector"), *rest), pool).workloads == ()


def test_what_a_selector_demands_with_one_value() -> None:
    terms = [
        {"key": "a", "operator": "In", "values": ["x"]},
        {"key": "b", "operator": "In", "values": ["x", "y"]},
        {"key": "c", "operator": "Exists"},
    ]
    spec = {"selector": {"matchLabels": {"d": "z"}, "matchExpressions": terms}}
    assert pairs_of(manifest(thing("v1", "PodMonitor", "m", spec=spec))) == {"a": "x", "d": "z"}
    assert pairs_of(manifest(thing("v1", "PodMonitor", "m", spec={"selector": {}}))) == {}
    assert pairs_of(manifest(thing("v1", "Service", "s", spec={"selector": {}}))) is None
    assert pairs_of(manifest(thing("v1", "Gateway", "g", spec={"selector": {"istio": "x"}}))) is None
    assert pairs_of(manifest(thing("v1", "PersistentVolumeClaim", "c", spec=spec))) is None


def test_monitors_look_into_the_namespaces_that_they_name() -> None:
    service = manifest(thing("v1", "Service", "s")).put({"a": "x"}, "metadata", "labels")
    spec: Object = {"selector": {"matchLabels": {"a": "x"}}, "namespaceSelector": {"matchNames": ["other"]}}
    monitor = manifest(thing("v1", "ServiceMonitor", "m", spec=spec))
    assert not catches(monitor, service)
    assert catches(monitor.put({"any": True}, "spec", "namespaceSelector"), service)


def test_what_the_api_server_has_where_nothing_is_said() -> None:
    workload = manifest(deployment("d", APP, {"name": "m"}))
    assert (longest_grace(workload), grace_of({}), progress_deadline(workload)) == (30, 30, 600)
    slow = CHAT.put(
        90, "spec", "leaderWorkerTemplate", "leaderTemplate", "spec", "terminationGracePeriodSeconds"
    )
    assert longest_grace(slow) == 90
