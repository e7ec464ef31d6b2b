"""What the example rollouts promise to whoever runs them, in the stages that they compile to."""

import pytest

from generator.model.rollout import Rollout
from generator.pipeline import compile_plan
from generator.plan.schema import bundled_schema
from tests.support.paths import ROOT


def rollout_of(name: str) -> Rollout:
    return compile_plan(ROOT / "plans" / name / "plan.yaml").rollout


def test_gate_of_a_group_lasts_as_long_as_its_leader_may_load() -> None:
    scripts = [
        check.script for stage in rollout_of("leader-worker-set").stages for check in stage.gate.checks
    ]
    assert len(scripts) == 4
    assert all("--timeout=4095s" in script for script in scripts)


def test_group_update_moves_one_replica_a_stage_and_back_all() -> None:
    rollout = rollout_of("leader-worker-set")
    updated = [f"'{{.status.updatedReplicas}}'={count} " for count in (1, 2, 3, 4)]
    moves = [stage for stage in rollout.stages if stage.gate.checks]
    for stage, wanted in zip(moves, updated, strict=True):
        assert wanted in stage.gate.checks[0].script
    assert updated[-1] in rollout.rollback.checks[0].script


@pytest.mark.kustomize
def test_framework_rollout_takes_the_routing_proxy_along() -> None:
    objects = rollout_of("gke-disaggregated").stages[-1].objects
    decode = next(
        item for item in objects if item.name == "gpt-oss-120b-v2-decode" and item.kind == "Deployment"
    )
    pod = decode.get("spec", "template", "spec")
    assert [one["image"] for one in pod["initContainers"]] == [
        "ghcr.io/llm-d/llm-d-router-disagg-sidecar:v0.10.0"
    ]
    assert [one["image"] for one in pod["containers"]] == ["vllm/vllm-openai:v0.26.0"]


def test_way_back_says_how_much_of_blue_is_left() -> None:
    rollout = rollout_of("base-model")
    ways = {stage.slug: stage.rollback for stage in rollout.stages}
    assert "replicas" not in ways["weight-50"]
    assert "4 of 6 replicas" in ways["weight-100"]
    assert any("deployment/support-chat-decode" in check.script for check in rollout.rollback.checks)


def test_name_that_clients_know_outlives_the_model() -> None:
    objects = rollout_of("base-model").stages[-1].objects
    server = next(item for item in objects if item.kind == "Deployment" and item.part == "model")
    arguments = server.get("spec", "template", "spec", "containers", 0, "args")
    assert arguments[:2] == ["Qwen/Qwen3-30B-A3B-Instruct-2507", "--served-model-name=support-chat"]


def test_schema_for_editors_does_not_change_what_plans_are_checked_against() -> None:
    assert "allOf" in bundled_schema()["properties"]["spec"]
    assert rollout_of("blue-green").plan.type == "blue-green"
