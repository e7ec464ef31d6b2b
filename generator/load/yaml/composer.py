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
    ScalarEvent,
    SequenceEndEvent,
)

from generator.load.yaml import syntax_errors
from generator.load.yaml.guard import Guard, too_deep
from generator.load.yaml.merge_keys import KEY as MERGE_KEY
from generator.load.yaml.merge_keys import Merge, merge
from generator.load.yaml.nodes import Mark, Node, data_of
from generator.load.yaml.report import Report
from generator.load.yaml.scalars import Reading
from generator.load.yaml.tokens import Tokens
from generator.model.source import quoted

LOADER: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_QUOTE: Final = "write the key as text, in quotes"
_COLLECTION: Final = "write the key as text; quote text that starts with { or ["
_NO_KEYS: Final = {
    str: ("empty", "give the key a name"),
    bool: ("a boolean, not text", _QUOTE),
    int: ("a number, not text", _QUOTE),
    float: ("a number, not text", _QUOTE),
    list: ("a list, not text", _COLLECTION),
    dict: ("a mapping, not text", _COLLECTION),
}


def documents(text: str, reading: Reading, report: Report) -> Iterator[Node]:
    """Return the root of each document in the text; raise `Stop` where it cannot be read further.

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
        message, hint, mark, start = syntax_errors.explain(error, text, last)
        if syntax_errors.is_nesting(error):
            raise too_deep(report, mark) from error
        related = [(start, "it starts here")] if start else []
        raise report.fatal("RP002", message, mark, hint, *related) from error


class _Composer:
    """Builds the nodes of one document after another from the events of a text."""

    def __init__(self, text: str, reading: Reading, report: Report) -> None:
        self.events = _events(text, report)
        self._tokens = Tokens(text, reading, report)
        self._guard = Guard(report)
        self._reading = reading
        self._report = report
        self._anchors: dict[str, Node | None] = {}  # None while the node is still open

    def document(self) -> Node:
        """Return the root of the document that has just started."""
        self._anchors.clear()
        return self._node(next(self.events), None)

    def _node(self, event: Event, key: Mark | None) -> Node:
        self._guard.count(event)
        if isinstance(event, ScalarEvent):
            value, mark = self._tokens.scalar(event)
            node = Node(value, mark, key)
            if event.anchor:
                self._anchors[event.anchor] = node
            return node
        if isinstance(event, CollectionStartEvent):
            return self._collection(event, key)
        return self._alias(event, key)

    def _collection(self, event: CollectionStartEvent, key: Mark | None) -> Node:
        mark = self._tokens.collection(event)
        self._guard.enter(mark)
        if event.anchor:
            self._anchors[event.anchor] = None
        if isinstance(event, MappingStartEvent):
            node = self._mapping(mark, key)
        else:
            items = self._items()
            node = Node(data_of(items), mark, key, items)
        self._guard.leave()
        if event.anchor and self._anchors[event.anchor] is None:  # unless a node inside took the name over
            self._anchors[event.anchor] = node
        return node

    def _items(self) -> list[Node]:
        items: list[Node] = []
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            items.append(self._node(event, None))
        return items

    def _mapping(self, mark: Mark, key: Mark | None) -> Node:
        own: dict[str, Node] = {}
        merges: list[Merge] = []
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            if isinstance(event, ScalarEvent) and event.value == MERGE_KEY and event.implicit[0]:
                at, before = self._tokens.mark(event), tuple(own)
                merges.append(Merge(mark=at, value=self._node(next(self.events), at), before=before))
                continue
            name, at = self._key(event, own)
            value = self._node(next(self.events), at)
            if name is not None:
                own[name] = value
        items = merge(own, merges, self._reading, self._report)
        return Node(data_of(items), mark, key, items, has_merge=bool(merges))

    def _key(self, event: Event, own: dict[str, Node]) -> tuple[str | None, Mark]:
        """Read a key; None when its value has no place in the mapping."""
        node = self._node(event, None)
        name = node.data
        if not isinstance(name, str) or not name:
            shown = f" {quoted(event.value)}" if isinstance(event, ScalarEvent) and event.value else ""
            kind, hint = _NO_KEYS.get(type(name), ("null, not text", _QUOTE))
            self._report.add("RP004", f"key{shown} is {kind}", node.mark, hint)
            return None, node.mark
        if name in own:
            first = own[name].key or node.mark
            message, hint = f"key {quoted(name)} is in one mapping twice", "remove one of the two"
            self._report.add("RP003", message, node.mark, hint, (first, "first written here"))
            return None, node.mark
        return name, node.mark

    def _alias(self, event: Event, key: Mark | None) -> Node:
        if not isinstance(event, AliasEvent):
            raise TypeError(f"unexpected {event}")
        mark, name = self._tokens.mark(event), str(event.anchor)
        target = self._anchors.get(name)
        if target is not None:
            self._guard.expand(target, mark)
            return target.clone()._replace(mark=mark, key=key, is_alias=True)
        shown = quoted(f"*{name}")
        if name in self._anchors:
            message = f"alias {shown} is inside the value that it repeats"
            self._report.add("RP007", message, mark, "write the value out")
        else:
            message = f"alias {shown} has no anchor before it"
            self._report.add("RP002", message, mark, "set the anchor first, or quote text that starts with *")
        return Node({}, mark, key, {}, is_alias=True)
