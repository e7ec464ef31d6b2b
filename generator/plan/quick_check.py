"""Check data against a JSON Schema quickly, for the keywords that our own schemas use.

Most plans are valid, and jsonschema costs more to import than a whole plan costs to compile; so it is
asked only for the findings of a plan that this refuses. A test holds the two to the same answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Resolve = Callable[[str], Any]
"""Gives the schema that a `$ref` names."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def accepts(schema: Mapping[str, Any], data: Any, resolve: Resolve) -> bool:
    """Return whether the schema accepts the data; raises KeyError for a keyword that it does not know."""
    if "$ref" in schema:  # draft-07 ignores what stands beside it
        return accepts(resolve(schema["$ref"]), data, resolve)
    return all(
        _KEYWORDS[keyword](value, data, schema, resolve)
        for keyword, value in schema.items()
        if keyword not in _SILENT
    )


_SILENT = frozenset({"$schema", "$id", "title", "description", "definitions", "errorMessage", "then"})

_Check = Callable[[Any, Any, Mapping[str, Any], Resolve], bool]


def _type(name: Any, data: Any, _: Mapping[str, Any], __: Resolve) -> bool:
    if isinstance(data, bool):
        return bool(name == "boolean")
    return isinstance(data, _TYPES[name])


def _enum(values: Any, data: Any, _: Mapping[str, Any], __: Resolve) -> bool:
    return data in values


def _const(value: Any, data: Any, _: Mapping[str, Any], __: Resolve) -> bool:
    return bool(data == value)


def _required(names: Any, data: Any, _: Mapping[str, Any], __: Resolve) -> bool:
    return not isinstance(data, dict) or all(name in data for name in names)


def _properties(schemas: Any, data: Any, _: Mapping[str, Any], resolve: Resolve) -> bool:
    return not isinstance(data, dict) or all(
        accepts(schemas[name], value, resolve) for name, value in data.items() if name in schemas
    )


def _additional(rest: Any, data: Any, schema: Mapping[str, Any], resolve: Resolve) -> bool:
    if not isinstance(data, dict):
        return True
    others = [value for name, value in data.items() if name not in schema.get("properties", {})]
    return not others if rest is False else all(accepts(rest, value, resolve) for value in others)


def _items(each: Any, data: Any, _: Mapping[str, Any], resolve: Resolve) -> bool:
    return not isinstance(data, list) or all(accepts(each, item, resolve) for item in data)


def _pattern(expression: Any, data: Any, _: Mapping[str, Any], __: Resolve) -> bool:
    return not isinstance(data, str) or re.fullmatch(expression, data, re.ASCII) is not None


def _one_of(options: Any, data: Any, _: Mapping[str, Any], resolve: Resolve) -> bool:
    return sum(accepts(option, data, resolve) for option in options) == 1


def _any_of(options: Any, data: Any, _: Mapping[str, Any], resolve: Resolve) -> bool:
    return any(accepts(option, data, resolve) for option in options)


def _all_of(schemas: Any, data: Any, _: Mapping[str, Any], resolve: Resolve) -> bool:
    return all(accepts(schema, data, resolve) for schema in schemas)


def _if(condition: Any, data: Any, schema: Mapping[str, Any], resolve: Resolve) -> bool:
    return not accepts(condition, data, resolve) or accepts(schema["then"], data, resolve)


def _bound(kinds: tuple[type, ...], holds: Callable[[Any, Any], bool]) -> _Check:
    def check(limit: Any, data: Any, _: Mapping[str, Any], __: Resolve) -> bool:
        return not isinstance(data, kinds) or isinstance(data, bool) or holds(data, limit)

    return check


def _not(schema: Any, data: Any, _: Mapping[str, Any], resolve: Resolve) -> bool:
    return not accepts(schema, data, resolve)


def _dependencies(needs: Any, data: Any, _: Mapping[str, Any], __: Resolve) -> bool:
    return not isinstance(data, dict) or all(
        name not in data or all(needed in data for needed in names) for name, names in needs.items()
    )


_NUMBER = (int, float)

_KEYWORDS: Mapping[str, _Check] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "pattern": _pattern,
    "oneOf": _one_of,
    "anyOf": _any_of,
    "not": _not,
    "dependencies": _dependencies,
    "minProperties": _bound((dict,), lambda data, limit: len(data) >= limit),
    "allOf": _all_of,
    "if": _if,
    "minimum": _bound(_NUMBER, lambda data, limit: bool(data >= limit)),
    "maximum": _bound(_NUMBER, lambda data, limit: bool(data <= limit)),
    "exclusiveMinimum": _bound(_NUMBER, lambda data, limit: bool(data > limit)),
    "minLength": _bound((str,), lambda data, limit: len(data) >= limit),
    "maxLength": _bound((str,), lambda data, limit: len(data) <= limit),
    "minItems": _bound((list,), lambda data, limit: len(data) >= limit),
    "maxItems": _bound((list,), lambda data, limit: len(data) <= limit),
}
"""JSON Schema keyword → does the data keep it?"""
