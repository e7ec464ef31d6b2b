"""What holds of pinned rules in every stage, whatever the plan, its routes and its pins say (contract I7)."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from generator.model.rollout import Stage
from tests.stages.test_laws import POOL, backend, header, routes, sends_to
from tests.support.random_plans import BRIEF, Case, blue_greens
from tests.support.small_plans import BLUE


@st.composite
def pinned(draw: st.DrawFn) -> tuple[Case, dict[tuple[str, int], str]]:
    """A blue-green case with some rules to blue pinned, for a while or for good; one at least moves."""
    case = draw(blue_greens())
    found = [
        (item["metadata"]["name"], index)
        for item in case.files["routes/all.yaml"]
        for index, rule in enumerate(item["spec"]["rules"])
        if any(ref.get("name") == BLUE and "group" in ref for ref in rule.get("backendRefs", ()))
    ]
    chosen = draw(st.lists(st.sampled_from(found), unique=True, max_size=len(found) - 1))
    untils = {place: draw(st.sampled_from(["drain", "forever"])) for place in chosen}
    pins = [
        {"route": route, "index": index, "until": until, "reason": "so"}
        for (route, index), until in untils.items()
    ]
    case.plan["spec"]["strategy"] |= {"pins": pins} if pins else {}
    return case, untils


def rule_of(case: Case, stage: Stage, route: str, index: int) -> dict[str, Any]:
    """A rule of a route by its index today: beta rules stand before the others."""
    headers = [header(beta) for beta in case.betas.values()]
    rules = [
        rule
        for rule in routes(stage.objects)[route]["spec"]["rules"]
        if not all(any(one in headers for one in match.get("headers", ())) for match in rule["matches"])
    ]
    found: dict[str, Any] = rules[index]
    return found


def names_blue(stage: Stage) -> bool:
    rules = (rule for item in routes(stage.objects).values() for rule in item["spec"]["rules"])
    return any(sends_to(rule, BLUE) for rule in rules)


@settings(BRIEF, max_examples=80)
@given(pinned())
def test_pinned_rules_stay_as_long_as_the_plan_says(drawn: tuple[Case, dict[tuple[str, int], str]]) -> None:
    case, untils = drawn
    stages = case.rollout().stages
    released = next((n for n, stage in enumerate(stages) if stage.slug.startswith("release")), len(stages))
    ends = next(n for n, stage in enumerate(stages) if stage.slug.startswith("finalize"))
    for (route, index), until in untils.items():
        today = rule_of(case, stages[0], route, index)
        for number, stage in enumerate(stages):
            now = rule_of(case, stage, route, index)
            if until == "forever" or number < min(released, ends):
                assert now == today
        moved = not sends_to(rule_of(case, stages[-1], route, index), BLUE)
        assert moved == (until == "drain")


@settings(BRIEF, max_examples=80)
@given(pinned())
def test_blue_is_there_exactly_as_long_as_something_names_it(
    drawn: tuple[Case, dict[tuple[str, int], str]],
) -> None:
    case, untils = drawn
    stages = case.rollout().stages
    stays = "forever" in untils.values()
    assert names_blue(stages[-1]) == stays
    assert any(item.bundle == "blue" for item in stages[-1].objects) == stays
    drained = [gate.name for stage in stages for gate in stage.gate.metrics if gate.name == "drained"]
    assert bool(drained) == (not stays)
    for stage in stages:
        pools = {item.name for item in stage.objects if item.kind == "InferencePool"}
        for item in routes(stage.objects).values():
            for rule in item["spec"]["rules"]:
                named = {r["name"] for r in rule.get("backendRefs", ()) if backend(r)[:2] == POOL}
                assert named <= pools
