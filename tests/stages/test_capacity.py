"""Capacity that follows the weight: enough for the share at every moment, and never more than asked for."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.model.findings import Rejected
from generator.model.manifests import Identity, Manifest
from generator.model.rollout import Rollout
from generator.stages.summary import summarize
from tests.stages.test_derive import APP, named, router, server, workload
from tests.support.derived import bundle, derived

State = Mapping[Identity, Manifest]


def model(replicas: int | None, gpus: int = 2, name: str = "llm-decode") -> dict[str, Any]:
    container = {"name": "modelserver", "image": "vllm", "resources": {"limits": {"nvidia.com/gpu": gpus}}}
    item = workload(name, {**APP, "llm-d.ai/role": name}, {"containers": [container]}, replicas=replicas)
    if replicas is None:
        del item["spec"]["replicas"]
    return item


def rollout(
    folder: Path, *models: dict[str, Any], steps: list[Any] | None = None, **capacity: Any
) -> Rollout:
    weights = [{"weight": weight} for weight in steps or [10, 50, 100]]
    strategy = {"steps": weights, "capacity": capacity}
    blue = [*router(selector={"app": "llm"}), *models]
    return derived(folder, blue, pool="llm", green="llm-new", strategy=strategy)


def states(rollout: Rollout) -> Iterator[tuple[str, State]]:
    """Give the state of every stage, and every mixture of two stages: an applier may stop anywhere."""
    before: State = {}
    for index, stage in enumerate(rollout.stages):
        after = {item.identity: item for item in stage.objects}
        changed = [item.identity for item in rollout.applied(index)] if before else []
        assert len(changed) <= 8
        for size in range(1, len(changed)):
            for applied in itertools.combinations(changed, size):
                yield (
                    rollout.directory(index),
                    {**before, **{identity: after[identity] for identity in applied}},
                )
        yield rollout.directory(index), after
        before = after


def servers(state: State, version: str) -> dict[str, int]:
    return {
        item.name: item.get("spec", "replicas")
        for item in state.values()
        if item.bundle == version and "gpu" in str(item.get("spec", "template")) and item.kind == "Deployment"
    }


def share(state: State) -> Decimal:
    """Give green's percentage of the requests, read from the route itself."""
    [route] = [item for item in state.values() if item.kind == "HTTPRoute"]
    refs = {ref["name"]: ref["weight"] for ref in route.get("spec", "rules")[-1]["backendRefs"]}
    return Decimal(100 * refs.get("llm-new", 0)) / Decimal(sum(refs.values()))


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 40),
    st.integers(1, 12),
    st.lists(st.decimals("0.001", "99.999", places=3), min_size=0, max_size=3, unique=True).map(sorted),
    st.integers(0, 120),
)
def test_enough_at_every_moment(decode: int, prefill: int, weights: list[Decimal], headroom: int) -> None:
    steps = [float(weight) for weight in weights] + [100]
    with tempfile.TemporaryDirectory() as folder:
        models = (model(decode), model(prefill, name="llm-prefill"))
        found = rollout(Path(folder), *models, steps=steps, policy="follow-weight", headroom=f"{headroom}%")
    full = {"llm-decode": decode, "llm-prefill": prefill}
    spare = 1 + Decimal(headroom) / 100
    for stage, state in states(found):
        weight = share(state)
        if servers(state, "green") or weight:
            _check(
                stage,
                servers(state, "green"),
                {k.replace("llm", "llm-new"): v for k, v in full.items()},
                weight,
                spare,
            )
        if not stage.endswith("cleanup"):
            _check(stage, servers(state, "blue"), full, 100 - weight, spare)
    last = {item.identity: item for item in found.stages[-1].objects}
    assert servers(last, "green") == {name.replace("llm", "llm-new"): count for name, count in full.items()}


def _check(stage: str, have: dict[str, int], full: dict[str, int], percent: Decimal, spare: Decimal) -> None:
    assert have.keys() <= full.keys()
    if percent:
        assert have.keys() == full.keys(), stage
    for name, number in have.items():
        assert isinstance(number, int)
        assert 1 <= number <= full[name], (stage, name)
        assert number >= min(full[name], ceil(full[name] * percent / 100 * spare)), (stage, name, percent)


def test_capacity_follows(tmp_path: Path) -> None:
    found = rollout(tmp_path, model(8), policy="follow-weight")
    rows = {
        row.stage.partition("-")[2]: (row.replicas, row.accelerators, row.peak) for row in summarize(found)
    }
    assert rows == {
        "baseline": ({"blue": 8}, 16, 16),
        "deploy-model": ({"blue": 8, "green": 1}, 18, 18),
        "deploy-router": ({"blue": 8, "green": 1}, 18, 18),
        "attach": ({"blue": 8, "green": 1}, 18, 18),
        "weight-10": ({"blue": 8, "green": 1}, 18, 18),
        "scale-50": ({"blue": 8, "green": 4}, 24, 24),
        "weight-50": ({"blue": 8, "green": 4}, 24, 24),
        "scale-100": ({"blue": 4, "green": 8}, 24, 32),
        "weight-100": ({"blue": 4, "green": 8}, 24, 24),
        "drain": ({"blue": 4, "green": 8}, 24, 24),
        "finalize": ({"blue": 4, "green": 8}, 24, 24),
        "cleanup": ({"green": 8}, 16, 24),
    }


def test_the_way_back_says_what_blue_has(tmp_path: Path) -> None:
    found = rollout(tmp_path, model(8), policy="follow-weight")
    ways = {stage.slug: stage.rollback for stage in found.stages}
    assert ways["weight-50"] == "at once: all requests go to blue"
    for slug in ("scale-100", "weight-100", "drain", "finalize"):
        assert ways[slug] == "at once: all requests go to blue, 4 of 8 replicas until the rest is ready"


def test_rollback_restores_blue(tmp_path: Path) -> None:
    found = rollout(tmp_path, model(8), policy="follow-weight")
    state = {item.identity: item for item in found.rollback.objects}
    assert servers(state, "blue") == {"llm-decode": 8}
    assert share(state) == 0
    assert {item.identity for item in found.rollback.objects} <= {
        item.identity for item in found.stages[0].objects
    } | {item.identity for item in found.stages[3].objects}


def test_full_policy_changes_no_replicas(tmp_path: Path) -> None:
    found = rollout(tmp_path, model(8))
    assert not [stage.slug for stage in found.stages if stage.slug.startswith("scale")]
    assert {number for _, state in states(found) for number in servers(state, "green").values()} == {8}
    assert [item.kind for item in found.rollback.objects] == ["HTTPRoute"]


@pytest.mark.parametrize("policy", ["full", "follow-weight"])
@pytest.mark.parametrize("kind", ["HorizontalPodAutoscaler", "ScaledObject"])
def test_an_autoscaler_keeps_the_replicas(kind: str, policy: str, tmp_path: Path) -> None:
    target = {"name": "llm-decode"} | ({"kind": "Deployment"} if kind == "HorizontalPodAutoscaler" else {})
    api = "autoscaling/v2" if kind == "HorizontalPodAutoscaler" else "keda.sh/v1alpha1"
    scaler = named(kind, "scaler", api, spec={"scaleTargetRef": target, "maxReplicas": 8})
    found = rollout(tmp_path, model(8), scaler, policy=policy, greenPerBlue=2)
    for stage in found.stages:
        for item in stage.objects:
            if item.name == "llm-new-decode":
                assert "replicas" not in item.get("spec")
            if item.name == "llm-decode":
                assert item.get("spec", "replicas") == 8
    assert not [stage.slug for stage in found.stages if stage.slug.startswith("scale")]


@pytest.mark.parametrize(("per_blue", "wanted"), [(2, 4), (1.5, 6), (0.5, 16), (100, 1), (1, 8), (3, 3)])
def test_green_does_the_work_of_blue(per_blue: float, wanted: int, tmp_path: Path) -> None:
    found = rollout(tmp_path, model(8), greenPerBlue=per_blue)
    assert servers({item.identity: item for item in bundle(found, "green")}, "green") == {
        "llm-new-decode": wanted
    }
    following = rollout(tmp_path, model(8), greenPerBlue=per_blue, policy="follow-weight")
    last = {item.identity: item for item in following.stages[-1].objects}
    assert servers(last, "green") == {"llm-new-decode": wanted}


def over_budget(folder: Path, *models: dict[str, Any], **capacity: Any) -> str | None:
    try:
        rollout(folder, *models, **capacity)
    except Rejected as rejected:
        [finding] = rejected.findings
        assert finding.code.id == "RP316"
        text = (folder / "plan.yaml").read_text().splitlines()[finding.place.line - 1]
        assert text[finding.place.column - 1 :].rstrip(",") == str(capacity["budget"])
        return finding.message
    return None


@pytest.mark.parametrize(
    ("capacity", "stage", "peak"),
    [
        ({}, "01-deploy-model", 32),
        ({"policy": "follow-weight"}, "07-scale-100", 32),
        ({"greenPerBlue": 2}, "01-deploy-model", 24),
        ({"acceleratorsPerReplica": {"green": 4}}, "01-deploy-model", 48),
        ({"acceleratorsPerReplica": {"blue": 0, "green": 1}}, "01-deploy-model", 8),
    ],
)
def test_budget(capacity: dict[str, Any], stage: str, peak: int, tmp_path: Path) -> None:
    assert over_budget(tmp_path, model(8), budget=peak, **capacity) is None
    assert over_budget(tmp_path, model(8), budget=peak - 1, **capacity) == (
        f"stage {stage} holds {peak} accelerators at its peak, and the budget is {peak - 1}"
    )


def test_a_claim_has_no_limits(tmp_path: Path) -> None:
    """Devices of a claim stand in no limit: only the plan can say how many a replica takes."""
    claimed = server(resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "gpu"}])
    claimed["spec"]["template"]["spec"]["containers"][0].pop("resources")
    template = named("ResourceClaimTemplate", "gpu", "resource.k8s.io/v1")
    assert over_budget(tmp_path, claimed, template, budget=1) is None
    per_replica = {"blue": 8, "green": 8}
    assert over_budget(tmp_path, claimed, template, budget=63, acceleratorsPerReplica=per_replica) is not None


def test_a_group_counts_its_leader_and_its_workers(tmp_path: Path) -> None:
    def pod(gpus: int) -> dict[str, Any]:
        return {"metadata": {"labels": APP}, "spec": model(1, gpus)["spec"]["template"]["spec"]}

    group = {"size": 3, "leaderTemplate": pod(1), "workerTemplate": pod(8)}
    leader_worker_set = named(
        "LeaderWorkerSet",
        "llm-decode",
        "leaderworkerset.x-k8s.io/v1",
        spec={"replicas": 2, "leaderWorkerTemplate": group},
    )
    found = rollout(tmp_path, leader_worker_set)
    assert summarize(found)[0].accelerators == 2 * (1 + 2 * 8)


def role(name: str, replicas: int, size: int, gpus: int, **spec: Any) -> dict[str, Any]:
    pod = {"metadata": {"labels": APP}, "spec": model(1, gpus)["spec"]["template"]["spec"]}
    group = {"size": size, "workerTemplate": pod}
    return {"name": name, "spec": {"replicas": replicas, "leaderWorkerTemplate": group, **spec}}


def disaggregated(*roles: dict[str, Any], **spec: Any) -> dict[str, Any]:
    api = "disaggregatedset.x-k8s.io/v1"
    return named("DisaggregatedSet", "llm-decode", api, spec={"roles": list(roles), **spec})


@pytest.mark.parametrize(("slices", "times"), [({}, 1), ({"slices": 3}, 3)])
def test_a_set_counts_every_role(slices: dict[str, int], times: int, tmp_path: Path) -> None:
    item = disaggregated(role("prefill", 4, 1, 2), role("decode", 2, 3, 8), **slices)
    baseline, deployed = summarize(rollout(tmp_path, item))[:2]
    assert baseline.replicas == {"blue": 6 * times}
    assert baseline.accelerators == times * (4 * 1 * 2 + 2 * 3 * 8)
    assert deployed.peak == 2 * baseline.accelerators
    assert over_budget(tmp_path, item, budget=2 * baseline.accelerators) is None
    assert over_budget(tmp_path, item, budget=2 * baseline.accelerators - 1) is not None


def test_the_roles_of_an_older_set_count_too(tmp_path: Path) -> None:
    """In v1alpha1 the fields stand in the role itself."""
    roles = [{"name": each["name"], **each["spec"]} for each in (role("a", 4, 1, 2), role("b", 2, 3, 8))]
    assert summarize(rollout(tmp_path, disaggregated(*roles)))[0].accelerators == 4 * 2 + 2 * 3 * 8


def test_every_role_of_a_set_follows_the_weight(tmp_path: Path) -> None:
    item = disaggregated(role("prefill", 8, 1, 1), role("decode", 4, 1, 1))
    found = rollout(tmp_path, item, policy="follow-weight")
    sizes = {
        stage.slug: [
            [each["spec"]["replicas"] for each in item.get("spec", "roles")]
            for item in stage.objects
            if item.kind == "DisaggregatedSet"
        ]
        for stage in found.stages
    }
    assert sizes["deploy-model"] == [[8, 4], [1, 1]]
    assert sizes["scale-50"] == [[8, 4], [4, 2]]
    assert sizes["scale-100"] == [[4, 2], [8, 4]]
    assert all("replicas" not in item.get("spec") for item in bundle(found, "green") if "Set" in item.kind)


def test_the_budget_holds_what_a_rollback_lets_grow(tmp_path: Path) -> None:
    """Small steps shrink blue before green is whole, but the way back wants all of blue beside it."""
    steps = [10, 30, 60, 90, 100]
    found = rollout(tmp_path, model(10), steps=steps, policy="follow-weight")
    forward = max(row.peak for row in summarize(found))
    assert forward < 2 * (10 + 10)
    message = over_budget(tmp_path, model(10), steps=steps, policy="follow-weight", budget=forward)
    assert (
        message == f"the way back from stage 11-scale-100 holds 40 accelerators, and the budget is {forward}"
    )
    assert over_budget(tmp_path, model(10), steps=steps, policy="follow-weight", budget=40) is None


def test_the_way_back_lets_blue_grow_with_the_traffic(tmp_path: Path) -> None:
    """One file set has both: all of blue's replicas, and the routes that lead to them (contract I10)."""
    found = rollout(tmp_path, model(8), policy="follow-weight")
    assert {item.kind for item in found.rollback.objects} == {"Deployment", "HTTPRoute"}
    assert "what blue had shrunk by starts again" in found.rollback.promise
    (check,) = [check for check in found.rollback.checks if "llm-decode" in check.script]
    assert "'{.status.readyReplicas}'=8 " in check.script
