"""What holds in every stage of every blue-green rollout, whatever the plan and its routes say."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

from deepdiff import DeepDiff
from hypothesis import given, settings

from generator.model.manifests import Manifest
from generator.model.rollout import Rollout
from generator.stages.blue_green.parameters import BlueGreen
from tests.support.random_plans import BRIEF, THIRD, Case, blue_greens, said
from tests.support.small_plans import BLUE
from tests.support.trees import name

BEFORE, SPLIT, RELEASED, AFTER = "before", "split", "released", "after"
POOL = ("inference.networking.k8s.io", "InferencePool")
DEFAULTS = {"namespace", "group", "kind", "weight", "type", "matches", "path", "appProtocol", "failureMode"}
"""The fields that the API server fills in where users leave them out; we write them out."""

State = tuple[str, dict[str, Fraction]]
"""A phase of the rollout, and the candidates' shares in it."""
Backend = tuple[str, str, str]
Routes = dict[str, Mapping[str, Any]]


def timeline(case: Case) -> list[State]:
    """What each step of the rollout is: before, within or after the split, and the candidates' shares.

    Beta users of what lost are released before the rest drains.
    """
    splits = [(SPLIT, {}), *((SPLIT, step) for step in case.steps)]
    last = (RELEASED if set(case.betas) - {case.winner} else SPLIT, case.steps[-1])
    drains = [last] if last in splits else [last, last]
    return [(BEFORE, {})] * 3 + splits + drains + [(AFTER, case.steps[-1])] * 2


def betas_of(case: Case, phase: str) -> dict[str, dict[str, str]]:
    """The pools whose beta users there are in a phase, with their headers."""
    pools = {BEFORE: (), SPLIT: case.betas, RELEASED: (case.winner,), AFTER: ()}[phase]
    return {pool: beta for pool, beta in case.betas.items() if pool in pools}


def routes(objects: tuple[Manifest, ...]) -> Routes:
    return {item.name: item.data for item in objects if item.kind == "HTTPRoute"}


def stages(case: Case, rollout: Rollout) -> Iterator[tuple[dict[str, State], Routes]]:
    """The routes of every stage, and what each of them must be: its phase and the candidates' shares.

    Routes that send to blue change in stages of their own, unless the plan wants them together. A route
    whose rules give blue no requests has none to shift: it comes to know the candidates, and forgets blue.
    """
    today = routes(rollout.stages[0].objects)
    moving = [key for key in today if any(sends_to(rule, BLUE) for rule in today[key]["spec"]["rules"])]
    busy = [
        key for key in moving if any((*POOL, BLUE) in shares(rule) for rule in today[key]["spec"]["rules"])
    ]
    expected: list[dict[str, State]] = []
    before: dict[str, State] = dict.fromkeys(today, (BEFORE, {}))
    for now in timeline(case):
        old = before[moving[0]]
        parts = moving if old[0] != now[0] else busy if old != now else []
        for last in [] if case.together else parts[:-1]:
            expected.append(before | dict.fromkeys(parts[: parts.index(last) + 1], now))
        before = before | dict.fromkeys(moving, now)
        expected.append(before)
    for state, stage in zip(expected, rollout.stages, strict=True):
        yield state, routes(stage.objects)


def header(beta: dict[str, str]) -> dict[str, str]:
    return {"type": "Exact"} | beta


def is_beta(rule: dict[str, Any], case: Case) -> bool:
    headers = [header(beta) for beta in case.betas.values()]
    return all(any(one in headers for one in match.get("headers", ())) for match in rule["matches"])


def plain(route: Mapping[str, Any], case: Case) -> list[dict[str, Any]]:
    return [rule for rule in route["spec"]["rules"] if not is_beta(rule, case)]


def backend(ref: dict[str, Any]) -> Backend:
    return (ref["group"], ref["kind"], ref["name"])


def is_pool(ref: dict[str, Any], pool: str) -> bool:
    return backend(ref) == (*POOL, pool)


def sends_to(rule: dict[str, Any], pool: str) -> bool:
    return any(is_pool(ref, pool) for ref in rule.get("backendRefs", ()))


def shares(rule: dict[str, Any]) -> dict[Backend, Fraction]:
    """What part of a rule's requests each backend gets, if any."""
    weights: Counter[Backend] = Counter()
    for ref in rule.get("backendRefs", ()):
        weights[backend(ref)] += ref["weight"]
    return {key: Fraction(weight, weights.total()) for key, weight in weights.items() if weight}


def all_to(pool: str) -> dict[Backend, int]:
    return {(*POOL, pool): 1}


def shifted(today: dict[Backend, Fraction], candidates: dict[str, Fraction]) -> dict[Backend, Fraction]:
    """The same, when candidates have taken their shares of what blue had."""
    moved = today.get((*POOL, BLUE), Fraction(0))
    after = {**today, (*POOL, BLUE): moved * (1 - sum(candidates.values()))}
    after |= {(*POOL, pool): moved * share for pool, share in candidates.items()}
    return {key: value for key, value in after.items() if value}


def contested(rules: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The rules with matches of a path and method that rules to blue match too, and those matches."""

    def key(match: dict[str, Any]) -> tuple[dict[str, str], str | None]:
        return (match["path"], match.get("method"))

    keys = [key(match) for rule in rules if sends_to(rule, BLUE) for match in rule["matches"]]
    for rule in rules:
        matches = [match for match in rule["matches"] if key(match) in keys]
        yield from [(rule, matches)] if matches else []


def rest_of(rule: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rule.items() if key not in ("name", "matches", "backendRefs")}


def pairs(
    case: Case, rollout: Rollout
) -> Iterator[tuple[str, dict[str, Fraction], dict[str, Any], dict[str, Any]]]:
    """Every rule of every stage: its phase, the candidates' shares, the rule as it is today, the rule now."""
    today = routes(rollout.stages[0].objects)
    for state, now in stages(case, rollout):
        assert set(now) == set(today)
        for key in now:
            for before, after in zip(plain(today[key], case), plain(now[key], case), strict=True):
                yield *state[key], before, after


def each_candidate_gets_exactly_its_share_of_what_blue_had(case: Case, rollout: Rollout) -> None:
    for _, candidates, before, after in pairs(case, rollout):
        assert shares(after) == shifted(shares(before), candidates)


def weights_are_what_the_api_takes_and_never_all_zero(case: Case, rollout: Rollout) -> None:
    for _, _, _, rule in pairs(case, rollout):
        found = [ref["weight"] for ref in rule.get("backendRefs", ())]
        assert all(type(weight) is int and 0 <= weight <= 1_000_000 for weight in found)
        assert sum(found) or not found


def a_rule_keeps_the_sum_of_its_weights_once_it_knows_the_candidates(case: Case, rollout: Rollout) -> None:
    sums: dict[str, list[int]] = {}
    for state, now in stages(case, rollout):
        for key, (phase, _) in state.items():
            if phase != BEFORE:
                refs = [rule.get("backendRefs", ()) for rule in plain(now[key], case)]
                found = [sum(ref["weight"] for ref in of_rule) for of_rule in refs]
                assert found == sums.setdefault(key, found)


def a_stage_changes_one_route_unless_the_plan_wants_more(case: Case, rollout: Rollout) -> None:
    for (_, before), (_, now) in pairwise(stages(case, rollout)):
        changed = [key for key in now if now[key] != before[key]]
        assert len(changed) <= 1 or case.together


def the_first_stage_is_today_with_defaults_written_out(case: Case, rollout: Rollout) -> None:
    folders = ("blue/", "shared/", "routes/")
    today = [item for path, items in case.files.items() if path.startswith(folders) for item in items]
    named = {name(item)[:2] + name(item)[3:]: item for item in today}
    found = {name(item.data)[:2] + name(item.data)[3:]: item.data for item in rollout.stages[0].objects}
    assert set(found) == set(named)
    for key, item in named.items():
        difference = DeepDiff(said(item), found[key], threshold_to_diff_deeper=0)
        assert set(difference) <= {"dictionary_item_added"}
        assert {path.split("'")[-2] for path in difference.get("dictionary_item_added", ())} <= DEFAULTS


def the_last_stage_has_the_winner_alone(case: Case, rollout: Rollout) -> None:
    last = rollout.stages[-1]
    alive = {item.bundle for item in last.objects}
    candidates = BlueGreen.of(rollout.plan).candidates
    (winner,) = (candidate for candidate in candidates if candidate.pool.value == case.winner)
    assert alive == {winner.name, "shared", "routes"}
    losers = ("blue", *(candidate.name for candidate in candidates if candidate is not winner))
    gone = [item for name in losers for item in case.files[f"{name}/all.yaml"]]
    deleted = [item.name for deletion in last.deletions for item in deletion.objects]
    assert sorted(deleted) == sorted(item["metadata"]["name"] for item in gone)
    for item in routes(last.objects).values():
        for rule in item["spec"]["rules"]:
            pools = [ref["name"] for ref in rule.get("backendRefs", ()) if backend(ref)[:2] == POOL]
            assert set(pools) <= {case.winner, THIRD}


def split_stages_differ_in_weights_alone(case: Case, rollout: Rollout) -> None:
    blank = re.compile(r'"weight": [0-9]+')
    found: dict[str, str] = {}
    for state, now in stages(case, rollout):
        for key in (key for key, (phase, _) in state.items() if phase == SPLIT):
            text = blank.sub("", json.dumps(now[key]))
            assert text == found.setdefault(key, text)


def everything_else_in_a_route_stays(case: Case, rollout: Rollout) -> None:
    def rest(ref: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in ref.items() if key not in ("weight", "name")}

    candidates = (candidate.pool.value for candidate in BlueGreen.of(rollout.plan).candidates)
    both = (BLUE, *candidates)
    pools = {BEFORE: (BLUE,), SPLIT: both, RELEASED: both, AFTER: (case.winner,)}
    for phase, _, before, after in pairs(case, rollout):
        assert before | {"backendRefs": 0} == after | {"backendRefs": 0}
        refs = before.get("backendRefs", ())
        wanted = [
            (name, ref) for ref in refs for name in (pools[phase] if is_pool(ref, BLUE) else [ref["name"]])
        ]
        found = [(ref["name"], rest(ref)) for ref in after.get("backendRefs", ())]
        assert found == [(name, rest(ref)) for name, ref in wanted]
    today = routes(rollout.stages[0].objects)
    for _, now in stages(case, rollout):
        for key, item in now.items():
            assert item["spec"] | {"rules": 0} == today[key]["spec"] | {"rules": 0}
            assert item["metadata"] == today[key]["metadata"]


def no_route_names_a_pool_that_is_not_there(case: Case, rollout: Rollout) -> None:
    def named(objects: tuple[Manifest, ...]) -> set[str]:
        rules = (rule for item in routes(objects).values() for rule in item["spec"]["rules"])
        return {
            ref["name"] for rule in rules for ref in rule.get("backendRefs", ()) if backend(ref)[:2] == POOL
        }

    for before, stage in pairwise((rollout.stages[0], *rollout.stages)):
        pools = {item.name for item in stage.objects if item.kind == "InferencePool"}
        deleted = {item.name for deletion in stage.deletions for item in deletion.objects}
        assert named(stage.objects) <= pools
        assert not (named(before.objects) | named(stage.objects)) & deleted


def the_way_back_gives_blue_all_that_it_had(case: Case, rollout: Rollout) -> None:
    today, back = routes(rollout.stages[0].objects), routes(rollout.rollback.objects)
    changed = {key for _, now in stages(case, rollout) for key in now if now[key] != today[key]}
    assert changed <= set(back) <= set(today)
    for key, item in back.items():
        assert item["metadata"] == today[key]["metadata"]
        assert list(map(shares, item["spec"]["rules"])) == list(map(shares, today[key]["spec"]["rules"]))
    removed = {item.identity for deletion in rollout.rollback.removals for item in deletion.objects}
    names = {candidate.name for candidate in BlueGreen.of(rollout.plan).candidates}
    added = {item.identity for stage in rollout.stages for item in stage.objects if item.bundle in names}
    assert removed == added


def beta_rules_come_first_and_demand_their_header(case: Case, rollout: Rollout) -> None:
    for state, now in stages(case, rollout):
        for key, item in now.items():
            rules = item["spec"]["rules"]
            twins, others = [rule for rule in rules if is_beta(rule, case)], plain(item, case)
            assert rules == twins + others
            wanted = [
                (pool, header(beta), *found)
                for pool, beta in betas_of(case, state[key][0]).items()
                for found in contested(others)
            ]
            for twin, (pool, beta, rule, matches) in zip(twins, wanted, strict=True):
                assert twin["matches"] == [m | {"headers": [*m.get("headers", ()), beta]} for m in matches]
                assert shares(twin) == (all_to(pool) if sends_to(rule, BLUE) else shares(rule))
                assert rest_of(twin) == rest_of(rule)
            names = [rule["name"] for rule in rules if "name" in rule]
            assert len(set(names)) == len(names)


def versions_come_and_go_whole_and_nothing_else_changes(case: Case, rollout: Rollout) -> None:
    first = {item.identity: item.data for stage in reversed(rollout.stages) for item in stage.objects}
    candidates = BlueGreen.of(rollout.plan).candidates
    for index, stage in enumerate(rollout.stages):
        alive = Counter(item.bundle for item in stage.objects)
        is_last = stage is rollout.stages[-1]
        assert (alive["blue"], alive["shared"]) == (0 if is_last else 4, 1)
        for candidate in candidates:
            is_gone = is_last and candidate.pool.value != case.winner
            assert alive[candidate.name] == (0 if is_gone else (0, 1, 4)[min(index, 2)])
        assert all(item.kind == "HTTPRoute" or item.data == first[item.identity] for item in stage.objects)
        assert len({item.identity for item in stage.objects}) == len(stage.objects)


def splits_say_what_the_routes_of_their_stage_do(case: Case, rollout: Rollout) -> None:
    versions = {
        BLUE: "blue",
        **{item.pool.value: item.name for item in BlueGreen.of(rollout.plan).candidates},
    }
    for stage in rollout.stages:
        expected = []
        for item in (item for item in stage.objects if item.kind == "HTTPRoute"):
            for index, rule in enumerate(item.data["spec"]["rules"]):
                refs = rule.get("backendRefs", ())
                total = sum(ref["weight"] for ref in refs)
                found = [
                    (
                        versions.get(ref["name"], "") if ref["kind"] == "InferencePool" else "",
                        ref["weight"],
                        Fraction(ref["weight"], total) if total else 0,
                    )
                    for ref in refs
                ]
                if any(version for version, _, _ in found):
                    expected.append((item.identity, rule.get("name") or f"rules[{index}]", found))
        assert expected == [
            (split.object, split.rule, [(one.version, one.weight, one.share) for one in split.backends])
            for split in stage.splits
        ]


LAWS = [
    splits_say_what_the_routes_of_their_stage_do,
    each_candidate_gets_exactly_its_share_of_what_blue_had,
    weights_are_what_the_api_takes_and_never_all_zero,
    a_rule_keeps_the_sum_of_its_weights_once_it_knows_the_candidates,
    a_stage_changes_one_route_unless_the_plan_wants_more,
    the_first_stage_is_today_with_defaults_written_out,
    the_last_stage_has_the_winner_alone,
    split_stages_differ_in_weights_alone,
    everything_else_in_a_route_stays,
    no_route_names_a_pool_that_is_not_there,
    the_way_back_gives_blue_all_that_it_had,
    beta_rules_come_first_and_demand_their_header,
    versions_come_and_go_whole_and_nothing_else_changes,
]


@settings(BRIEF, max_examples=150)
@given(blue_greens())
def test_every_blue_green_rollout_keeps_every_law(case: Case) -> None:
    rollout = case.rollout()
    for law in LAWS:
        law(case, rollout)
