"""Decode an object as the server does before validation: unknown fields, nulls, defaults."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from generator.apiserver.custom.schema import MISSING, SchemaNode
from generator.apiserver.violations import Violation
from generator.model.source import Path

_META = frozenset({"apiVersion", "kind", "metadata"})


def decoded(value: Any, node: SchemaNode | None, path: Path, found: list[Violation]) -> Any:
    """Return the value with nulls dropped and defaults filled in, top-down; unknown fields go to `found`.

    The value itself is not changed.
    """
    if isinstance(value, dict):
        return _mapping(value, node, path, found) if node else _unknown_inside(value, path, found)
    if isinstance(value, list):
        items = node.items if node else None
        return [
            decoded(_item(item, items), items, (*path, index), found)
            if node is None or items or not node.preserve
            else item
            for index, item in enumerate(value)
        ]
    return value


def _unknown_inside(value: dict[str, Any], path: Path, found: list[Violation]) -> dict[str, Any]:
    found.extend(Violation.unknown((*path, key), ()) for key in value)
    return {}


def _mapping(value: dict[str, Any], node: SchemaNode, path: Path, found: list[Violation]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, item in value.items():
        part = node.properties.get(key) or node.additional
        if node.embedded and key in _META:
            made[key] = item
        elif part is not None and (item is not None or part.nullable):
            made[key] = item if item is None else decoded(item, part, (*path, key), found)
        elif part is not None:
            if part.default is not MISSING:
                made[key] = decoded(deepcopy(part.default), part, (*path, key), found)
        elif node.preserve:
            made[key] = item
        elif node.open:
            made[key] = decoded(item, None, (*path, key), found)
        else:
            found.append(Violation.unknown((*path, key), node.properties, node.absent))
    return _with_defaults(made, node, path, found)


def _with_defaults(
    made: dict[str, Any], node: SchemaNode, path: Path, found: list[Violation]
) -> dict[str, Any]:
    for key, part in node.defaulted.items():
        if key not in made and not (node.embedded and key in _META):
            made[key] = decoded(deepcopy(part.default), part, (*path, key), found)
    return made


def _item(item: Any, node: SchemaNode | None) -> Any:
    if item is None and node is not None and not node.nullable and node.default is not MISSING:
        return deepcopy(node.default)
    return item
