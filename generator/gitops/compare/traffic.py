"""What routes and rewrites do with requests, read from the objects themselves: shares by backend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from generator.gitops.compare.fields import rule_text
from generator.gitops.compare.model import TrafficChange
from generator.kubernetes.routes import DIVIDING_KINDS, portions
from generator.model.manifests import INFERENCE, Identity, Manifest, dig
from generator.model.weights import NONE, WHOLE

Flow = dict[tuple[str, bool], Fraction]
"""Share by backend, and by whether it gets copies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rule:
    text: str
    flow: Flow


def shifts(before: Iterable[Manifest], after: Iterable[Manifest]) -> tuple[TrafficChange, ...]:
    """Return every backend of every rule whose percent differs, and its neighbours in the same rule."""
    one, other = _rules(before), _rules(after)
    found: list[TrafficChange] = []
    for key in dict.fromkeys((*other, *one)):
        found += _compared(key[0], one.get(key), other.get(key))
    return tuple(found)


def flows(objects: Iterable[Manifest]) -> tuple[TrafficChange, ...]:
    """Return what every rule does with its requests, as shifts from nothing."""
    return shifts((), objects)


def _compared(object_: Identity, one: _Rule | None, other: _Rule | None) -> list[TrafficChange]:
    before, after = one.flow if one else None, other.flow if other else None
    rule = other or one
    if rule is None or before == after:
        return []
    return [
        TrafficChange(
            object=object_,
            rule=rule.text,
            backend=backend,
            copies=copies,
            before=_share(before, (backend, copies)),
            after=_share(after, (backend, copies)),
        )
        for backend, copies in dict.fromkeys((*(before or {}), *(after or {})))
    ]


def _share(flow: Flow | None, key: tuple[str, bool]) -> Fraction | None:
    """Return a backend's share: 0 where the rule is there without it, None where there is no rule."""
    return None if flow is None else flow.get(key, NONE)


def _rules(objects: Iterable[Manifest]) -> dict[tuple[Identity, str, int], _Rule]:
    """Return the rules of all routes by what they are; a number tells those that are alike."""
    found: dict[tuple[Identity, str, int], _Rule] = {}
    for item in objects:
        if item.kind in DIVIDING_KINDS:
            for rule in _mappings(item.get("spec", "rules")):
                text, number = rule_text(rule), 0
                while (item.identity, text, number) in found:
                    number += 1
                shown = f"{text} #{number + 1}" if number else text
                found[item.identity, text, number] = _Rule(text=shown, flow=_flow(item, rule))
    return found


def _flow(item: Manifest, rule: Mapping[str, Any]) -> Flow:
    flow: Flow = {}
    for part in portions(item.kind, rule):
        key = (_backend(part.entry, item), False)
        flow[key] = flow.get(key, NONE) + part.share
    for filter_ in _mappings(rule.get("filters")):
        mirror = dig(filter_, "requestMirror")
        if isinstance(mirror, Mapping):
            flow[_backend(dig(mirror, "backendRef", default={}), item), True] = _copied(mirror)
    return flow


def _copied(mirror: Mapping[str, Any]) -> Fraction:
    numerator, denominator = (
        dig(mirror, "fraction", part, default=100) for part in ("numerator", "denominator")
    )
    whole = (
        (numerator, denominator) if dig(mirror, "fraction") else (dig(mirror, "percent", default=100), 100)
    )
    if not all(isinstance(number, int) for number in whole):
        return WHOLE
    return Fraction(*whole) if whole[1] else NONE


def _backend(ref: Any, item: Manifest) -> str:
    """Name a backend: its kind where that is not the usual one, its namespace where it is another."""
    ref = ref if isinstance(ref, Mapping) else {}
    if "modelRewrite" in ref:
        return str(ref["modelRewrite"])
    kind, namespace = ref.get("kind", "Service"), ref.get("namespace", item.identity.namespace)
    name = str(ref.get("name"))
    if namespace != item.identity.namespace:
        name = f"{namespace}/{name}"
    if kind == "InferencePool" and ref.get("group") == INFERENCE:
        return name
    group = f".{ref['group']}" if ref.get("group") else ""
    port = f":{ref['port']}" if ref.get("port") else ""
    return f"{kind}{group} {name}{port}"


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else iter(())
