"""CEL rules of a schema against an object, and against the one that it replaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any

from generator.apiserver import go_text
from generator.apiserver.cel.compiler import Rule, compile_rule
from generator.apiserver.cel.times import duration, timestamp
from generator.apiserver.cel.values import CelError, Unsupported
from generator.apiserver.custom.lists import parts
from generator.apiserver.custom.schema import RuleText, SchemaNode
from generator.apiserver.violations import Violation
from generator.model.source import Path

_REASONS = {
    "FieldValueForbidden": ("forbidden", "Forbidden"),
    "FieldValueRequired": ("required", "Required value"),
    "FieldValueDuplicate": ("duplicate", "Duplicate value"),
}


def check_rules(value: Any, old: Any, node: SchemaNode, path: Path) -> Iterator[Violation]:
    """Return the rules that a value breaks, and those that values below it break.

    A rule that cannot be read is no rule to judge by: reading the definition reports it.
    """
    if value is None:
        return
    for row in node.rules:
        yield from _broken(row, value, old, node, path)
    for branch in node.all_of:
        if branch.deep:
            yield from check_rules(value, old, branch, path)
    for item, before, part, where in _below(value, old, node, path):
        if part.deep:
            yield from check_rules(item, before, part, where)


def _below(value: Any, old: Any, node: SchemaNode, path: Path) -> Iterator[tuple[Any, Any, SchemaNode, Path]]:
    """Return the values inside a value, each with the one that it replaces, its schema and its path."""
    before: Mapping[Any, Any] = {}
    if isinstance(value, dict) and isinstance(old, dict) and node.correlates:
        before = old
    elif isinstance(value, list) and isinstance(old, list) and node.list_type == "map":
        before = {_key(item, node): item for item in old}
    for item, part, where in parts(value, node, path):
        yield item, before.get(where[-1] if isinstance(value, dict) else _key(item, node)), part, where


def _key(item: Any, node: SchemaNode) -> str:
    return dumps([item.get(name) for name in node.map_keys]) if isinstance(item, dict) else ""


def _broken(row: RuleText, value: Any, old: Any, node: SchemaNode, path: Path) -> Iterator[Violation]:
    try:
        rule = compile_rule(row.rule)
    except Unsupported:
        return
    if rule.uses_old and (old is None or row.optional_old):
        return
    seen, before = celified(value, node), celified(old, node) if rule.uses_old else None
    try:
        verdict = rule(seen, before)
    except CelError as error:
        kind = node.type_name or "object"
        yield Violation(path=path, kind="rule", message=f'Invalid value: "{kind}": {_failure(error, row)}')
        return
    if verdict is not True:
        yield _violation(row, value, seen, path)


def _failure(error: CelError, row: RuleText) -> str:
    about = row.message or row.rule.strip()
    if str(error).startswith("no such overload"):
        text = "call arguments did not match a supported operator, function or macro signature for rule"
        return f"'{error}': {text}: {about}"
    return f"{error} evaluating rule: {about}"


def _violation(row: RuleText, value: Any, seen: Any, path: Path) -> Violation:
    text = _message(row, seen)
    kind, words = _REASONS.get(row.reason, ("rule", "Invalid value"))
    shown = (
        "" if isinstance(value, (dict, list)) or kind in ("forbidden", "required") else go_text.show(value)
    )
    detail = [part for part in (shown, "" if kind == "duplicate" else text) if part]
    inside = tuple(step for step in row.field_path.strip(".").split(".") if step)
    return Violation(path=path + inside, kind=kind, message=": ".join([words, *detail]))


def _message(row: RuleText, seen: Any) -> str:
    if row.message_expression:
        try:
            expression: Rule = compile_rule(row.message_expression)
            text = expression(seen)
        except (Unsupported, CelError):
            text = ""
        if isinstance(text, str) and text.strip() and "\n" not in text.strip():
            return text.strip()
    return row.message or f"failed rule: {row.rule.strip()}"


_CONVERSIONS = {"duration": duration, "date-time": timestamp}
"""Format → what CEL makes of a text that has it."""


def celified(value: Any, node: SchemaNode | None) -> Any:
    """Return a value with the types that CEL sees: numbers as doubles, durations and times as such."""
    if node is None or not node.converts:
        return value
    if isinstance(value, list):
        return [celified(item, node.items) for item in value]
    if isinstance(value, dict):
        return {
            key: celified(item, node.properties.get(key) or node.additional) for key, item in value.items()
        }
    if isinstance(value, int) and not isinstance(value, bool) and node.types == {"number"}:
        return float(value)
    if isinstance(value, str) and node.format in _CONVERSIONS:
        return _CONVERSIONS[node.format](value)
    return value
