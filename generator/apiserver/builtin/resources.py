"""Requests, limits and claims of containers: names of resources, amounts, and how the two agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.apiserver.builtin import formats, words
from generator.apiserver.builtin.quantities import is_whole, quantity
from generator.apiserver.violations import Key, Violation
from generator.model.source import Path

_COMPUTE = frozenset({"cpu", "memory"})
_STANDARD = _COMPUTE | {"ephemeral-storage"}
_HUGE = "hugepages-"
_WHOLE = "must be an integer"
_SIDES = ("limits", "requests")


def resources(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a container's resources: extended ones, such as accelerators, are whole and never shared."""
    sides = {side: _amounts(value.get(side) or {}) for side in _SIDES}
    for side, amounts in sides.items():
        for name, amount in amounts.items():
            yield from _one(name, amount, (*path, side, Key(name)))
    limits, requests = sides["limits"], sides["requests"]
    for name, amount in requests.items():
        yield from _agree(name, amount, limits.get(name), (*path, "requests", Key(name)))
    named = limits.keys() | requests.keys()
    if any(name.startswith(_HUGE) for name in named) and not named & _COMPUTE:
        yield words.forbidden(path, "hugepages require cpu or memory")
    names = [claim.get("name") for claim in value.get("claims") or () if claim]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield words.duplicate((*path, "claims", index), name)


def _amounts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the amounts of one side.

    A null is none of it, where a name that is absent is no word about it.
    """
    return {name: 0 if amount is None else amount for name, amount in given.items()}


def _one(name: str, amount: Any, path: Path) -> Iterator[Violation]:
    wrong = formats.qualified(name) or _strange(name)
    if wrong:
        yield words.invalid(path, name, wrong)
    number = quantity(amount)
    if number is None:
        return
    if number < 0:
        yield words.invalid(path, amount, "must be greater than or equal to 0")
    elif is_extended(name) and not is_whole(number):
        yield words.invalid(path, amount, _WHOLE)


def _strange(name: str) -> str:
    if "/" not in name:
        known = name in _STANDARD or name.startswith(_HUGE)
        return "" if known else "must be a standard resource for containers"
    if name.startswith("requests."):
        return "doesn't follow extended resource name standard"
    return ""


def is_extended(name: str) -> bool:
    """Return whether a resource is what a device plugin offers: of a domain that is not Kubernetes'."""
    return "/" in name and not name.split("/")[0].endswith("kubernetes.io")


def _agree(name: str, amount: Any, limit: Any, path: Path) -> Iterator[Violation]:
    exact = is_extended(name) or name.startswith(_HUGE)
    if limit is None:
        if exact:
            yield words.required(
                (*path[:-2], "limits"), f"limit must be set for non overcommitable resources ({name})"
            )
        return
    requested, allowed = quantity(amount), quantity(limit)
    if requested is None or allowed is None:
        return
    if exact and requested != allowed:
        yield words.invalid(path, amount, f"must be equal to {name} limit of {limit}")
    elif requested > allowed:
        yield words.invalid(path, amount, f"must be less than or equal to {name} limit of {limit}")
