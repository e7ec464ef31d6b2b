"""Validate a plan against its JSON Schema; findings are about the chosen strategy only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.source import Document, Path
from generator.plan.messages import KEYWORDS
from generator.plan.quick_check import accepts
from generator.plan.schema import PLAN, definition, load, strategies

_ABOUT_KEYS = frozenset({"RP101", "RP102", "RP107", "RP108"})
"""Codes whose finding points at a key; the others point at a value, unless there is none."""


def validate(document: Document) -> Reporting[None]:
    """Add a finding for each way in which a plan's document departs from the schema.

    The common part is checked first; the rest of `spec` against the schema of the strategy that the
    plan names, once it names one.
    """
    strategy = _strategy(document.data)
    if not accepts(load(PLAN), document.data, definition):
        for error in _errors(_validator(PLAN), document.data):
            yield from _report(error, (), document)
    if strategy is not None and not accepts(load(strategy), document.data["spec"], definition):
        for error in _errors(_validator(strategy), document.data["spec"]):
            yield from _report(error, ("spec",), document)


def _strategy(data: Any) -> str | None:
    try:
        name = data["spec"]["strategy"]["type"]
    except (KeyError, TypeError):
        return None
    return name if isinstance(name, str) and name in strategies() else None


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft7Validator, validators
    from referencing import Registry, Resource

    plan = load(PLAN)
    registry: Registry[Any] = Registry().with_resource(plan["$id"], Resource.from_contents(plan))
    strict = validators.extend(  # type: ignore[no-untyped-call]
        Draft7Validator,
        {"pattern": _pattern},
        type_checker=Draft7Validator.TYPE_CHECKER.redefine("integer", _is_integer),
    )
    return strict(load(name), registry=registry)


def _pattern(_: Any, expression: str, instance: Any, __: Any) -> Iterator[Any]:
    """Match the whole text: `$` of Python's `search` also matches before a final line break."""
    from jsonschema import ValidationError

    if isinstance(instance, str) and not re.fullmatch(expression, instance, re.ASCII):
        yield ValidationError("does not match")


def _is_integer(_: Any, instance: Any) -> bool:
    """Refuse 1.0, an integer to JSON Schema: Kubernetes refuses it too."""
    return isinstance(instance, int) and not isinstance(instance, bool)


def _errors(validator: Any, data: Any) -> list[Any]:
    return sorted(validator.iter_errors(data), key=lambda error: [str(step) for step in error.absolute_path])


def _report(error: Any, base: Path, document: Document) -> Reporting[None]:
    path = base + tuple(error.absolute_path)
    row = KEYWORDS[str(error.validator)]
    for code, message, hint, about in row(error, path):
        of_key = code in _ABOUT_KEYS or (error.instance is None and about == path)
        where = document.at_key(about) if of_key else document.at(about)
        yield finding(code, message, where, hint)
