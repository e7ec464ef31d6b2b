"""Compile fields, `has`, `&&`, `||` and `? :`, which do not evaluate all of their operands."""

from __future__ import annotations

from contextlib import suppress

from generator.apiserver.cel.macros import Run, Scope
from generator.apiserver.cel.values import NONE, CelError, Maybe, Value, no_overload


def selected(of: Run, field: str) -> Run:
    """Make `of.field`."""

    def run(scope: Scope) -> Value:
        value = of(scope)
        if type(value) is dict:
            try:
                return value[field]
            except KeyError:
                raise CelError(f"no such key: {field}") from None
        if type(value) is Maybe:
            return maybe_field(value, field)
        raise no_overload()

    return run


def maybe_field(value: Value, field: str) -> Maybe:
    """Return a field as an optional value."""
    if type(value) is Maybe:
        return maybe_field(value.value, field) if value.has else NONE
    if type(value) is not dict:
        raise no_overload()
    return Maybe(True, value[field]) if field in value else NONE


def present(of: Run, field: str) -> Run:
    """Make `has(of.field)`."""

    def run(scope: Scope) -> bool:
        value = of(scope)
        if type(value) is dict:
            return bool(field in value)
        if type(value) is Maybe:
            return maybe_field(value, field).has
        raise no_overload()

    return run


def absorbing(decisive: bool, left: Run, right: Run) -> Run:
    """Make `||` (True decides) or `&&` (False decides): either side decides, even where the other fails."""
    neutral = not decisive

    def settle(scope: Scope, failed: CelError) -> Value:
        with suppress(CelError):  # of two errors, the left one is told
            if right(scope) is decisive:
                return decisive
        raise failed

    def run(scope: Scope) -> Value:
        try:
            value = left(scope)
        except CelError as failed:
            return settle(scope, failed)
        if value is decisive:
            return decisive
        if value is not neutral:
            return settle(scope, no_overload())
        value = right(scope)
        if value is True or value is False:
            return bool(value)
        raise no_overload()

    return run


def choice(condition: Run, then: Run, otherwise: Run) -> Run:
    """Make `condition ? then : otherwise`."""

    def run(scope: Scope) -> Value:
        value = condition(scope)
        if value is True:
            return then(scope)
        if value is False:
            return otherwise(scope)
        raise no_overload()

    return run


def mapped(of: Run, place: int, transform: Run, *, flat: bool) -> Run:
    """Make `of.optMap(name, transform)`, or `optFlatMap` where it is flat."""

    def run(scope: Scope) -> Value:
        value = of(scope)
        if type(value) is not Maybe:
            raise no_overload()
        if not value.has:
            return NONE
        scope[place] = value.value
        made = transform(scope)
        return made if flat else Maybe(True, made)

    return run
