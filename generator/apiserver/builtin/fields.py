"""Parse the table of fields: for each class, its fields and their constraints."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from generator.apiserver.builtin import formats, words
from generator.apiserver.builtin.field_table import ROWS
from generator.apiserver.builtin.quantities import quantity
from generator.apiserver.violations import Key, Violation
from generator.model.source import Path

Demand = Callable[[Any, Path], Iterator[Violation]]
"""Says what is wrong with the value of a field, which may be absent."""


def demands(class_: str, value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check the fields of an object of a class against the table."""
    for field, ask in table().get(class_, ()):
        yield from ask(value.get(field), (*path, field))


@cache
def table() -> Mapping[str, tuple[tuple[str, Demand], ...]]:
    """Return the fields of each class that a row speaks of, each with its demand."""
    found: dict[str, tuple[tuple[str, Demand], ...]] = {}
    module = ""
    for line in ROWS.strip().splitlines():
        if not line.startswith(" "):
            module = line
            continue
        class_, cells = line.split(None, 1)
        rows = (cell.split() for cell in cells.split(","))
        name = f"{module}.{class_}"
        found[name] = (*found.get(name, ()), *((field, _demand(words_)) for field, *words_ in rows))
    return found


def _demand(asked: list[str]) -> Demand:
    is_required = "required" in asked
    forms = [_form(word) for word in asked if word != "required"]

    def ask(value: Any, path: Path) -> Iterator[Violation]:
        if is_required and not value:
            yield words.required(path)
            return
        for form, is_absent, zero in forms:
            if not is_absent(value):
                yield from form(value, path)
            elif zero is not None:
                yield from form(zero, path)

    return ask


def _is_none(value: Any) -> bool:
    return value is None


def _is_empty(value: Any) -> bool:
    return value is None or (not value and not isinstance(value, int))


def _is_zero(value: Any) -> bool:
    return not value


_ABSENT: Mapping[str, Callable[[Any], bool]] = {"?": _is_none, "!": _is_empty}


def _form(word: str) -> tuple[Demand, Callable[[Any], bool], Any]:
    """Return a demand, what counts as absent, and the value that an absent field has: None for none."""
    name, *arguments = re.sub("[!?]", "", word).split(":")
    mark = next((mark for mark in "!?" if mark in word), "")
    absent = _ABSENT.get(mark, _is_zero if name in _PORTS else _is_empty)
    demand, zero = _asked(name, arguments)
    return demand, absent, zero if mark == "!" else None


def _asked(name: str, arguments: list[str]) -> tuple[Demand, Any]:
    if name == "oneof":
        return partial(_one_of, allowed=arguments[0].split("|")), ""
    if name in _NUMBERS:
        limits = [int(limit) for limit in arguments]
        lowest, highest = (limits[0], limits[1] if limits[1:] else None) if limits else _NUMBERS[name]
        return partial(_between, lowest=lowest, highest=highest), 0
    if name in _OTHERS:
        return _OTHERS[name], None
    return partial(_formed, form=_FORMS[name]), 0 if name in _PORTS else ""


def _one_of(value: Any, path: Path, *, allowed: list[str]) -> Iterator[Violation]:
    if value not in allowed:
        yield words.unsupported(path, value, allowed)


def _between(value: int, path: Path, *, lowest: int, highest: int | None) -> Iterator[Violation]:
    if highest is None and value < lowest:
        yield words.invalid(path, value, f"must be greater than or equal to {lowest}")
    elif highest is not None and not lowest <= value <= highest:
        yield words.invalid(path, value, f"must be between {lowest} and {highest}, inclusive")


def _formed(value: Any, path: Path, *, form: formats.Form) -> Iterator[Violation]:
    wrong = form(value)
    if wrong:
        yield words.invalid(path, value, wrong)


def labels(value: Mapping[str, str], path: Path) -> Iterator[Violation]:
    """Check the keys and values of labels, or of a selector that is written like them."""
    for key, item in value.items():
        yield from _formed(key, (*path, Key(key)), form=formats.qualified)
        yield from _formed(item or "", (*path, Key(key)), form=formats.label_value)


def _above(value: Any, path: Path, *, zero: bool) -> Iterator[Violation]:
    number = quantity(value)
    if number is not None and (number < 0 or (number == 0 and not zero)):
        least = "greater than or equal to 0" if zero else "positive"
        yield words.invalid(path, value, f"must be {least}")


_NUMBERS: Mapping[str, tuple[int, int | None]] = {
    "min": (0, None),
    "range": (0, None),
    "uid": (0, 2**31 - 1),
    "mode": (0, 0o777),
}
_PORTS = frozenset({"port", "port-or-name"})
_FORMS: Mapping[str, formats.Form] = {
    "label": formats.label,
    "subdomain": formats.subdomain,
    "segment": formats.path_segment,
    "qualified": formats.qualified,
    "port": formats.port,
    "port-name": formats.port_name,
    "port-or-name": formats.port_or_name,
    "env-name": formats.env_name,
    "config-key": formats.config_key,
    "header": formats.header,
    "descending": formats.descending,
    "no-backsteps": formats.no_backsteps,
    "count": formats.count_or_percent,
    "share": formats.share_or_count,
}
_OTHERS: Mapping[str, Demand] = {
    "labels": labels,
    "positive": partial(_above, zero=False),
    "non-negative": partial(_above, zero=True),
}
