"""YAML events become nodes, each with its place, under a guard that bounds what they may cost.

PyYAML's own composer and constructor take no part: they recurse without bound and drop the places of keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from generator.load import syntax
from generator.load.guard import Guard
from generator.load.merge import KEY as MERGE_KEY
from generator.load.merge import Merge, merge
from generator.load.nodes import Mark, Node, data_of
from generator.load.report import Report
from generator.load.scalars import OutOfRange, Reading, Scalar
from generator.load.tokens import locate, locate_tag
from generator.source import quoted

LOADER: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE: Final = "tag:yaml.org,2002:"
_MISSING: Final = Node(None, (0, 0, 0))
_SCALAR_TAGS: Final = frozenset({"str", "int", "float", "bool", "null"})
_KINDS: Final = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a mapping"}


def documents(text: str, reading: Reading, report: Report) -> Iterator[Node]:
    """Give the root of each document in the text; raise `Stop` where it cannot be read further.

    Everything wrong goes to the report. A root whose document has errors may lack what they spoiled.
    """
    composer = _Composer(text, reading, report)
    for event in composer.events:
        if isinstance(event, DocumentStartEvent):
            yield composer.document()


def _events(text: str, report: Report) -> Iterator[Event]:
    event: Event | None = None
    try:
        for event in yaml.parse(text, Loader=LOADER):
            yield event
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the last two: chr() in the pure parser
        end = event.end_mark if event else None
        last = (end.line + 1, end.column + 1, 1) if end else (1, 1, 1)
        message, hint, mark, start = syntax.explain(error, text, last)
        related = [(start, "it starts here")] if start else []
        raise report.fatal("RP002", message, mark, hint, *related) from error


class _Composer:
    """Builds the nodes of one document after another from the events of a text."""

    def __init__(self, text: str, reading: Reading, report: Report) -> None:
        self.events = _events(text, report)
        self._text = text + "\0"  # so that a character stands behind the last one
        self._reading = reading
        self._report = report
        self._guard = Guard(report)
        self._anchors: dict[str, Node | None] = {}  # None while the node is still open

    def document(self) -> Node:
        """Give the root of the document that has just started."""
        self._anchors.clear()
        return self._node(next(self.events), None)

    def _node(self, event: Event, key: Mark | None) -> Node:
        self._guard.nodes += 1
        if isinstance(event, AliasEvent):
            return self._alias(event, key)
        build = self._scalar if isinstance(event, ScalarEvent) else self._collection
        node = build(event, key)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _scalar(self, event: ScalarEvent, key: Mark | None) -> Node:
        mark, tag = locate(event, self._text)
        value: Scalar = event.value
        try:
            if tag:
                value = self._tagged(event, tag)
            elif event.implicit[0]:
                value = self._reading.value(event.value)
                self._doubt(event.value, value, mark)
        except OutOfRange as error:
            self._report.add("RP013", f"{quoted(event.value)} {error}", mark, "quote it if it is text")
        return Node(value, mark, key)

    def _tagged(self, event: ScalarEvent, tag: str) -> Scalar:
        if tag == "!":
            return str(event.value)
        name = tag.removeprefix(_CORE)
        if tag.startswith(_CORE) and name in _SCALAR_TAGS:
            try:
                return self._reading.tagged(name, event.value)
            except ValueError:
                message = f"{quoted(event.value)} is not of the type that its tag says"
                hint = "remove the tag"
                self._report.add("RP005", message, locate_tag(event, self._text), hint)
                return str(event.value)
        self._refuse_tag(event, tag)
        return str(event.value)

    def _refuse_tag(self, event: NodeEvent, tag: str) -> None:
        message = f"tag {quoted(tag.replace(_CORE, '!!'))} is not allowed here"
        self._report.add(
            "RP005", message, locate_tag(event, self._text), "remove the tag and write the plain value"
        )

    def _doubt(self, text: str, value: Scalar, mark: Mark) -> None:
        doubt = self._reading.doubt(text)
        if doubt:
            read = "text" if isinstance(value, str) else _KINDS[type(value)]
            message = f"{quoted(text)} is {read} here, and {doubt.elsewhere} to other YAML parsers"
            self._report.add("RP011", message, mark, doubt.hint)

    def _alias(self, event: AliasEvent, key: Mark | None) -> Node:
        start = event.start_mark
        mark = (start.line + 1, start.column + 1, event.end_mark.index - start.index)
        target = self._anchors.get(event.anchor, _MISSING)
        if target is _MISSING:
            message = f"no anchor {quoted(event.anchor)} stands before this alias"
            hint = "define it with & first"
            raise self._report.fatal("RP002", message, mark, hint)
        if target is None:
            message = f"alias {quoted(event.anchor)} stands inside what it repeats"
            hint = "write the value out"
            raise self._report.fatal("RP007", message, mark, hint)
        self._guard.nodes -= 1
        self._guard.expand(target, mark)
        return target.clone()._replace(mark=mark, key=key, is_alias=True)

    def _collection(self, event: CollectionStartEvent, key: Mark | None) -> Node:
        mark, tag = locate(event, self._text)
        wanted = "map" if isinstance(event, MappingStartEvent) else "seq"
        if tag and tag != f"{_CORE}{wanted}":
            self._refuse_tag(event, tag)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._guard.enter(mark)
        node = self._mapping(mark, key) if wanted == "map" else self._sequence(mark, key)
        self._guard.leave()
        return node

    def _sequence(self, mark: Mark, key: Mark | None) -> Node:
        items: list[Node] = []
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            items.append(self._node(event, None))
        return Node(data_of(items), mark, key, items)

    def _mapping(self, mark: Mark, key: Mark | None) -> Node:
        own: dict[str, Node] = {}
        merges: list[Merge] = []
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            name = self._node(event, None)
            is_merge = isinstance(event, ScalarEvent) and event.implicit[0] and event.value == MERGE_KEY
            value = self._node(next(self.events), name.mark)
            if is_merge:
                merges.append(Merge(mark=name.mark, value=value, before=tuple(own)))
            elif self._is_key(name, own):
                own[name.data] = value
        items = merge(own, merges, self._reading, self._report)
        return Node(data_of(items), mark, key, items, has_merge=bool(merges))

    def _is_key(self, name: Node, own: dict[str, Node]) -> bool:
        if not isinstance(name.data, str) or not name.data:
            read = _KINDS.get(type(name.data), "null") if not isinstance(name.data, str) else "empty"
            hint = "quote it" if name.items is None and name.data != "" else "write a name before the ':'"
            self._report.add("RP004", f"this key is {read}, not text", name.mark, hint)
            return False
        if name.data in own:
            message, hint = f"key {quoted(name.data)} stands twice in one mapping", "keep one of the two"
            first = own[name.data].key or name.mark
            self._report.add("RP003", message, name.mark, hint, (first, "first written here"))
            return False
        return True
