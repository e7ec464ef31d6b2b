"""Rolling updates of every kind of workload: partitions are stages, the last ordinal first."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from deepdiff import DeepDiff

from generator.model.findings import Rejected
from generator.model.manifests import Manifest
from generator.model.rollout import Rollout
from generator.pipeline import compile_plan
from generator.stages.summary import replica_text, summarize
from tests.stages.test_derive import APP, named, router, server

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
    spec: dict[str, Any] = {
        "target": {"mode": "standalone"},
        "pool": "llm",
        "manifests": ["all.yaml"],
        "strategy": strategy,
    }
    spec["accept"] = [{"rule": "RP534", "reason": "an outage is no matter here"}]
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
@pytest.mark.parametrize("replicas", [None, 0])
def test_few_replicas(kind: str, replicas: int | None, tmp_path: Path) -> None:
    """Without replicas the new template must still arrive."""
    found = rollout(tmp_path, workload(kind, replicas))
    assert slugs(found) == ["baseline", "partition-0", "verify"]
    assert "vllm:v2" in str(servers(found)[-1].data)


@KINDS
def test_one_replica_that_leaves_before_another_comes_is_refused(kind: str, tmp_path: Path) -> None:
    message = next(one for code, one, _ in findings(tmp_path, workload(kind, 1)) if code == "RP561")
    assert message.endswith("while its pods are replaced")


def test_a_way_back_that_replaces_all_groups_at_once_is_refused(tmp_path: Path) -> None:
    found = findings(tmp_path, workload("LeaderWorkerSet"), maxUnavailable=3)
    (message,) = (message for code, message, _ in found if code == "RP561")
    assert message.startswith("on the way back from stage `01-partition-2`")


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
    own: dict[str, Any] = (
        {"rolloutStrategy": {"type": "RollingUpdate", "rollingUpdateConfiguration": said}} if said else {}
    )
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


@KINDS
def test_a_gate_stands_between_partitions(kind: str, tmp_path: Path) -> None:
    """Each replica is watched before the next one goes; the last one is by the stage that verifies."""
    path = plan(tmp_path, workload(kind), soak="1h", gates=["up"])
    body = json.loads(path.read_text())
    body["spec"]["gates"] = [{"name": "up", "promql": "up", "min": 1}]
    path.write_text(json.dumps(body))
    found = compile_plan(path).rollout
    watched = {
        stage.slug: (stage.gate.soak, [gate.name for gate in stage.gate.metrics]) for stage in found.stages
    }
    assert watched == {
        "baseline": ("", []),
        "partition-2": ("1h", ["up"]),
        "partition-1": ("1h", ["up"]),
        "partition-0": ("", []),
        "verify": ("1h", ["up"]),
    }


@pytest.mark.parametrize(
    ("kind", "spec", "wanted"),
    [
        ("StatefulSet", {}, [3, 2, 2, 2, 3]),
        ("LeaderWorkerSet", {}, [3, 2, 2, 2, 3]),
        ("LeaderWorkerSet", {"maxUnavailable": 0, "maxSurge": 1}, [3, 3, 3, 3, 3]),
        ("LeaderWorkerSet", {"maxUnavailable": 2}, [3, 2, 2, 2, 3]),
    ],
)
def test_the_table_shows_what_is_missing(
    kind: str, spec: dict[str, Any], wanted: list[int], tmp_path: Path
) -> None:
    rows = summarize(rollout(tmp_path, workload(kind), **spec))
    assert [row.least["shared"] for row in rows] == wanted
    assert {row.replicas["shared"] for row in rows} == {3}
    shown = [replica_text(row) for row in rows]
    assert shown == ["3" if least == 3 else f"3 ({least} while it changes)" for least in wanted]


@pytest.mark.parametrize(
    ("strategy", "least"),
    [
        ({}, 8),
        ({"maxSurge": 0, "maxUnavailable": 1}, 7),
        ({"maxSurge": 0, "maxUnavailable": "30%"}, 6),
        ({"maxSurge": "1%", "maxUnavailable": "1%"}, 8),
    ],
)
def test_a_deployment_shows_what_is_missing(strategy: dict[str, Any], least: int, tmp_path: Path) -> None:
    """What may be missing is rounded down, what may come on top is rounded up (contract I17)."""
    item = server()
    item["spec"]["replicas"] = 8
    assert summarize(rollout(tmp_path, item, **strategy))[1].least == {"shared": least}


def slow(kind: str, replicas: int, **spec: Any) -> dict[str, Any]:
    """A workload whose pods take 100 s to start, and 40 s to end."""
    item = workload(kind, replicas, **spec) if kind != "Deployment" else server()
    item["spec"]["replicas"] = replicas
    group = item["spec"].get("leaderWorkerTemplate", {})
    for template in (item["spec"].get("template"), group.get("leaderTemplate"), group.get("workerTemplate")):
        if template:
            template["spec"]["terminationGracePeriodSeconds"] = 40
            probe = {"httpGet": {"port": 8000}, "periodSeconds": 10, "failureThreshold": 10}
            template["spec"]["containers"][0]["startupProbe"] = probe
    return item


@pytest.mark.parametrize(
    ("kind", "replicas", "strategy", "wanted"),
    [
        ("Deployment", 8, {"maxSurge": 2, "minReadySeconds": 0}, [4 * 140]),
        ("Deployment", 8, {"maxSurge": 2, "maxUnavailable": 2, "minReadySeconds": 0}, [2 * 140]),
        ("Deployment", 8, {"maxSurge": "100%", "minReadySeconds": 10}, [150]),
        ("Deployment", 7, {"maxSurge": "25%", "minReadySeconds": 0}, [4 * 140]),
        ("StatefulSet", 3, {"minReadySeconds": 60}, [200, 200, 200]),
        ("StatefulSet", 9, {"partitions": [8, 3, 0], "minReadySeconds": 0}, [140, 5 * 140, 3 * 140]),
        ("LeaderWorkerSet", 9, {"partitions": [8, 0], "maxUnavailable": 3}, [140, 3 * 140]),
    ],
)
def test_a_wait_lasts_as_long_as_all_waves(
    kind: str, replicas: int, strategy: dict[str, Any], wanted: list[int], tmp_path: Path
) -> None:
    found = rollout(tmp_path, slow(kind, replicas), **strategy)
    scripts = [check.script for stage in found.stages for check in stage.gate.checks]
    timeouts = [set(re.findall(r"--timeout=(\d+)s", script)) for script in scripts]
    assert timeouts == [{str(seconds + 300)} for seconds in wanted]
    (back,) = found.rollback.checks
    (whole,) = set(re.findall(r"--timeout=(\d+)s", back.script))
    assert int(whole) >= max(wanted) + 300


@pytest.mark.parametrize(
    ("kind", "settings", "ignored"),
    [
        ("StatefulSet", {"maxSurge": 1, "minReadySeconds": 5}, ["maxSurge"]),
        (
            "StatefulSet",
            {"maxUnavailable": 1, "progressDeadlineSeconds": 900},
            ["maxUnavailable", "progress"],
        ),
        ("LeaderWorkerSet", {"maxSurge": 1, "maxUnavailable": 0}, []),
        ("LeaderWorkerSet", {"minReadySeconds": 5}, ["minReadySeconds"]),
    ],
)
def test_a_setting_that_is_ignored_is_a_finding(
    kind: str, settings: dict[str, Any], ignored: list[str], tmp_path: Path
) -> None:
    if not ignored:
        assert rollout(tmp_path, workload(kind), **settings)
        return
    found = findings(tmp_path, workload(kind), **settings)
    assert [code for code, _, _ in found] == ["RP335"] * len(ignored)
    assert all(name in message for name, (_, message, _) in zip(ignored, found, strict=True))
