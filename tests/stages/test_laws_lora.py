"""What holds in every stage of every LoRA adapter rollout, whatever the plan and its rewrites say."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from deepdiff import DeepDiff
from hypothesis import given, settings

from generator.model.manifests import Identity, Manifest
from generator.model.rollout import Rollout, Stage
from generator.stages.lora_adapter.parameters import LoraAdapter
from tests.support.random_plans import BRIEF, Case, loras, said
from tests.support.small_plans import Object
from tests.support.trees import name

DEFAULTS = {"namespace", "group", "kind", "type", "appProtocol", "failureMode"}
"""The fields that the API server fills in where users leave them out; we write them out."""


def timeline(case: Case) -> list[dict[str, Fraction]]:
    """The candidates' shares in each stage: baseline, preload, the steps, drain, unload."""
    return [{}, {}, *case.steps, case.steps[-1], case.steps[-1]]


def rewrite(objects: Iterable[Manifest]) -> tuple[Manifest, int]:
    """The one rewrite of the alias, and the place of its rule."""
    found = [
        (item, place)
        for item in objects
        if item.kind == "InferenceModelRewrite"
        for place, rule in enumerate(item.data["spec"]["rules"])
        if {"type": "Exact", "value": "alias"} in [match["model"] for match in rule["matches"]]
    ]
    ((item, place),) = found
    return item, place


def targets(objects: Iterable[Manifest]) -> list[Object]:
    item, place = rewrite(objects)
    found: list[Object] = item.data["spec"]["rules"][place]["targets"]
    return found


def shares(found: list[Object]) -> dict[str, Fraction]:
    weights = {target["modelRewrite"]: target.get("weight", 1) for target in found}
    assert len(weights) == len(found)
    return {model: Fraction(weight, sum(weights.values())) for model, weight in weights.items()}


def each_candidate_gets_exactly_its_share(case: Case, rollout: Rollout) -> None:
    for candidates, stage in zip(timeline(case), rollout.stages, strict=True):
        wanted = {"v1": 1 - sum(candidates.values()), **candidates}
        assert shares(targets(stage.objects)) == {model: part for model, part in wanted.items() if part}


def weights_are_what_the_api_takes_on_all_targets_or_none(case: Case, rollout: Rollout) -> None:
    for stage in rollout.stages:
        weights = [target["weight"] for target in targets(stage.objects) if "weight" in target]
        assert all(type(weight) is int and 1 <= weight <= 1_000_000 for weight in weights)
        assert len(weights) in (0, len(targets(stage.objects)))


def weights_have_the_same_sum_in_every_step(case: Case, rollout: Rollout) -> None:
    sums = {sum(target["weight"] for target in targets(stage.objects)) for stage in rollout.stages[2:]}
    assert len(sums) == 1


def stages_differ_in_the_targets_of_one_rule_alone(case: Case, rollout: Rollout) -> None:
    def rest(stage: Stage) -> tuple[dict[Identity, Mapping[str, Any]], Mapping[str, Any]]:
        item, place = rewrite(stage.objects)
        others = {other.identity: other.data for other in stage.objects if other is not item}
        return others, item.put([], "spec", "rules", place, "targets").data

    assert all(rest(stage) == rest(rollout.stages[0]) for stage in rollout.stages)
    assert not any(stage.deletions for stage in rollout.stages)


def the_first_stage_is_today_with_defaults_written_out(case: Case, rollout: Rollout) -> None:
    today = {name(item)[:2] + name(item)[3:]: item for items in case.files.values() for item in items}
    found = {name(item.data)[:2] + name(item.data)[3:]: item.data for item in rollout.stages[0].objects}
    made = set(found) - set(today)
    assert made <= {("llm-d.ai", "InferenceModelRewrite", "alias-rewrite")}
    for key, item in today.items():
        difference = DeepDiff(said(item), found[key], threshold_to_diff_deeper=0)
        assert set(difference) <= {"dictionary_item_added"}
        assert {path.split("'")[-2] for path in difference.get("dictionary_item_added", ())} <= DEFAULTS


def the_way_back_is_the_stable_adapter_alone(case: Case, rollout: Rollout) -> None:
    (item,) = rollout.rollback.objects
    assert shares(targets([item])) == {"v1": 1}
    first, _ = rewrite(rollout.stages[0].objects)
    assert item.data == first.data


def all_but_the_winner_leave_the_pods(case: Case, rollout: Rollout) -> None:
    names = {"v1", *(candidate.name for candidate in LoraAdapter.of(rollout.plan).candidates)}
    last = rollout.stages[-1]
    scripts = [instruction.script for instruction in (*last.actions, *last.gate.checks)]
    for adapter in names:
        said = [script for script in scripts if f'"{adapter}"' in script or f"/adapters/{adapter}" in script]
        assert len(said) == (0 if adapter == case.winner else 3)


LAWS = [
    each_candidate_gets_exactly_its_share,
    all_but_the_winner_leave_the_pods,
    weights_are_what_the_api_takes_on_all_targets_or_none,
    weights_have_the_same_sum_in_every_step,
    stages_differ_in_the_targets_of_one_rule_alone,
    the_first_stage_is_today_with_defaults_written_out,
    the_way_back_is_the_stable_adapter_alone,
]


@settings(BRIEF, max_examples=100)
@given(loras())
def test_every_lora_rollout_keeps_every_law(case: Case) -> None:
    rollout = case.rollout()
    for law in LAWS:
        law(case, rollout)
