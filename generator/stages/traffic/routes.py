"""Render routes for a stage: weights, beta rules and mirrors; nothing else of them changes.

Lists of rules, matches and backendRefs are replaced whole by the API server (field/routes), so each
stage holds the complete route with every foreign field kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from math import lcm
from typing import Any

from generator.kubernetes.backends import Pool, aimed, replaced, retargeted
from generator.kubernetes.routes import ROUTE_KINDS, backends_to, rules_of, weight_of
from generator.model.manifests import INFERENCE, Manifest
from generator.model.weights import NONE, WHOLE, divide, factor
from generator.stages.traffic.pins import FOREVER
from generator.stages.traffic.shift import Beta, Moment, Shift, contested, moving


def shifted(route: Manifest, shift: Shift, moment: Moment, *, named: bool) -> Manifest:
    """Return the route with each candidate at its share of what blue had in each rule that moves.

    All backends stay, at weight 0 too: the data plane keeps knowing them, and each weight stage
    differs from the next in weights alone. With a beta, every rule that moves gets a twin before all
    rules that demands the header as well and sends to its candidate. A rule with matches of the same
    path gets a twin that sends where the rule does: it would lose requests to the longer match.
    `named` gives the twins names, which standard HTTPRoutes have since Gateway API v1.4.
    """
    if route.kind not in ROUTE_KINDS:
        return _released(route, shift, moment.released)
    rules = [_rule(route, index, shift, moment) for index in range(len(rules_of(route)))]
    twins = [twin for beta in moment.betas for twin in _twins(route, shift, moment, beta, named=named)]
    return route.put([*twins, *rules], "spec", "rules")


def finalized(route: Manifest, shift: Shift, winner: str) -> Manifest:
    """Return the route with the winner in the place of blue; only what is pinned for good still names it."""
    if route.kind not in ROUTE_KINDS:
        return _released(route, shift, winner)
    alone = replace(shift, candidates=(shift.pool(winner),))
    moment = Moment(shares={winner: WHOLE}, released=winner)
    rules = []
    for index in range(len(rules_of(route))):
        rule = _rule(route, index, alone, moment)
        blue = backends_to(rule, shift.blue, route.identity.namespace)
        if blue and shift.until(route, index) != FOREVER:
            rule["backendRefs"] = [ref for place, ref in enumerate(rule["backendRefs"]) if place not in blue]
        rules.append(rule)
    return route.put(rules, "spec", "rules")


def _released(item: Manifest, shift: Shift, winner: str) -> Manifest:
    """Return an object whose backends have no weights to shift: it moves whole, when pins are released."""
    is_free = winner and shift.until(item, None) != FOREVER
    return replaced(item, shift.blue, shift.pool(winner)) if is_free else item


def _rule(route: Manifest, index: int, shift: Shift, moment: Moment) -> dict[str, Any]:
    """Return one rule at a moment: shifted, still pinned to blue, or released."""
    rule, home = rules_of(route)[index], route.identity.namespace
    is_free = moment.released and shift.until(route, index) != FOREVER
    if is_free:
        rule = retargeted(route, shift.blue, shift.pool(moment.released), "spec", "rules", index)
    if index in moving(route, shift):
        shares = {pool: moment.shares.get(pool.version, NONE) for pool in shift.candidates}
        return _with_copies(_split(rule, shift, shares, home), shift, moment.mirror, home)
    return _split(rule, shift, {shift.pool(moment.released): WHOLE}, home) if is_free else dict(rule)


def _split(
    rule: Mapping[str, Any], shift: Shift, shares: Mapping[Pool, Fraction], home: str
) -> dict[str, Any]:
    """Return a rule in which each backend that is blue shares its weight with the pools."""
    blue = backends_to(rule, shift.blue, home)
    if not blue:
        return dict(rule)
    refs = rule["backendRefs"]
    # A backend that is alone has the whole, whatever weight it says.
    weights = [weight_of(ref) for ref in refs] if len(refs) > 1 else [1]
    times = lcm(*(factor(weights[place], shift.total) for place in blue))
    split: list[Any] = []
    for place, ref in enumerate(refs):
        weight = weights[place] * times
        stays, *moves = divide(weight, shares.values()) if place in blue else (weight,)
        split.append(ref | {"weight": stays})
        split += [
            aimed(ref, pool, home) | {"weight": part} for pool, part in zip(shares, moves, strict=False)
        ]
    return {**rule, "backendRefs": split}


def _with_copies(rule: dict[str, Any], shift: Shift, share: int, home: str) -> dict[str, Any]:
    """Return a rule that copies `share` percent of its requests to each candidate, whose answers are dropped.

    Filters stand before backendRefs, as the API has them.
    """
    if not share:
        return rule
    backend = {"group": INFERENCE, "kind": "InferencePool", "name": ""}
    added = [
        {
            "type": "RequestMirror",
            "requestMirror": {"backendRef": aimed(backend, pool, home), "percent": share},
        }
        for pool in shift.candidates
    ]
    head = {key: value for key, value in rule.items() if key in {"name", "matches"}}
    return {**head, "filters": [*rule.get("filters", ()), *added]} | {
        key: value for key, value in rule.items() if key != "filters"
    }


def _twins(
    route: Manifest, shift: Shift, moment: Moment, beta: Beta, *, named: bool
) -> Iterator[dict[str, Any]]:
    header = {"type": "Exact", "name": beta.name, "value": beta.value}
    taken, home = {rule.get("name") for rule in rules_of(route)}, route.identity.namespace
    for index, matches in contested(route, shift):
        twin = _rule(route, index, shift, replace(moment, mirror=0))
        twin["matches"] = [match | {"headers": [*match.get("headers", ()), header]} for match in matches]
        if index in moving(route, shift):
            rule = rules_of(route)[index]
            blue = rule["backendRefs"][backends_to(rule, shift.blue, home)[0]]
            twin["backendRefs"] = [aimed(blue, shift.pool(beta.candidate), home) | {"weight": 100}]
        twin.pop("name", None)
        yield {"name": _free_name(f"{beta.rule}-{index}", taken)} | twin if named else twin


def _free_name(wanted: str, taken: set[Any]) -> str:
    name = wanted
    while name in taken:
        name += "-x"
    return name
