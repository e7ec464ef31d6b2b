"""Validate a plan against its JSON Schema; every finding speaks of the chosen strategy alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from difflib import get_close_matches
from functools import cache
from typing import Any

from generator.accept import accepts
from generator.codes import CODES
from generator.diagnostics import Findings
from generator.resources import SCHEMAS
from generator.source import Document, Path, quoted

STRATEGIES = SCHEMAS / "strategies"


def validate(document: Document, found: Findings) -> None:
    """Add a finding for each way in which a plan's document departs from the schema.

    The common part is checked first; the rest of `spec` against the schema of the strategy that the
    plan names, once it names one.
    """
    strategy = _strategy(document.data)
    if not accepts(_load("plan"), document.data, _resolve):
        for error in _errors(_validator("plan"), document.data):
            _report(error, (), document, found)
    if strategy is not None and not accepts(_load(strategy), document.data["spec"], _resolve):
        for error in _errors(_validator(strategy), document.data["spec"]):
            _report(error, ("spec",), document, found)


def bundled_schema() -> dict[str, Any]:
    """Give the whole schema as one document, for editors: a branch for each strategy."""
    schema: dict[str, Any] = deepcopy(_load("plan"))
    names = schema["properties"]["spec"]["properties"]["strategy"]["properties"]["type"]["enum"]
    schema["properties"]["spec"]["allOf"] = [
        {"if": _names_strategy(name), "then": _inlined(_load(name))} for name in names
    ]
    return schema


def _names_strategy(name: str) -> dict[str, Any]:
    type_ = {"required": ["type"], "properties": {"type": {"const": name}}}
    return {"required": ["strategy"], "properties": {"strategy": type_}}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps({key: value for key, value in schema.items() if not key.startswith("$")})
    return dict(json.loads(text.replace('"../plan.schema.json#', '"#')))


def _strategy(data: Any) -> str | None:
    try:
        name = data["spec"]["strategy"]["type"]
    except (KeyError, TypeError):
        return None
    known = _load("plan")["properties"]["spec"]["properties"]["strategy"]["properties"]["type"]["enum"]
    return name if isinstance(name, str) and name in known else None


def _resolve(ref: str) -> Any:
    """Give what a `$ref` of our schemas names: a definition of the plan's schema."""
    return _load("plan")["definitions"][ref.rpartition("/")[2]]


@cache
def _load(name: str) -> Any:
    path = SCHEMAS / "plan.schema.json" if name == "plan" else STRATEGIES / f"{name}.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft7Validator, ValidationError, validators
    from referencing import Registry, Resource

    def pattern(_: Any, expression: str, instance: Any, __: Any) -> Iterator[ValidationError]:
        # `$` of Python's `search` also matches before a final newline: the whole text must match.
        if isinstance(instance, str) and not re.fullmatch(expression, instance, re.ASCII):
            yield ValidationError("does not match")

    plan = _load("plan")
    registry: Registry[Any] = Registry().with_resource(plan["$id"], Resource.from_contents(plan))
    strict = validators.extend(  # type: ignore[no-untyped-call]
        Draft7Validator, {"pattern": pattern}
    )
    return strict(_load(name), registry=registry)


def _errors(validator: Any, data: Any) -> list[Any]:
    return sorted(validator.iter_errors(data), key=lambda error: [str(step) for step in error.absolute_path])


def _report(error: Any, base: Path, document: Document, found: Findings) -> None:
    path = base + tuple(error.absolute_path)
    row = _KEYWORDS[str(error.validator)]
    for code, message, hint, about in row(error, path):
        where = document.at_key(about) if code in _ABOUT_KEYS else document.at(about)
        found.add(CODES[code], message, where, hint)


_Finding = tuple[str, str, str, Path]


def _unknown(error: Any, path: Path) -> Iterator[_Finding]:
    known = sorted(error.schema.get("properties", ()))
    for name in error.instance:
        if name not in known:
            yield (
                "RP101",
                f"unknown field {quoted(name)} in {_say(path)}",
                _did_you_mean(name, known),
                (*path, name),
            )


def _missing(error: Any, path: Path) -> Iterator[_Finding]:
    for name in error.validator_value:
        if name not in error.instance:
            about = dict(error.schema.get("properties", {})).get(name, {}).get("description", "")
            hint = f"add `{name}`" + (f": {about[0].lower()}{about[1:].rstrip('.')}" if about else "")
            yield "RP102", f"{_say(path)} lacks the field `{name}`", hint, path


def _type(error: Any, path: Path) -> Iterator[_Finding]:
    wanted = error.validator_value
    yield (
        "RP103",
        f"{_say(path)} must be {_TYPES[wanted]}, not {_describe(error.instance)}",
        _TYPE_HINTS.get(wanted, f"write {_TYPES[wanted]} here"),
        path,
    )


def _enum(error: Any, path: Path) -> Iterator[_Finding]:
    allowed = error.validator_value if error.validator == "enum" else [error.validator_value]
    message = f"{_say(path)} cannot be {_describe(error.instance)}"
    yield "RP104", message, _did_you_mean(error.instance, [str(value) for value in allowed]), path


def _form(error: Any, path: Path) -> Iterator[_Finding]:
    reason = error.schema.get("errorMessage", f"must match `{error.validator_value}`")
    yield "RP105", f"{_say(path)} is {_describe(error.instance)}", f"it {reason}", path


def _length(error: Any, path: Path) -> Iterator[_Finding]:
    limit = error.validator_value
    bound = "at most" if error.validator == "maxLength" else "at least"
    message = f"{_say(path)} has {len(error.instance)} characters"
    yield "RP105", message, f"use {bound} {limit}", path


def _range(error: Any, path: Path) -> Iterator[_Finding]:
    message = f"{_say(path)} is {_describe(error.instance)}"
    yield "RP106", message, f"it must be {_BOUNDS[str(error.validator)]} {error.validator_value}", path


def _items(error: Any, path: Path) -> Iterator[_Finding]:
    bound = "at most" if error.validator == "maxItems" else "at least"
    message = f"{_say(path)} has {len(error.instance)} items"
    yield "RP107", message, f"it takes {bound} {error.validator_value}", path


def _exclusive(error: Any, path: Path) -> Iterator[_Finding]:
    if isinstance(error.instance, Mapping):
        yield "RP108", f"{_say(path)} {error.schema['errorMessage']}", "keep one of them", path


def _either(error: Any, path: Path) -> Iterator[_Finding]:
    yield "RP105", f"{_say(path)} is {_describe(error.instance)}", f"it {error.schema['errorMessage']}", path


def _depends(error: Any, path: Path) -> Iterator[_Finding]:
    for name, needs in error.validator_value.items():
        for missing in needs if name in error.instance else ():
            if missing not in error.instance:
                yield "RP102", f"{_say(path)} has `{name}` but lacks `{missing}`", f"add `{missing}`", path


def _empty(_: Any, path: Path) -> Iterator[_Finding]:
    yield "RP107", f"{_say(path)} is empty", "say something in it, or leave it out", path


_KEYWORDS: Mapping[str, Callable[[Any, Path], Iterator[_Finding]]] = {
    "additionalProperties": _unknown,
    "required": _missing,
    "type": _type,
    "enum": _enum,
    "const": _enum,
    "pattern": _form,
    "minLength": _length,
    "maxLength": _length,
    "minimum": _range,
    "maximum": _range,
    "exclusiveMinimum": _range,
    "minItems": _items,
    "maxItems": _items,
    "oneOf": _exclusive,
    "anyOf": _either,
    "not": _exclusive,
    "dependencies": _depends,
    "minProperties": _empty,
}
"""JSON Schema keyword → the findings that its failure makes."""

_ABOUT_KEYS = frozenset({"RP101", "RP102", "RP107", "RP108"})
"""Codes whose finding points at a key; the others point at a value."""

_BOUNDS = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}
_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_TYPE_HINTS = {"string": "put it in double quotes", "array": "write `[...]` or lines that start with `- `"}


def _say(path: Path) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return f"`{text}`" if text else "the plan"


def _describe(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list) else f"`{json.dumps(value)}`"


def _did_you_mean(name: Any, known: list[str]) -> str:
    close = get_close_matches(str(name), known, n=1, cutoff=0.6) if len(str(name)) < 100 else []
    if close:
        return f"did you mean `{close[0]}`?"
    listed = ", ".join(f"`{value}`" for value in known)
    return f"it must be {listed}" if len(known) == 1 else f"choose one of {listed}"
