"""Where requests end up: a Gateway's choice of a rule, played on every stage of random rollouts."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stages.test_laws import all_to, betas_of, rest_of, sends_to, shares, shifted, stages
from tests.support.random_plans import BRIEF, Case, blue_greens
from tests.support.small_plans import BLUE

PATHS = ["/", "/v1", "/v1/chat", "/v1/chat/completions", "/v12"]
REQUESTS = st.fixed_dictionaries(
    {
        "path": st.sampled_from(PATHS),
        "method": st.sampled_from(["GET", "POST"]),
        "headers": st.dictionaries(st.sampled_from(["x-a", "x-b", "x-c"]), st.sampled_from("12")),
        "query": st.dictionaries(st.sampled_from("ab"), st.sampled_from("12")),
    }
)


def takes(match: dict[str, Any], request: dict[str, Any]) -> bool:
    """Say whether one match of a rule takes a request."""
    kind, value = match["path"]["type"], match["path"]["value"]
    under = value == "/" or (request["path"] + "/").startswith(value + "/")
    return (
        (request["path"] == value if kind == "Exact" else under)
        and match.get("method", request["method"]) == request["method"]
        and all(request["headers"].get(h["name"].lower()) == h["value"] for h in match.get("headers", ()))
        and all(request["query"].get(q["name"]) == q["value"] for q in match.get("queryParams", ()))
    )


def rank(match: dict[str, Any]) -> tuple[bool, int, bool, int, int]:
    """How precedence orders matches: the path, then a method, then the most headers, then parameters."""
    path = match["path"]
    counts = (len(match.get("headers", ())), len(match.get("queryParams", ())))
    return (path["type"] == "Exact", len(path["value"]), "method" in match, *counts)


def serving(route: Mapping[str, Any], request: dict[str, Any]) -> Any:
    """The rule that a Gateway chooses: the best match, of equals the first rule."""
    rules = route["spec"]["rules"]
    found = [(rank(m), -n) for n, rule in enumerate(rules) for m in rule["matches"] if takes(m, request)]
    return rules[-max(found)[1]] if found else None


@settings(BRIEF, max_examples=100)
@given(blue_greens(), st.lists(REQUESTS, min_size=5, max_size=20), st.data())
def test_each_request_is_handled_as_today_but_for_the_candidates_shares_of_blue(
    case: Case, requests: list[dict[str, Any]], data: st.DataObject
) -> None:
    (_, today), *_ = found = list(stages(case, case.rollout()))
    wanted = data.draw(st.sampled_from([*case.betas, None]))
    for key, request in ((key, request) for key in today for request in requests):
        if wanted:
            request["headers"][case.betas[wanted]["name"]] = case.betas[wanted]["value"]
        before = serving(today[key], request)
        for state, now in found:
            phase, candidates = state[key]
            after = serving(now[key], request)
            assert (before is None) == (after is None)
            if before is None:
                continue
            assert rest_of(after) == rest_of(before)
            if wanted in betas_of(case, phase) and sends_to(before, BLUE):
                assert shares(after) == all_to(wanted)
            else:
                assert shares(after) == shifted(shares(before), candidates)
