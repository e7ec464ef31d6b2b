"""A decoded object against its schema: types, bounds, formats, required fields, combinations.

Every check of a value is made, whatever failed before it; each one that holds counts, because the branch
of an `anyOf` or `oneOf` that holds most is the one whose failures the server shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from math import isfinite
from typing import Any

from generator.apiserver import go_text
from generator.apiserver.custom.combinations import Violations, combine
from generator.apiserver.custom.formats import FORMATS
from generator.apiserver.custom.schema import SchemaNode
from generator.apiserver.patterns import matches
from generator.apiserver.violations import Violation, field_of
from generator.model.source import Path

_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
_WIDTHS = {int: "int64", float: "float64"}
_RANGES = {"int32": range(-(2**31), 2**31), "int64": range(-(2**63), 2**63)}


def check(value: Any, node: SchemaNode, path: Path, found: Violations) -> int:
    """Add whatever the schema holds against a value to `found`; return how many checks held."""
    if value is None:
        return _null(node, path, found)
    held = 3 + _typed(value, node, path, found) if node.types or node.format else 3
    if node.any_of or node.one_of or node.all_of or node.negated:
        held += combine(check, value, node, path, found)
    held += _BY_TYPE[type(value)](value, node, path, found)
    if node.enum and not _listed(value, node.enum):
        _unsupported(value, node, path, found)
    return held


def _add(found: Violations, path: Path, kind: str, value: Any, reason: str) -> None:
    message = f"Invalid value: {go_text.show(value)}: {field_of(path)} in body {reason}"
    found.append(Violation(path=path, kind=kind, message=message))


def _null(node: SchemaNode, path: Path, found: Violations) -> int:
    if node.types and not node.nullable:
        _add(found, path, "type", "null", f'must be of type {node.type_name}: "null"')
    if node.enum:
        _unsupported(None, node, path, found)
    return 0


def _typed(value: Any, node: SchemaNode, path: Path, found: Violations) -> int:
    kind = _KINDS[type(value)]
    text_or_list = kind in ("string", "array")
    fits = kind in node.types or (kind == "integer" and "number" in node.types)
    if node.format and not text_or_list and not fits:
        width = _WIDTHS.get(type(value), "")
        _add(found, path, "type", width, f'must be of type {node.format}: "{width}"')
        return 1
    if node.format and text_or_list and not node.types & {"number", "integer"}:
        return 2
    if node.types and not fits:
        _add(found, path, "type", kind, f'must be of type {node.type_name}: "{kind}"')
        return 1
    return 2


def _listed(value: Any, allowed: tuple[Any, ...]) -> bool:
    return any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in allowed)


def _unsupported(value: Any, node: SchemaNode, path: Path, found: Violations) -> None:
    allowed = [item if isinstance(item, str) else go_text.show(item) for item in node.enum]
    reason = ", ".join(map(go_text.quote, allowed))
    message = f"Unsupported value: {go_text.show(value)}: supported values: {reason}"
    close = get_close_matches(str(value), allowed, n=1, cutoff=0.6) if len(str(value)) < 100 else []
    hint = f"did you mean `{close[0]}`?" if close else ""
    found.append(Violation(path=path, kind="unsupported", message=message, hint=hint))


def _text(value: str, node: SchemaNode, path: Path, found: Violations) -> int:
    bounds = node.bounds
    if bounds:
        least, most, pattern = bounds.get("minLength"), bounds.get("maxLength"), bounds.get("pattern")
        if most is not None and len(value) > most:
            message = f"Too long: may not be more than {most} bytes"
            found.append(Violation(path=path, kind="long", message=message))
        elif least is not None and len(value) < least:
            _add(found, path, "invalid", value, f"should be at least {least} chars long")
        elif pattern and not matches(pattern, value):
            _add(found, path, "invalid", value, f"should match '{pattern}'")
    has_format = FORMATS.get(node.format.replace("-", "")) if node.format else None
    if has_format is None:
        return 1
    if not has_format(value):
        _add(found, path, "type", value, f"must be of type {node.format}: {go_text.quote(value)}")
    return 2


def _number(value: int | float, node: SchemaNode, path: Path, found: Violations) -> int:
    limits = _RANGES.get(node.format)
    if limits and type(value) is int and value not in limits:
        reason = f"Checked value must be of type integer with format {node.format} in {field_of(path)}"
        found.append(Violation(path=path, kind="invalid", message=f'Invalid value: "": {reason}'))
    for name, compare in _BOUNDS.items():
        bound = node.bounds.get(name)
        if bound is None:
            continue
        # The server compares integers with the whole part of a bound.
        limit = int(bound) if type(value) is int and isfinite(bound) else bound
        strict = name.capitalize() in node.exclusive
        if compare(value, limit) or (strict and value == limit):
            words = _WORDS[name][strict]
            _add(found, path, "invalid", value, f"should be {words} {go_text.number(limit)}")
    return 2


def _multiple(value: int | float, factor: int | float) -> bool:
    return factor > 0 and (value % factor != 0 if type(value) is int else (value / factor) % 1 != 0)


_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "multipleOf": _multiple,
    "minimum": lambda value, limit: bool(value < limit),
    "maximum": lambda value, limit: bool(value > limit),
}
"""Bound → does a value break it?"""

_WORDS = {
    "multipleOf": ("a multiple of", "a multiple of"),
    "minimum": ("greater than or equal to", "greater than"),
    "maximum": ("less than or equal to", "less than"),
}


def _list(value: list[Any], node: SchemaNode, path: Path, found: Violations) -> int:
    held = 2
    if node.items:
        items = node.items
        for index, item in enumerate(value):
            held += check(item, items, (*path, index), found)
    least, most = node.bounds.get("minItems"), node.bounds.get("maxItems")
    if least is not None and len(value) < least:
        _add(found, path, "invalid", len(value), f"should have at least {least} items")
    if most is not None and len(value) > most:
        _many(len(value), most, path, found)
    if node.unique and any(item in value[:index] for index, item in enumerate(value)):
        _add(found, path, "duplicate", "", "shouldn't contain duplicates")
    return held


def _many(count: int, most: int, path: Path, found: Violations) -> None:
    message = f"Too many: {count}: must have at most {most} items"
    found.append(Violation(path=path, kind="many", message=message))


def _mapping(value: dict[str, Any], node: SchemaNode, path: Path, found: Violations) -> int:
    held = 1
    if node.bounds:
        least, most = node.bounds.get("minProperties"), node.bounds.get("maxProperties")
        if least is not None and len(value) < least:
            _add(found, path, "invalid", len(value), f"should have at least {least} properties")
        if most is not None and len(value) > most:
            _many(len(value), most, path, found)
    properties, other = node.properties, node.additional
    for key, item in value.items():
        part = properties.get(key) or other
        if part is not None:
            held += check(item, part, (*path, key), found)
    for key in node.required:
        if key not in value:
            found.append(Violation(path=(*path, key), kind="required", message="Required value"))
    return held


def _boolean(_: bool, __: SchemaNode, ___: Path, ____: Violations) -> int:
    return 0


_BY_TYPE: Mapping[type, Callable[[Any, SchemaNode, Path, Violations], int]] = {
    str: _text,
    int: _number,
    float: _number,
    list: _list,
    dict: _mapping,
    bool: _boolean,
}
