"""Rolling updates of every kind of workload: partitions are stages, the last ordinal first."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from deepdiff import DeepDiff

from generator.diagnostics import Rejected
from generator.manifests import Manifest
from generator.model import Rollout
from generator.pipeline import compile_plan
from tests.test_derive import APP, named, router, server

PARTITION = {
    "StatefulSet": ("spec", "updateStrategy", "rollingUpdate", "partition"),
    "LeaderWorkerSet": ("spec", "rolloutStrategy", "rollingUpdateConfiguration", "partition"),
}
KINDS = pytest.mark.parametrize("kind", PARTITION)


def pod(image: str = "vllm:v1", name: str = "modelserver") -> dict[str, Any]:
    return {"metadata": {"labels": APP}, "spec": {"containers": [{"name": name, "image": image}]}}


def workload(kind: str, replicas: int | None = 3, **spec: Any) -> dict[str, Any]:
    count = {} if replicas is None else {"replicas": replicas}
    if kind == "StatefulSet":
        own = {"serviceName": "llm", "selector": {"matchLabels": APP}, "template": pod()}
        return named(kind, "llm-decode", "apps/v1", spec={**count, **own, **spec})
    group = {"size": 2, "leaderTemplate": pod("leader:v1"), "workerTemplate": pod("worker:v1")}
    return named(
        kind,
        "llm-decode",
        "leaderworkerset.x-k8s.io/v1",
        spec={**count, "leaderWorkerTemplate": group, **spec},
    )


def plan(folder: Path, item: dict[str, Any], **strategy: Any) -> Path:
    (folder / "all.yaml").write_text("\n---\n".join(json.dumps(each) for each in [*router(), item]))
    strategy = {"type": "rolling-update", "update": {"image": "vllm:v2"}, **strategy}
    spec = {"target": {"mode": "standalone"}, "pool": "llm", "manifests": ["all.yaml"], "strategy": strategy}
    body = {
        "apiVersion": "rollplan.dev/v1alpha1",
        "kind": "RolloutPlan",
        "metadata": {"name": "r", "namespace": "llm-d"},
    }
    (folder / "plan.yaml").write_text(json.dumps({**body, "spec": spec}, indent=1))
    return folder / "plan.yaml"


def rollout(folder: Path, item: dict[str, Any], **strategy: Any) -> Rollout:
    return compile_plan(plan(folder, item, **strategy)).rollout


def findings(folder: Path, item: dict[str, Any], **strategy: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(Rejected) as rejected:
        rollout(folder, item, **strategy)
    lines = (folder / "plan.yaml").read_text().splitlines()
    return [
        (found.code.id, found.message, lines[found.place.line - 1][found.place.column - 1 :])
        for found in rejected.value.findings
    ]


def servers(rollout: Rollout) -> list[Manifest]:
    return [item for stage in rollout.stages for item in stage.objects if item.name == "llm-decode"]


def slugs(rollout: Rollout) -> list[str]:
    return [stage.slug for stage in rollout.stages]


@KINDS
def test_one_replica_a_stage(kind: str, tmp_path: Path) -> None:
    found = rollout(tmp_path, workload(kind))
    assert slugs(found) == ["baseline", "partition-2", "partition-1", "partition-0", "verify"]
    assert [item.get(*PARTITION[kind]) for item in servers(found)] == [None, 2, 1, 0, 0]
    baseline, *new, _ = servers(found)
    assert baseline.data["spec"] == workload(kind)["spec"]
    assert all("vllm:v2" in str(item.data) and "v1'" not in str(item.data["spec"]) for item in new)


@KINDS
def test_stages_differ_in_the_partition_alone(kind: str, tmp_path: Path) -> None:
    found = rollout(tmp_path, workload(kind, 5))
    *_, last, verify = servers(found)
    moves = servers(found)[1:-1]
    assert len(moves) == 5
    path = "root" + "".join(f"['{step}']" for step in PARTITION[kind])
    for before, after in pairwise(moves):
        difference = DeepDiff(before.data, after.data)
        assert {key: set(value) for key, value in difference.items()} == {"values_changed": {path}}
    assert verify.data == last.data
    for index in range(1, len(found.stages)):
        assert {item.name for item in found.applied(index)} <= {"llm-decode"}


@KINDS
def test_partitions_as_the_plan_says(kind: str, tmp_path: Path) -> None:
    found = rollout(tmp_path, workload(kind, 8), partitions=[7, 4, 0])
    assert slugs(found) == ["baseline", "partition-7", "partition-4", "partition-0", "verify"]
    titles = [stage.title for stage in found.stages[1:-1]]
    assert titles == [f"{count} of 8 replicas of llm-decode are new" for count in (1, 4, 8)]
    for stage, count in zip(found.stages[1:-1], (1, 4, 8), strict=True):
        [check] = stage.gate.checks
        assert f"'{{.status.updatedReplicas}}'={count} " in check.script
        assert "'{.status.readyReplicas}'=8 " in check.script


@KINDS
@pytest.mark.parametrize(
    ("partitions", "code"),
    [([0, 1], "RP111"), ([2, 2, 0], "RP111"), ([2, 1], "RP111"), ([3, 0], "RP106"), ([9, 0], "RP106")],
)
def test_partitions_that_miss_replicas(kind: str, partitions: list[int], code: str, tmp_path: Path) -> None:
    [(found, _, place)] = findings(tmp_path, workload(kind), partitions=partitions)
    assert (found, place) == (code, "[")


@KINDS
@pytest.mark.parametrize("replicas", [None, 0, 1])
def test_few_replicas(kind: str, replicas: int | None, tmp_path: Path) -> None:
    """Without replicas the new template must still arrive."""
    found = rollout(tmp_path, workload(kind, replicas))
    assert slugs(found) == ["baseline", "partition-0", "verify"]
    assert "vllm:v2" in str(servers(found)[-1].data)


def test_policy_of_a_stateful_set_is_explicit(tmp_path: Path) -> None:
    found = rollout(tmp_path, workload("StatefulSet", updateStrategy={"type": "OnDelete"}), minReadySeconds=7)
    spec = servers(found)[-1].data["spec"]
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert spec["minReadySeconds"] == 7


@pytest.mark.parametrize(
    ("said", "strategy", "wanted"),
    [
        ({}, {}, (1, 0)),
        ({"maxUnavailable": 2, "maxSurge": 1}, {}, (2, 1)),
        ({"maxUnavailable": 2, "maxSurge": 1}, {"maxUnavailable": 0, "maxSurge": 3}, (0, 3)),
        ({}, {"maxUnavailable": "25%"}, ("25%", 0)),
    ],
)
def test_policy_of_a_group_is_explicit(
    said: dict[str, Any], strategy: dict[str, Any], wanted: tuple[Any, Any], tmp_path: Path
) -> None:
    own = {"rolloutStrategy": {"type": "RollingUpdate", "rollingUpdateConfiguration": said}} if said else {}
    found = rollout(tmp_path, workload("LeaderWorkerSet", **own), **strategy)
    for item, partition in zip(servers(found)[1:], (2, 1, 0, 0), strict=True):
        assert item.get("spec", "rolloutStrategy") == {
            "type": "RollingUpdate",
            "rollingUpdateConfiguration": {
                "partition": partition,
                "maxUnavailable": wanted[0],
                "maxSurge": wanted[1],
            },
        }


@KINDS
def test_rollback_updates_every_replica(kind: str, tmp_path: Path) -> None:
    found = rollout(tmp_path, workload(kind))
    [old] = found.rollback.objects
    assert old.get(*PARTITION[kind]) == 0
    assert "vllm:v2" not in str(old.data)


def test_deployment_is_one_stage(tmp_path: Path) -> None:
    found = rollout(tmp_path, server(), maxSurge=1)
    assert slugs(found) == ["baseline", "update", "verify"]
    spec = servers(found)[1].data["spec"]
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }


def test_deployment_has_no_partitions(tmp_path: Path) -> None:
    assert findings(tmp_path, server(), partitions=[1, 0]) == [
        ("RP108", "a Deployment has no partitions", "[")
    ]


def test_disaggregated_set_is_one_stage(tmp_path: Path) -> None:
    """Its controller pairs revisions of prefill and decode; its containers may stand anywhere in it."""
    roles = [
        {
            "name": "prefill",
            "replicas": 2,
            "template": {"spec": {"leaderWorkerTemplate": {"workerTemplate": pod()}}},
        },
        {
            "name": "decode",
            "replicas": 4,
            "template": {
                "spec": {"leaderWorkerTemplate": {"leaderTemplate": pod(), "workerTemplate": pod()}}
            },
        },
    ]
    item = named("DisaggregatedSet", "llm-decode", "disaggregatedset.x-k8s.io/v1", spec={"roles": roles})
    found = rollout(tmp_path, item)
    assert slugs(found) == ["baseline", "update", "verify"]
    before, after, _ = servers(found)
    difference = DeepDiff(before.data, after.data)
    assert set(difference) == {"values_changed"}
    assert len(difference["values_changed"]) == 3
    assert {change["new_value"] for change in difference["values_changed"].values()} == {"vllm:v2"}
    [check] = found.stages[1].gate.checks
    assert "disaggregatedset/llm-decode --for=condition=Available" in check.script
    assert findings(tmp_path, item, partitions=[0]) == [
        ("RP108", "a DisaggregatedSet has no partitions", "[")
    ]
