"""CEL's operators, by the exact types of their operands; what no row has is `no such overload`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from generator.apiserver.cel.values import (
    NONE,
    NUMBERS,
    CelError,
    Duration,
    Maybe,
    Timestamp,
    UInt,
    Value,
    contains,
    equal,
    no_overload,
    unsigned,
    whole,
)

Binary = Callable[[Value, Value], Value]


def _divided(a: int, b: int) -> int:
    if b == 0:
        raise CelError("division by zero")
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _remainder(a: int, b: int) -> int:
    if b == 0:
        raise CelError("modulus by zero")
    return a - b * _divided(a, b)


def _float_divided(a: float, b: float) -> float:
    if b == 0:
        return float("nan") if a == 0 or a != a else float("inf") * a * (1 if str(b)[0] != "-" else -1)
    return a / b


def _duration(compute: Callable[[int, int], int]) -> Binary:
    return lambda a, b: Duration(whole(compute(a, b)))


def _timestamp(compute: Callable[[int, int], int]) -> Binary:
    return lambda a, b: Timestamp(compute(a, b))


def _int(compute: Callable[[int, int], int]) -> Binary:
    return lambda a, b: whole(compute(a, b))


def _uint(compute: Callable[[int, int], int]) -> Binary:
    return lambda a, b: unsigned(compute(int(a), int(b)))


_ARITHMETIC: Mapping[str, Mapping[tuple[type, type], Binary]] = {
    "+": {
        (int, int): _int(operator.add),
        (UInt, UInt): _uint(operator.add),
        (float, float): operator.add,
        (str, str): operator.add,
        (bytes, bytes): operator.add,
        (list, list): operator.add,
        (Duration, Duration): _duration(operator.add),
        (Timestamp, Duration): _timestamp(operator.add),
        (Duration, Timestamp): _timestamp(operator.add),
    },
    "-": {
        (int, int): _int(operator.sub),
        (UInt, UInt): _uint(operator.sub),
        (float, float): operator.sub,
        (Duration, Duration): _duration(operator.sub),
        (Timestamp, Duration): _timestamp(operator.sub),
        (Timestamp, Timestamp): _duration(operator.sub),
    },
    "*": {
        (int, int): _int(operator.mul),
        (UInt, UInt): _uint(operator.mul),
        (float, float): operator.mul,
    },
    "/": {(int, int): _int(_divided), (UInt, UInt): _uint(_divided), (float, float): _float_divided},
    "%": {(int, int): _int(_remainder), (UInt, UInt): _uint(_remainder)},
}

_COMPARED: Mapping[type, frozenset[type]] = {
    **{type_: frozenset({type_}) for type_ in (str, bool, bytes, Duration, Timestamp)},
    **dict.fromkeys(NUMBERS, NUMBERS),
}
"""Type → the types that it can be ordered against."""


def _arithmetic(symbol: str) -> Binary:
    rows = _ARITHMETIC[symbol]

    def compute(a: Value, b: Value) -> Value:
        row = rows.get((type(a), type(b)))
        if row is None:
            raise no_overload()
        return row(a, b)

    return compute


def _ordered(compare: Callable[[Value, Value], bool]) -> Binary:
    def run(a: Value, b: Value) -> bool:
        if type(b) not in _COMPARED.get(type(a), frozenset()):
            raise no_overload()
        return compare(a, b)

    return run


def index(collection: Value, key: Value) -> Value:
    """Return the item of a list or the value of a map; raise `CelError` where there is none."""
    if type(collection) is list:
        if type(key) not in NUMBERS or key != int(key):
            raise no_overload()
        if not 0 <= key < len(collection):
            raise CelError(f"index out of bounds: {int(key)}")
        return collection[int(key)]
    if type(collection) is dict:
        if key in collection:
            return collection[key]
        raise CelError(f"no such key: {key}")
    if type(collection) is Maybe:
        return maybe_index(collection, key)
    raise no_overload()


def maybe_index(collection: Value, key: Value) -> Maybe:
    """Return the item as an optional value: `list[?0]`, `map[?'key']`."""
    if type(collection) is Maybe:
        return maybe_index(collection.value, key) if collection.has else NONE
    try:
        return Maybe(True, index(collection, key))
    except CelError as error:
        if str(error).startswith("no such overload"):
            raise
        return NONE


BINARY: Mapping[str, Binary] = {
    **{symbol: _arithmetic(symbol) for symbol in _ARITHMETIC},
    "==": equal,
    "!=": lambda a, b: not equal(a, b),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "in": lambda a, b: contains(b, a),
    "[]": index,
    "[?]": maybe_index,
}
"""Operator → its function of two values."""


def negated(value: Value) -> Value:
    """Compute `-value`."""
    if type(value) is int:
        return whole(-value)
    if type(value) is float:
        return -value
    if type(value) is Duration:
        return Duration(whole(-value))
    raise no_overload()


def inverted(value: Value) -> bool:
    """Compute `!value`."""
    if type(value) is bool:
        return not value
    raise no_overload()
