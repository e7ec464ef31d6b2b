"""The values of CEL that JSON has no type for, and when two values are equal.

JSON's own values stand for themselves: str, int, float, bool, None, list, dict. What CEL tells apart is
told apart by the exact type: `True` is no int here, and a `Duration` is no number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Value = Any


class CelError(Exception):
    """An evaluation failed; the text is what an API server says of it."""


class Unsupported(Exception):
    """The rule says something that this compiler does not know: it is no rule to judge by."""


class UInt(int):
    """An unsigned integer, `1u`."""


class Duration(int):
    """A span of time in nanoseconds."""


class Timestamp(int):
    """A point in time, in nanoseconds since 1970."""


class TypeName(str):
    """The type of a value, as `type(x)` gives it and `int` names it."""

    __slots__ = ()


class Maybe:
    """An optional value of CEL: `optional.of(x)`, `optional.none()`."""

    __slots__ = ("has", "value")

    def __init__(self, has: bool, value: Value = None) -> None:
        self.has = has
        self.value = value


NONE = Maybe(False)
NUMBERS = frozenset({int, float, UInt})
INT64 = range(-(2**63), 2**63)
UINT64 = range(2**64)


def no_overload() -> CelError:
    """Return the error of an operator or function whose arguments have types that it does not take."""
    return CelError("no such overload")


def equal(a: Value, b: Value) -> bool:
    """Return whether two values are equal: numbers across their types, other types never across."""
    kind = type(a)
    if kind is type(b):
        compare = _EQUAL.get(kind)
        return compare(a, b) if compare else bool(a == b)
    return kind in NUMBERS and type(b) in NUMBERS and bool(a == b)


def _lists(a: list[Value], b: list[Value]) -> bool:
    return len(a) == len(b) and all(map(equal, a, b))


def _maps(a: dict[str, Value], b: dict[str, Value]) -> bool:
    return a.keys() == b.keys() and all(equal(value, b[key]) for key, value in a.items())


def _maybes(a: Maybe, b: Maybe) -> bool:
    return a.has == b.has and (not a.has or equal(a.value, b.value))


_EQUAL: dict[type, Callable[[Any, Any], bool]] = {list: _lists, dict: _maps, Maybe: _maybes}


def contains(collection: Value, value: Value) -> bool:
    """Return whether a list holds an equal value, or a map an equal key."""
    if type(collection) is list:
        return any(equal(item, value) for item in collection)
    if type(collection) is dict:
        return any(equal(key, value) for key in collection)
    raise no_overload()


def whole(number: int) -> int:
    """Return an integer that fits into 64 bits; raise `CelError` for another."""
    if number in INT64:
        return number
    raise CelError("integer overflow")


def unsigned(number: int) -> UInt:
    """Return an unsigned integer that fits into 64 bits; raise `CelError` for another."""
    if number in UINT64:
        return UInt(number)
    raise CelError("unsigned integer overflow")
