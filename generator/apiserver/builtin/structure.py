"""Structure: every field is known and every value of its type, as the strict decoding of a server asks.

Each class is compiled once into a function that walks a value and notes what it finds.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from generator.apiserver.builtin import words
from generator.apiserver.builtin.classes import read
from generator.apiserver.builtin.quantities import WANTED, quantity
from generator.apiserver.violations import Key, Violation
from generator.model.source import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """What a walk noted: violations, and each object of a class with its place."""

    violations: list[Violation] = field(default_factory=list)
    objects: list[tuple[str, Mapping[str, Any], Path]] = field(default_factory=list)


Visit = Callable[[Any, Path, Walk], None]

_LONG = frozenset(
    {
        "activeDeadlineSeconds",
        "deletionGracePeriodSeconds",
        "expirationSeconds",
        "fsGroup",
        "generation",
        "observedGeneration",
        "runAsGroup",
        "runAsUser",
        "seconds",
        "startingDeadlineSeconds",
        "supplementalGroups",
        "terminationGracePeriodSeconds",
        "tolerationSeconds",
    }
)
"""Whole numbers of 64 bits, by the name of their field; the others have 32."""

_QUANTITIES = frozenset(
    {
        "allocatable",
        "allocatedResources",
        "capacity",
        "default",
        "defaultRequest",
        "hard",
        "limits",
        "max",
        "maxLimitRequestRatio",
        "min",
        "overhead",
        "podFixed",
        "requests",
        "used",
    }
)
"""Maps with quantities as their values, by the name of their field."""

_BYTES = frozenset({"core_v1.Secret.data", "core_v1.ConfigMap.binaryData"})
"""Maps with base64 as their values, by class and field."""

_OPEN = frozenset({"resource_v1", "resource_v1alpha3", "resource_v1beta1", "resource_v1beta2"})
"""Modules whose maps hold objects that the package does not describe."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def walk(class_: str, value: Any, path: Path) -> Walk:
    """Walk a value of a class."""
    found = Walk()
    _object(class_)(value, path, found)
    return found


@cache
def _object(class_: str) -> Visit:
    model = read(class_)
    if not model.fields:
        return _moment if class_.endswith("Time") else _anything
    # Made when first met: a class may hold itself.
    visits: dict[str, Visit] = {}

    def visit(value: Any, path: Path, found: Walk) -> None:
        if value is None:
            return
        if not isinstance(value, dict):
            found.violations.append(words.mistyped(path, value, "a mapping"))
            return
        found.objects.append((class_, value, path))
        for key, item in value.items():
            one = visits.get(key)
            if one is None:
                if key not in model.fields:
                    found.violations.append(words.unknown((*path, key), model.fields))
                    continue
                one = visits[key] = _visit(model.fields[key], f"{class_}.{key}")
            if item is not None:
                one(item, (*path, key), found)

    return visit


def _visit(type_: str, where: str) -> Visit:
    if type_.startswith("List["):
        inner = type_[5:-1]
        return _items(_visit(inner, where), {} if read(inner).fields else None)
    if type_ == "dict":
        return _map_of(where)
    if type_ == "int":
        return _whole_number(63 if where.rpartition(".")[2] in _LONG else 31)
    return _SCALARS.get(type_) or _object(type_)


def _map_of(where: str) -> Visit:
    if where.partition(".")[0] in _OPEN:
        return _anything
    if where in _BYTES:
        return _map(_bytes)
    return _map(_SCALARS["resource.Quantity"] if where.rpartition(".")[2] in _QUANTITIES else _SCALARS["str"])


def _items(one: Visit, empty: Any) -> Visit:
    """Visit each item; a null counts as an empty object, or as an empty text, which is always one."""

    def visit(value: Any, path: Path, found: Walk) -> None:
        if not isinstance(value, list):
            found.violations.append(words.mistyped(path, value, "a list"))
            return
        for index, item in enumerate(value):
            given = empty if item is None else item
            if given is not None:
                one(given, (*path, index), found)

    return visit


def _map(one: Visit) -> Visit:
    def visit(value: Any, path: Path, found: Walk) -> None:
        if not isinstance(value, dict):
            found.violations.append(words.mistyped(path, value, "a mapping"))
            return
        for key, item in value.items():
            if item is not None:
                one(item, (*path, Key(key)), found)

    return visit


def _scalar(good: Callable[[Any], bool], wanted: str) -> Visit:
    def visit(value: Any, path: Path, found: Walk) -> None:
        if not good(value):
            found.violations.append(words.mistyped(path, value, wanted))

    return visit


def _is_int(value: Any, bits: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(1 << bits) <= value < 1 << bits


@cache
def _whole_number(bits: int) -> Visit:
    return _scalar(lambda value: _is_int(value, bits), f"a whole number of {bits + 1} bits")


def _is_base64(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _anything(_: Any, __: Path, ___: Walk) -> None:
    return


_bytes = _scalar(_is_base64, "base64")
_moment = _scalar(
    lambda value: isinstance(value, str) and bool(_MOMENT.fullmatch(value)),
    "a moment such as 2026-01-31T08:00:00Z",
)
_SCALARS: Mapping[str, Visit] = {
    "str": _scalar(lambda value: isinstance(value, str), "text"),
    "bool": _scalar(lambda value: isinstance(value, bool), "true or false"),
    "float": _scalar(
        lambda value: isinstance(value, (int, float)) and not isinstance(value, bool), "a number"
    ),
    "resource.Quantity": _scalar(lambda value: quantity(value) is not None, WANTED),
    "util_intstr.IntOrString": _scalar(
        lambda value: isinstance(value, str) or _is_int(value, 31), "a whole number or text"
    ),
    "runtime.RawExtension": _anything,
}
