"""The nodes of a YAML document while it is read, and the spans that a document keeps of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from generator.model.source import Path, Span

Mark = tuple[int, int, int]
"""Line, column (both from 1) and length of a token."""


class Node(NamedTuple):
    """A value with its token, the token of the key that leads to it, and the nodes inside it.

    A named tuple, not a data class: a file has thousands of them, and this is the cheapest frozen value.
    """

    data: Any
    mark: Mark
    key: Mark | None = None
    items: dict[str, Node] | list[Node] | None = None
    is_alias: bool = False
    has_merge: bool = False

    @property
    def children(self) -> tuple[Node, ...]:
        """Return the nodes directly inside."""
        return tuple(self.items.values() if isinstance(self.items, dict) else self.items or ())

    def clone(self) -> Node:
        """Copy the node so that no list or mapping of the copy's data is shared with this one."""
        if isinstance(self.items, dict):
            return self.with_items({name: child.clone() for name, child in self.items.items()})
        if isinstance(self.items, list):
            return self.with_items([child.clone() for child in self.items])
        return self

    def with_items(self, items: dict[str, Node] | list[Node]) -> Node:
        """Return the node with these nodes inside, and the data that they make up."""
        return self._replace(data=data_of(items), items=items)


def data_of(items: dict[str, Node] | list[Node]) -> dict[str, Any] | list[Any]:
    """Return the plain data of the nodes in a collection."""
    if isinstance(items, dict):
        return {name: child.data for name, child in items.items()}
    return [child.data for child in items]


class Spans(Mapping[Path, Span]):
    """The spans of a document by path, looked up in its nodes: nobody pays for paths that nobody asks for.

    `Spans(root, "mark")` has the spans of all values, `Spans(root, "key")` those of all keys.
    """

    __slots__ = ("_attribute", "_root")

    def __init__(self, root: Node, attribute: str) -> None:
        self._root = root
        self._attribute = attribute

    def __getitem__(self, path: Path) -> Span:
        """Return the span at `path`; raise KeyError when nothing is there."""
        node = self._root
        for step in path:
            node = _child(node, step)
        mark: Mark | None = getattr(node, self._attribute)
        if mark is None:
            raise KeyError(path)
        return _span(mark)

    def __iter__(self) -> Iterator[Path]:
        """Return every path that has a span, in the order of the document."""
        return (path for path, node in _walk((), self._root) if getattr(node, self._attribute) is not None)

    def __len__(self) -> int:
        """Count the paths that have a span."""
        return sum(1 for _ in self)


def _span(mark: Mark) -> Span:
    line, column, length = mark
    return Span(line=line, column=column, length=length)


def _child(node: Node, step: str | int) -> Node:
    found: Node | None = None
    if isinstance(node.items, dict) and isinstance(step, str):
        found = node.items.get(step)
    elif isinstance(node.items, list) and isinstance(step, int) and 0 <= step < len(node.items):
        found = node.items[step]
    if found is None:
        raise KeyError(step)
    return found


def _walk(path: Path, node: Node) -> Iterator[tuple[Path, Node]]:
    yield path, node
    if isinstance(node.items, dict):
        for name, child in node.items.items():
            yield from _walk((*path, name), child)
    elif node.items:
        for index, child in enumerate(node.items):
            yield from _walk((*path, index), child)
