"""The message and hint for each keyword of JSON Schema that a plan violates."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from generator.model.source import Path, quoted
from generator.plan.schema import definition

Message = tuple[str, str, str, Path]
"""A code, a message, a hint, and the path of what the finding is about."""


def _unknown(error: Any, path: Path) -> Iterator[Message]:
    known = sorted(error.schema.get("properties", ()))
    for name in error.instance:
        if name not in known:
            yield (
                "RP101",
                f"unknown field {quoted(name)} in {_path_text(path)}",
                _did_you_mean(name, known),
                (*path, name),
            )


def _missing(error: Any, path: Path) -> Iterator[Message]:
    for name in error.validator_value:
        if name not in error.instance:
            about = _about(error.schema, name)
            hint = f"add `{name}`" + (f": {about}" if about else "")
            yield "RP102", f"{_path_text(path)} lacks the field `{name}`", hint, path


def _type(error: Any, path: Path) -> Iterator[Message]:
    expected = error.validator_value
    message = f"{_path_text(path)} must be {_TYPES[expected]}, not {_describe(error.instance)}"
    yield "RP103", message, _type_hint(expected, error.instance), path


def _enum(error: Any, path: Path) -> Iterator[Message]:
    allowed = error.validator_value if error.validator == "enum" else [error.validator_value]
    message = f"{_path_text(path)} cannot be {_describe(error.instance)}"
    yield "RP104", message, _did_you_mean(error.instance, [str(value) for value in allowed]), path


def _form(error: Any, path: Path) -> Iterator[Message]:
    reason = error.schema.get("errorMessage", f"must match `{error.validator_value}`")
    yield "RP105", f"{_path_text(path)} cannot be {_describe(error.instance)}", f"it {reason}", path


def _length(error: Any, path: Path) -> Iterator[Message]:
    if error.validator == "minLength":
        yield "RP105", f"{_path_text(path)} is empty", "give it a value", path
    else:
        message = f"{_path_text(path)} has {len(error.instance)} characters"
        yield "RP105", message, f"use at most {error.validator_value}", path


def _range(error: Any, path: Path) -> Iterator[Message]:
    message = f"{_path_text(path)} cannot be {_describe(error.instance)}"
    yield "RP106", message, f"it must be {_BOUNDS[str(error.validator)]} {error.validator_value}", path


def _items(error: Any, path: Path) -> Iterator[Message]:
    if error.validator in {"minItems", "minProperties"}:
        yield "RP107", f"{_path_text(path)} is empty", "put at least one item into it", path
    else:
        message = f"{_path_text(path)} has {len(error.instance)} items"
        yield "RP107", message, f"it takes at most {error.validator_value}", path


def _exclusive(error: Any, path: Path) -> Iterator[Message]:
    if not isinstance(error.instance, Mapping):
        return
    rows = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    names = [name for row in rows for name in row["required"]]
    given = [name for name in error.instance if name in names]
    choice = " or ".join(_named(error.schema, name) for name in names)
    if given:
        both = " and ".join(f"`{name}`" for name in given)
        yield "RP108", f"{_path_text(path)} has both {both}", f"keep {choice}", (*path, given[-1])
    else:
        neither = " nor ".join(f"`{name}`" for name in names)
        yield "RP102", f"{_path_text(path)} has neither {neither}", f"add {choice}", path


def _either(error: Any, path: Path) -> Iterator[Message]:
    if "required" in error.validator_value[0]:
        yield from _exclusive(error, path)
        return
    message = f"{_path_text(path)} cannot be {_describe(error.instance)}"
    yield "RP105", message, f"it {error.schema['errorMessage']}", path


def _depends(error: Any, path: Path) -> Iterator[Message]:
    for name, needs in error.validator_value.items():
        for needed in needs if name in error.instance else ():
            if needed not in error.instance:
                message = f"{_path_text(path)} has `{name}` but lacks `{needed}`"
                yield "RP102", message, f"add `{needed}`, or remove `{name}`", (*path, name)


KEYWORDS: Mapping[str, Callable[[Any, Path], Iterator[Message]]] = {
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
    "minProperties": _items,
}
"""JSON Schema keyword → the findings that its failure makes."""

_BOUNDS = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}
_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_TYPE_HINTS = {
    "object": "write its fields as lines of the form `name: value`, indented below it",
    "array": "write it as `[...]`, or as lines that start with `- `",
    "string": "put it in double quotes",
    "integer": "write it without quotes and without a unit",
    "number": "write it without quotes and without a unit",
    "boolean": "write `true` or `false`, without quotes",
}


def _type_hint(expected: str, value: Any) -> str:
    if value is None:
        return "give it a value, or remove it"
    if expected == "string" and isinstance(value, (list, Mapping)):
        return "write one text instead"
    return _TYPE_HINTS[expected]


def _about(schema: Mapping[str, Any], name: str) -> str:
    """Return the description of a field as a part of a sentence."""
    field = schema.get("properties", {}).get(name, {})
    if "description" not in field and "$ref" in field:
        field = definition(field["$ref"])
    text = str(field.get("description", "")).rstrip(".")
    return text[:1].lower() + text[1:]


def _named(schema: Mapping[str, Any], name: str) -> str:
    about = _about(schema, name)
    return f"`{name}` ({about})" if about else f"`{name}`"


def _path_text(path: Path) -> str:
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
