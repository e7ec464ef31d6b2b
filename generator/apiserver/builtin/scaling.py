"""Autoscalers and disruption budgets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.apiserver.builtin import words
from generator.apiserver.builtin.metadata import selector
from generator.apiserver.violations import Violation
from generator.model.source import Path

_SOURCES: Mapping[str, str] = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
"""Type of a metric → the field that describes it."""

_TARGETS: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "containerResource": (("averageUtilization", "averageValue"), True),
    "external": (("averageValue", "value"), True),
    "object": (("averageValue", "value"), False),
    "pods": (("averageValue",), False),
    "resource": (("averageUtilization", "averageValue"), True),
}
"""Source of a metric → the targets that it can have, the usual one first, and whether there is only one."""


def autoscaler(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check an autoscaler: its least replicas are not above its most."""
    least, most = value.get("minReplicas"), value.get("maxReplicas") or 0
    if least is not None and most < least:
        yield words.invalid((*path, "maxReplicas"), most, "must be greater than or equal to `minReplicas`")


def metric(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a metric of an autoscaler: its one source is that of its type, with one target."""
    expected = _SOURCES.get(value.get("type") or "")
    given = [name for name in _TARGETS if value.get(name) is not None]
    if expected and expected not in given:
        yield words.required((*path, expected), "must populate information for the given metric source")
    for name in given:
        if expected and name != expected:
            yield words.forbidden((*path, name), "must populate the given metric source only")
    if expected in given:
        yield from _target(expected, value[expected], (*path, expected))


def _target(source: str, value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    target, where = value.get("target") or {}, (*path, "target")
    fields, is_one = _TARGETS[source]
    given = [name for name in fields if target.get(name) is not None]
    if not given:
        yield words.required((*where, fields[0]), f"must set {' or '.join(fields)}")
    elif is_one and len(given) > 1:
        yield words.forbidden((*where, given[1]), f"may not set both {' and '.join(fields)}")


def scaling_rules(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check rules of scaling that replace the usual ones: an empty list of policies allows nothing."""
    if value.get("policies") == []:
        yield words.required((*path, "policies"), "must specify at least one Policy")


def budget(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a disruption budget: it says what must stay, or what may go."""
    if value.get("minAvailable") is not None and value.get("maxUnavailable") is not None:
        why = "minAvailable and maxUnavailable cannot be both set"
        yield words.invalid((*path, "maxUnavailable"), value["maxUnavailable"], why)
    yield from selector(value.get("selector"), (*path, "selector"))
