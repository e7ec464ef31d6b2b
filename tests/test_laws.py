"""What holds in every stage of every blue-green rollout, whatever the plan and its routes say."""

import json
import re
from collections import Counter
from fractions import Fraction
from itertools import pairwise

from deepdiff import DeepDiff
from hypothesis import given, settings

from tests.random_plans import BETA, BRIEF, blue_greens, said
from tests.small_plans import BLUE, GREEN
from tests.trees import name

BEFORE, SPLIT, AFTER = "before", "split", "after"
HEADER = {"type": "Exact"} | BETA
POOL = ("inference.networking.k8s.io", "InferencePool")
ALL_TO_GREEN = {(*POOL, GREEN): 1}
DEFAULTS = {"namespace", "group", "kind", "weight", "type", "matches", "path", "appProtocol", "failureMode"}
"""The fields that the API server fills in where users leave them out; we write them out."""


def timeline(case):
    """What each stage must be: before, within or after the split, and green's share of what blue had."""
    splits = [(SPLIT, Fraction(0)), *((SPLIT, step) for step in case.steps), (SPLIT, Fraction(1))]
    return [(BEFORE, Fraction(0))] * 3 + splits + [(AFTER, Fraction(1))] * 2


def routes(objects):
    return {item.name: item.data for item in objects if item.kind == "HTTPRoute"}


def stages(case, rollout):
    """Phase, share and routes of every stage."""
    for (phase, share), stage in zip(timeline(case), rollout.stages, strict=True):
        yield phase, share, routes(stage.objects)


def is_beta(rule):
    return all(HEADER in match.get("headers", ()) for match in rule["matches"])


def plain(route):
    return [rule for rule in route["spec"]["rules"] if not is_beta(rule)]


def backend(ref):
    return (ref["group"], ref["kind"], ref["name"])


def is_pool(ref, pool):
    return backend(ref) == (*POOL, pool)


def sends_to(rule, pool):
    return any(is_pool(ref, pool) for ref in rule.get("backendRefs", ()))


def shares(rule):
    """What part of a rule's requests each backend gets, if any."""
    weights = Counter()
    for ref in rule.get("backendRefs", ()):
        weights[backend(ref)] += ref["weight"]
    return {key: Fraction(weight, weights.total()) for key, weight in weights.items() if weight}


def shifted(today, share):
    """The same, when green has taken a share of what blue had."""
    moved = today.get((*POOL, BLUE), Fraction(0))
    after = {**today, (*POOL, BLUE): moved * (1 - share), (*POOL, GREEN): moved * share}
    return {key: value for key, value in after.items() if value}


def contested(rules):
    """The rules with matches of a path and method that rules to blue match too, and those matches."""

    def key(match):
        return (match["path"], match.get("method"))

    keys = [key(match) for rule in rules if sends_to(rule, BLUE) for match in rule["matches"]]
    for rule in rules:
        matches = [match for match in rule["matches"] if key(match) in keys]
        yield from [(rule, matches)] if matches else []


def rest_of(rule):
    return {key: value for key, value in rule.items() if key not in ("name", "matches", "backendRefs")}


def pairs(case, rollout):
    """Every rule of every stage: its phase, green's share, the rule as it is today, the rule now."""
    today = routes(rollout.stages[0].objects)
    for phase, share, now in stages(case, rollout):
        assert set(now) == set(today)
        for key in now:
            for before, after in zip(plain(today[key]), plain(now[key]), strict=True):
                yield phase, share, before, after


def green_gets_exactly_its_share_of_what_blue_had(case, rollout):
    for _, share, before, after in pairs(case, rollout):
        assert shares(after) == shifted(shares(before), share)


def weights_are_what_the_api_takes_and_never_all_zero(case, rollout):
    for _, _, _, rule in pairs(case, rollout):
        found = [ref["weight"] for ref in rule.get("backendRefs", ())]
        assert all(type(weight) is int and 0 <= weight <= 1_000_000 for weight in found)
        assert sum(found) or not found


def a_rule_keeps_the_sum_of_its_weights_once_it_knows_green(case, rollout):
    sums = [
        [[sum(ref["weight"] for ref in rule.get("backendRefs", ())) for rule in plain(item)] for item in now]
        for now in (found.values() for phase, _, found in stages(case, rollout) if phase != BEFORE)
    ]
    assert all(found == sums[0] for found in sums)


def the_first_stage_is_today_with_defaults_written_out(case, rollout):
    today = [item for path, items in case.files.items() if "green" not in path for item in items]
    named = {name(item)[:2] + name(item)[3:]: item for item in today}
    found = {name(item.data)[:2] + name(item.data)[3:]: item.data for item in rollout.stages[0].objects}
    assert set(found) == set(named)
    for key, item in named.items():
        difference = DeepDiff(said(item), found[key], threshold_to_diff_deeper=0)
        assert set(difference) <= {"dictionary_item_added"}
        assert {path.split("'")[-2] for path in difference.get("dictionary_item_added", ())} <= DEFAULTS


def the_last_stage_has_nothing_of_blue(case, rollout):
    last = rollout.stages[-1]
    blue = {item.identity for item in rollout.stages[0].objects if item.bundle == "blue"}
    assert len(blue) == len(case.files["blue/all.yaml"])
    assert not blue & {item.identity for item in last.objects}
    assert blue == {item.identity for deletion in last.deletions for item in deletion.objects}
    assert not any(
        sends_to(rule, BLUE) for item in routes(last.objects).values() for rule in item["spec"]["rules"]
    )


def split_stages_differ_in_weights_alone(case, rollout):
    blank = re.compile(r'"weight": [0-9]+')
    found = [json.dumps(now) for phase, _, now in stages(case, rollout) if phase == SPLIT]
    assert len({blank.sub("", text) for text in found}) == 1


def everything_else_in_a_route_stays(case, rollout):
    def rest(ref):
        return {key: value for key, value in ref.items() if key not in ("weight", "name")}

    pools = {BEFORE: (BLUE,), SPLIT: (BLUE, GREEN), AFTER: (GREEN,)}
    for phase, _, before, after in pairs(case, rollout):
        assert before | {"backendRefs": 0} == after | {"backendRefs": 0}
        refs = before.get("backendRefs", ())
        wanted = [
            (name, ref) for ref in refs for name in (pools[phase] if is_pool(ref, BLUE) else [ref["name"]])
        ]
        found = [(ref["name"], rest(ref)) for ref in after.get("backendRefs", ())]
        assert found == [(name, rest(ref)) for name, ref in wanted]
    today = routes(rollout.stages[0].objects)
    for _, _, now in stages(case, rollout):
        for key, item in now.items():
            assert item["spec"] | {"rules": 0} == today[key]["spec"] | {"rules": 0}
            assert item["metadata"] == today[key]["metadata"]


def no_route_names_a_pool_that_is_not_there(case, rollout):
    def named(objects):
        rules = (rule for item in routes(objects).values() for rule in item["spec"]["rules"])
        return {
            ref["name"] for rule in rules for ref in rule.get("backendRefs", ()) if backend(ref)[:2] == POOL
        }

    for before, stage in pairwise((rollout.stages[0], *rollout.stages)):
        pools = {item.name for item in stage.objects if item.kind == "InferencePool"}
        deleted = {item.name for deletion in stage.deletions for item in deletion.objects}
        assert named(stage.objects) <= pools
        assert not (named(before.objects) | named(stage.objects)) & deleted


def the_way_back_gives_blue_all_that_it_had(case, rollout):
    today, back = routes(rollout.stages[0].objects), routes(rollout.rollback.objects)
    changed = {key for _, _, now in stages(case, rollout) for key in now if now[key] != today[key]}
    assert changed <= set(back) <= set(today)
    for key, item in back.items():
        assert item["metadata"] == today[key]["metadata"]
        assert list(map(shares, item["spec"]["rules"])) == list(map(shares, today[key]["spec"]["rules"]))
    removed = {item.identity for deletion in rollout.rollback.removals for item in deletion.objects}
    assert removed == {item.identity for item in rollout.stages[-1].objects if item.bundle == "green"}


def beta_rules_come_first_and_demand_the_header(case, rollout):
    for phase, _, now in stages(case, rollout):
        for item in now.values():
            rules = item["spec"]["rules"]
            twins = [rule for rule in rules if is_beta(rule)]
            assert rules == twins + plain(item)
            if not (case.beta and phase == SPLIT):
                assert twins == []
                continue
            for twin, (rule, matches) in zip(twins, contested(plain(item)), strict=True):
                assert twin["matches"] == [m | {"headers": [*m.get("headers", ()), HEADER]} for m in matches]
                assert shares(twin) == (ALL_TO_GREEN if sends_to(rule, BLUE) else shares(rule))
                assert rest_of(twin) == rest_of(rule)
            names = [rule["name"] for rule in rules if "name" in rule]
            assert len(set(names)) == len(names)


def versions_come_and_go_whole_and_nothing_else_changes(case, rollout):
    first = {item.identity: item.data for stage in reversed(rollout.stages) for item in stage.objects}
    for index, stage in enumerate(rollout.stages):
        alive = Counter(item.bundle for item in stage.objects)
        blue = 0 if index == len(rollout.stages) - 1 else 4
        green = (0, 1, 4)[min(index, 2)]
        assert (alive["blue"], alive["green"], alive["shared"]) == (blue, green, 1)
        assert all(item.kind == "HTTPRoute" or item.data == first[item.identity] for item in stage.objects)
        assert len({item.identity for item in stage.objects}) == len(stage.objects)


LAWS = [
    green_gets_exactly_its_share_of_what_blue_had,
    weights_are_what_the_api_takes_and_never_all_zero,
    a_rule_keeps_the_sum_of_its_weights_once_it_knows_green,
    the_first_stage_is_today_with_defaults_written_out,
    the_last_stage_has_nothing_of_blue,
    split_stages_differ_in_weights_alone,
    everything_else_in_a_route_stays,
    no_route_names_a_pool_that_is_not_there,
    the_way_back_gives_blue_all_that_it_had,
    beta_rules_come_first_and_demand_the_header,
    versions_come_and_go_whole_and_nothing_else_changes,
]


@settings(BRIEF, max_examples=150)
@given(blue_greens())
def test_every_blue_green_rollout_keeps_every_law(case):
    rollout = case.rollout()
    for law in LAWS:
        law(case, rollout)
