"""Comprehensions: `all`, `exists`, `exists_one`, `filter` and `map`, over lists and the keys of maps.

`all` and `exists` forgive an error where another item decides; the other three do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from generator.apiserver.cel.values import CelError, Value, no_overload

Scope = list[Value]
"""The values of names while a rule runs, by the place that the compiler gave them."""

Run = Callable[[Scope], Value]

Comprehension = Callable[[Run, int, tuple[Run, ...]], Run]
"""Makes the closure of a macro: what it ranges over, the place of its name, and its other arguments."""


def items(collection: Value) -> Iterable[Value]:
    """Return what a comprehension ranges over."""
    if type(collection) is list or type(collection) is dict:
        return collection
    raise no_overload()


def truth(value: Value) -> bool:
    """Return a boolean as it is; raise `CelError` for any other value."""
    if value is True or value is False:
        return bool(value)
    raise no_overload()


def _deciding(decisive: bool) -> Comprehension:
    """Make `exists` (True decides) or `all` (False decides)."""

    def make(over: Run, place: int, args: tuple[Run, ...]) -> Run:
        (predicate,) = args

        def run(scope: Scope) -> Value:
            failed: CelError | None = None
            for item in items(over(scope)):
                scope[place] = item
                try:
                    verdict = predicate(scope)
                    if verdict is decisive:
                        return decisive
                    if verdict is not (not decisive):
                        raise no_overload()
                except CelError as error:
                    failed = failed or error
            if failed is not None:
                raise failed
            return not decisive

        return run

    return make


def _exists_one(over: Run, place: int, args: tuple[Run, ...]) -> Run:
    (predicate,) = args

    def run(scope: Scope) -> bool:
        count = 0
        for item in items(over(scope)):
            scope[place] = item
            if truth(predicate(scope)):
                count += 1
        return count == 1

    return run


def _filter(over: Run, place: int, args: tuple[Run, ...]) -> Run:
    (predicate,) = args

    def run(scope: Scope) -> list[Value]:
        kept = []
        for item in items(over(scope)):
            scope[place] = item
            if truth(predicate(scope)):
                kept.append(item)
        return kept

    return run


def _map(over: Run, place: int, args: tuple[Run, ...]) -> Run:
    *predicates, transform = args

    def run(scope: Scope) -> list[Value]:
        made = []
        for item in items(over(scope)):
            scope[place] = item
            if all(truth(predicate(scope)) for predicate in predicates):
                made.append(transform(scope))
        return made

    return run


COMPREHENSIONS: Mapping[tuple[str, int], Comprehension] = {
    ("all", 2): _deciding(False),
    ("exists", 2): _deciding(True),
    ("exists_one", 2): _exists_one,
    ("existsOne", 2): _exists_one,
    ("filter", 2): _filter,
    ("map", 2): _map,
    ("map", 3): _map,
}
"""Macro by its name and how many arguments it takes."""
