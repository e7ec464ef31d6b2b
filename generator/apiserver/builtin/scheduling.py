"""Where pods may run: tolerations, affinity, topology spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.apiserver.builtin import formats, words
from generator.apiserver.builtin.metadata import selector
from generator.apiserver.violations import Violation
from generator.model.source import Path


def toleration(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a toleration: which operator takes a value, and which needs a key."""
    operator, item = value.get("operator") or "", value.get("value") or ""
    where = (*path, "operator")
    if not value.get("key") and operator != "Exists":
        yield words.invalid(
            where, operator, "operator must be Exists when `key` is empty, which means all keys"
        )
    if value.get("tolerationSeconds") is not None and value.get("effect") != "NoExecute":
        why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield words.invalid((*path, "effect"), value.get("effect") or "", why)
    if operator in {"", "Equal"}:
        if formats.label_value(item):
            yield words.invalid(where, item, formats.label_value(item))
    elif operator != "Exists":
        yield words.unsupported(where, operator, ("Equal", "Exists"))
    elif item:
        yield words.invalid(where, item, "value must be empty when `operator` is 'Exists'")


_VALUES: Mapping[str, tuple[int, int | None, str]] = {
    "In": (1, None, "must be specified when `operator` is 'In' or 'NotIn'"),
    "NotIn": (1, None, "must be specified when `operator` is 'In' or 'NotIn'"),
    "Exists": (0, 0, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
    "DoesNotExist": (0, 0, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
    "Gt": (1, 1, "must be specified single value when `operator` is 'Lt' or 'Gt'"),
    "Lt": (1, 1, "must be specified single value when `operator` is 'Lt' or 'Gt'"),
}
"""Operator of a node's label → how many values it takes, and what to say where it has others."""


def node_requirement(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a demand on the labels of nodes."""
    operator, values = value.get("operator") or "", value.get("values") or ()
    if operator not in _VALUES:
        yield words.invalid((*path, "operator"), operator, "not a valid selector operator")
        return
    least, most, why = _VALUES[operator]
    if len(values) < least or (most and len(values) > most):
        yield words.required((*path, "values"), why)
    elif most == 0 and values:
        yield words.forbidden((*path, "values"), why)


def spread(pod: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a pod's topology spread: each pair of key and reaction once."""
    seen: set[tuple[Any, Any]] = set()
    for index, item in enumerate(pod.get("topologySpreadConstraints") or ()):
        where, item = (*path, "topologySpreadConstraints", index), item or {}
        pair = (item.get("topologyKey"), item.get("whenUnsatisfiable"))
        if pair in seen and all(pair):
            yield words.duplicate((*where, "topologyKey"), f"{{{pair[0]}, {pair[1]}}}")
        seen.add(pair)
        if item.get("minDomains") is not None and pair[1] != "DoNotSchedule":
            why = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {pair[1]}"
            yield words.invalid((*where, "minDomains"), item["minDomains"], why)
        yield from selector(item.get("labelSelector"), (*where, "labelSelector"))


def affinity_term(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a term of pod affinity: its selectors and namespaces."""
    for field in ("labelSelector", "namespaceSelector"):
        yield from selector(value.get(field), (*path, field))
    for index, name in enumerate(value.get("namespaces") or ()):
        if formats.label(name or ""):
            yield words.invalid((*path, "namespaces", index), name, formats.label(name or ""))
