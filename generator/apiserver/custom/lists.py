"""List types: the items of a `set` differ, those of a `map` differ in their keys; and embedded resources."""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps
from typing import Any

from generator.apiserver import go_text, names
from generator.apiserver.custom import metadata
from generator.apiserver.custom.schema import SchemaNode
from generator.apiserver.violations import Key, Violation
from generator.model.source import Path


def parts(value: Any, node: SchemaNode, path: Path) -> Iterator[tuple[Any, SchemaNode, Path]]:
    """Return the values inside a value that a schema speaks of, each with its schema and its path."""
    if isinstance(value, list) and node.items:
        for index, item in enumerate(value):
            yield item, node.items, (*path, index)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in node.properties:
                yield item, node.properties[key], (*path, key)
            elif node.additional:
                yield item, node.additional, (*path, Key(key))


def check_lists(value: Any, node: SchemaNode, path: Path) -> Iterator[Violation]:
    """Return the violations of list types in a value and below it."""
    if isinstance(value, list) and node.list_type in ("set", "map"):
        yield from _unique(value, node, path)
    for item, part, where in parts(value, node, path):
        if part.keyed:
            yield from check_lists(item, part, where)


def _unique(items: list[Any], node: SchemaNode, path: Path) -> Iterator[Violation]:
    keys: list[Any] = items
    if node.list_type == "map":
        for index, item in enumerate(items):
            if item is not None and not isinstance(item, dict):
                reason = (
                    f"Invalid value: {go_text.show(item)}: must be an object for an array of list-type map"
                )
                yield Violation(path=(*path, index), kind="invalid", message=reason)
                return
        keys = [{name: item[name] for name in node.map_keys if name in (item or ())} for item in items]
    seen: set[str] = set()
    for index, key in enumerate(keys):
        text = dumps(key, sort_keys=True)
        if text in seen:
            message = f"Duplicate value: {go_text.show(key)}"
            yield Violation(path=(*path, index), kind="duplicate", message=message)
        seen.add(text)


def check_embedded(value: Any, node: SchemaNode, path: Path) -> Iterator[Violation]:
    """Return what the server holds against objects that stand inside an object."""
    for item, part, where in parts(value, node, path):
        if part.embedded and isinstance(item, dict):
            yield from _resource(item, where)
        if part.embeds:
            yield from check_embedded(item, part, where)


def _resource(value: dict[str, Any], path: Path) -> Iterator[Violation]:
    for field in ("apiVersion", "kind"):
        text = value.get(field)
        where = (*path, field)
        if field not in value:
            yield Violation(path=where, kind="required", message="Required value: must not be empty")
        elif not isinstance(text, str) or not text:
            reason = "must not be empty" if text == "" else "must be a string"
            yield Violation(
                path=where, kind="invalid", message=f"Invalid value: {go_text.show(text)}: {reason}"
            )
        elif field == "apiVersion" and text.count("/") > 1:
            reason = f"unexpected GroupVersion string: {text}"
            yield Violation(
                path=where, kind="invalid", message=f"Invalid value: {go_text.show(text)}: {reason}"
            )
        elif field == "kind" and list(names.label_1035(text.lower())):
            reason = (
                f"may have mixed case, but should otherwise match: {','.join(names.label_1035(text.lower()))}"
            )
            yield Violation(
                path=where, kind="invalid", message=f"Invalid value: {go_text.show(text)}: {reason}"
            )
    if value.get("metadata") is not None:
        where = (*path, "metadata")
        wrong = list(metadata.decode(value["metadata"], where))
        yield from wrong
        if not any(violation.kind == "type" for violation in wrong):
            yield from metadata.check(value["metadata"], where, namespaced=None, form=names.path_segment)
