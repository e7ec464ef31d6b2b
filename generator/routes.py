"""HTTPRoutes through a rollout: weights, beta rules, and nothing else of them changes.

Lists of rules, matches and backendRefs are replaced whole by the API server (contract §1.4), so each
stage holds the complete route with every foreign field kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import lcm
from typing import Any

from generator.manifests import INFERENCE, Manifest
from generator.model import Backend, Split
from generator.weights import WHOLE, divide, factor, percent

BLUE, GREEN = "blue", "green"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """Traffic that moves from one pool to another, in whole parts of `total`."""

    blue: str
    green: str
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Beta:
    """The header that sends a request to green before any weight does."""

    name: str
    value: str

    def __str__(self) -> str:
        """Say `x-rollout: green`, as the header is written."""
        return f"{self.name}: {self.value}"


def rules_of(route: Manifest) -> list[Mapping[str, Any]]:
    """Give the rules of a route, as they are."""
    found: list[Mapping[str, Any]] = route.get("spec", "rules", default=[])
    return found


def references(rule: Mapping[str, Any], pool: str) -> tuple[int, ...]:
    """Give the indexes of the backendRefs that name the pool; a rule may name it more than once."""
    wanted = {"group": INFERENCE, "kind": "InferencePool", "name": pool}
    refs = enumerate(rule.get("backendRefs") or ())
    return tuple(index for index, ref in refs if wanted.items() <= ref.items())


def rules_to(route: Manifest, pool: str) -> Iterator[int]:
    """Give the indexes of the rules that send requests to the pool."""
    return (index for index, rule in enumerate(rules_of(route)) if references(rule, pool))


def contested(route: Manifest, pool: str) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Give the index of each rule that competes with a rule to the pool, and the matches by which it does.

    Between matches that differ in headers and parameters alone, a header more decides (contract §1.4).
    """
    rules = [[dict(match) for match in rule.get("matches") or [{}]] for rule in rules_of(route)]
    wanted = [_bare(match) for index in rules_to(route, pool) for match in rules[index]]
    for index, matches in enumerate(rules):
        found = [match for match in matches if _bare(match) in wanted]
        if found:
            yield index, found


def _bare(match: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in match.items() if key not in {"headers", "queryParams"}}


def shifted(route: Manifest, shift: Shift, share: Decimal, beta: Beta | None, *, named: bool) -> Manifest:
    """Give the route with green at `share` percent of what blue had in each rule.

    Both backends stay, at weight 0 too: the data plane keeps knowing them, and each weight stage
    differs from the next in weights alone. With `beta`, every rule that sends requests to blue gets a
    twin before all rules that demands the header as well and sends to green. A rule with matches of the
    same path gets a twin that sends where the rule does: it would lose requests to the longer match.
    `named` gives the twins names, which standard HTTPRoutes have since Gateway API v1.4.
    """
    rules = [_split(rule, shift, share) for rule in rules_of(route)]
    twins = _twins(route, shift, beta, named=named) if beta else []
    return route.put([*twins, *rules], "spec", "rules")


def finalized(route: Manifest, shift: Shift) -> Manifest:
    """Give the route with green in the place of blue, and no reference to blue left."""
    rules = []
    for rule in rules_of(route):
        both = _split(rule, shift, WHOLE)
        blue = references(both, shift.blue)
        if blue:
            both["backendRefs"] = [ref for place, ref in enumerate(both["backendRefs"]) if place not in blue]
        rules.append(both)
    return route.put(rules, "spec", "rules")


def splits(route: Manifest, shift: Shift) -> tuple[Split, ...]:
    """Give what each rule that knows blue or green does with its requests."""
    found = []
    for index, rule in enumerate(rules_of(route)):
        backends = tuple(_backends(rule, shift))
        if backends:
            name = str(rule.get("name") or f"rules[{index}]")
            found.append(
                Split(object=route.identity, rule=name, condition=_condition(rule), backends=backends)
            )
    return tuple(found)


def _split(rule: Mapping[str, Any], shift: Shift, share: Decimal) -> dict[str, Any]:
    blue = references(rule, shift.blue)
    if not blue:
        return dict(rule)
    refs = rule["backendRefs"]
    # A backend that is alone has the whole, whatever weight it says.
    weights = [ref["weight"] for ref in refs] if len(refs) > 1 else [1]
    times = lcm(*(factor(weights[place], shift.total) for place in blue))
    split: list[Any] = []
    for place, ref in enumerate(refs):
        weight = weights[place] * times
        if place in blue:
            stays, moves = divide(weight, share)
            split += [ref | {"weight": stays}, ref | {"name": shift.green, "weight": moves}]
        else:
            split.append(ref | {"weight": weight})
    return {**rule, "backendRefs": split}


def _twins(route: Manifest, shift: Shift, beta: Beta, *, named: bool) -> list[dict[str, Any]]:
    header = {"type": "Exact", "name": beta.name, "value": beta.value}
    taken = {rule.get("name") for rule in rules_of(route)}
    twins = []
    for index, matches in contested(route, shift.blue):
        rule = rules_of(route)[index]
        twin = {
            **rule,
            "matches": [match | {"headers": [*match.get("headers", ()), header]} for match in matches],
        }
        for place in references(rule, shift.blue)[:1]:
            twin["backendRefs"] = [rule["backendRefs"][place] | {"name": shift.green, "weight": 100}]
        twin.pop("name", None)
        twins.append({"name": _free_name(index, taken)} | twin if named else twin)
    return twins


def _free_name(index: int, taken: set[Any]) -> str:
    name = f"beta-{index}"
    while name in taken:
        name += "-x"
    return name


def _backends(rule: Mapping[str, Any], shift: Shift) -> Iterator[Backend]:
    refs = rule.get("backendRefs") or ()
    versions = {shift.blue: BLUE, shift.green: GREEN}
    if not any(references(rule, pool) for pool in versions):
        return
    total = sum(ref["weight"] for ref in refs)
    for ref in refs:
        version = versions.get(ref["name"], "") if ref["kind"] == "InferencePool" else ""
        weight = ref["weight"]
        yield Backend(version=version, name=ref["name"], weight=weight, share=percent(weight, total))


def _condition(rule: Mapping[str, Any]) -> str:
    """Say which header a rule demands in every match, or nothing."""
    wanted = [
        [f"{header['name']}: {header['value']}" for header in match.get("headers", ())]
        for match in rule.get("matches", ())
    ]
    return ", ".join(wanted[0]) if wanted and all(headers == wanted[0] for headers in wanted) else ""
