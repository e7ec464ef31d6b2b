"""CEL's functions by name: global ones, those called on a value, and those of a namespace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import reduce
from itertools import pairwise
from typing import Any

from generator.apiserver.cel.operators import BINARY
from generator.apiserver.cel.strings import TEXT_MEMBERS, index_of
from generator.apiserver.cel.times import duration, moment, timestamp
from generator.apiserver.cel.values import (
    NONE,
    NUMBERS,
    CelError,
    Duration,
    Maybe,
    Timestamp,
    TypeName,
    UInt,
    Value,
    contains,
    equal,
    no_overload,
    unsigned,
    whole,
)


def _size(value: Value) -> int:
    if type(value) in (str, list, dict, bytes):
        return len(value)
    raise no_overload()


def _int(value: Value) -> int:
    if type(value) is Timestamp:
        return value // 10**9
    if type(value) in NUMBERS:
        return whole(int(value))
    if type(value) is str:
        return whole(_number(int, value))
    raise no_overload()


def _number(read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except ValueError:
        raise CelError(f"type conversion error from 'string': {text}") from None


def _uint(value: Value) -> UInt:
    return unsigned(_int(value))


def _double(value: Value) -> float:
    if type(value) in NUMBERS:
        return float(value)
    if type(value) is str:
        return float(_number(float, value))
    raise no_overload()


def _string(value: Value) -> str:
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is bytes:
        return value.decode()
    if type(value) is Duration:
        return f"{value / 10**9:.9f}".rstrip("0").rstrip(".") + "s"
    if type(value) in NUMBERS or not isinstance(value, (int, list, dict, type(None))):
        return f"{value:g}" if type(value) is float else str(value)
    raise no_overload()


def _bool(value: Value) -> bool:
    if type(value) is bool:
        return value
    known = {"1": True, "t": True, "T": True, "true": True, "TRUE": True, "True": True}
    known |= {"0": False, "f": False, "F": False, "false": False, "FALSE": False, "False": False}
    if type(value) is str and value in known:
        return known[value]
    raise CelError(f"type conversion error from 'string' to 'bool': {value}")


TYPES: Mapping[type, TypeName] = {
    bool: TypeName("bool"),
    int: TypeName("int"),
    UInt: TypeName("uint"),
    float: TypeName("double"),
    str: TypeName("string"),
    bytes: TypeName("bytes"),
    list: TypeName("list"),
    dict: TypeName("map"),
    type(None): TypeName("null_type"),
    TypeName: TypeName("type"),
}
"""The types that have a name in CEL."""


def _type(value: Value) -> TypeName:
    return TYPES.get(type(value)) or TypeName(type(value).__name__)


def _ordered(*tests: str) -> Callable[[Value], Value]:
    """Return the item of a list that stands in this order to all others."""

    def choose(items: Value) -> Value:
        if type(items) is not list or not items:
            raise CelError("list is empty") if type(items) is list else no_overload()
        return reduce(lambda best, item: item if BINARY[tests[0]](item, best) else best, items)

    return choose


def _sorted(items: Value) -> bool:
    return all(BINARY["<="](a, b) for a, b in pairwise(items))


def _sum(items: Value) -> Value:
    return reduce(BINARY["+"], items) if items else 0


def _index_of(value: Value, *args: Value) -> int:
    if type(value) is not list:
        return int(index_of(value, *args))
    return next((place for place, item in enumerate(value) if equal(item, args[0])), -1)


def _last_index_of(value: Value, *args: Value) -> int:
    if type(value) is not list:
        return int(TEXT_MEMBERS["lastIndexOf"](value, *args))
    return max((place for place, item in enumerate(value) if equal(item, args[0])), default=-1)


def _of_time(get: Callable[[datetime], int], seconds: int | None = None) -> Callable[..., int]:
    """Return a part of a point in time, or how many whole units of so many nanoseconds a duration has."""

    def run(value: Value, *_: Value) -> int:
        if type(value) is Timestamp:
            return get(moment(value))
        if type(value) is Duration and seconds:
            return abs(value) // seconds * (1 if value >= 0 else -1)
        raise no_overload()

    return run


def _value(maybe: Maybe) -> Value:
    if not maybe.has:
        raise CelError("optional.none() dereference")
    return maybe.value


def _within(part: Iterable[Value], whole_: Value) -> bool:
    return all(contains(whole_, item) for item in part)


MEMBERS: Mapping[str, Callable[..., Any]] = {
    **TEXT_MEMBERS,
    "size": _size,
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "isSorted": _sorted,
    "sum": _sum,
    "min": _ordered("<"),
    "max": _ordered(">"),
    "getFullYear": _of_time(lambda time: time.year),
    "getMonth": _of_time(lambda time: time.month - 1),
    "getDate": _of_time(lambda time: time.day),
    "getDayOfMonth": _of_time(lambda time: time.day - 1),
    "getDayOfWeek": _of_time(lambda time: time.isoweekday() % 7),
    "getDayOfYear": _of_time(lambda time: time.timetuple().tm_yday - 1),
    "getHours": _of_time(lambda time: time.hour, 3600 * 10**9),
    "getMinutes": _of_time(lambda time: time.minute, 60 * 10**9),
    "getSeconds": _of_time(lambda time: time.second, 10**9),
    "getMilliseconds": _of_time(lambda time: time.microsecond // 1000, 10**6),
    "hasValue": lambda maybe: maybe.has,
    "value": _value,
    "orValue": lambda maybe, other: maybe.value if maybe.has else other,
    "or": lambda maybe, other: maybe if maybe.has else other,
}
"""Functions called on a value."""

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "size": _size,
    "matches": TEXT_MEMBERS["matches"],
    "int": _int,
    "uint": _uint,
    "double": _double,
    "string": _string,
    "bool": _bool,
    "bytes": lambda value: value.encode() if type(value) is str else value,
    "dyn": lambda value: value,
    "type": _type,
    "duration": duration,
    "timestamp": timestamp,
}
"""Global functions."""

QUALIFIED: Mapping[str, Callable[..., Any]] = {
    "optional.none": lambda: NONE,
    "optional.of": lambda value: Maybe(True, value),
    "optional.ofNonZeroValue": lambda value: Maybe(True, value) if value else NONE,
    "sets.contains": lambda whole_, part: _within(part, whole_),
    "sets.equivalent": lambda a, b: _within(a, b) and _within(b, a),
    "sets.intersects": lambda a, b: any(contains(b, item) for item in a),
    "math.greatest": lambda *values: MEMBERS["max"](
        list(values[0]) if type(values[0]) is list else list(values)
    ),
    "math.least": lambda *values: MEMBERS["min"](
        list(values[0]) if type(values[0]) is list else list(values)
    ),
}
"""Functions of a namespace."""

_TABLES = {"member": MEMBERS, "global": FUNCTIONS, "qualified": QUALIFIED}


def function(kind: str, name: str) -> Callable[..., Any] | None:
    """Return a function; those of addresses, quantities and formats are loaded where one of them is named."""
    if name in _TABLES[kind]:
        return _TABLES[kind][name]
    from generator.apiserver.cel import kubernetes

    return kubernetes.TABLES[kind].get(name)
