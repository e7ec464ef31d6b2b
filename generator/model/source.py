"""Texts that rollplan reads, the places in them, and the documents found in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Ref:
    """A name or path in the plan, and its place."""

    value: str
    place: Place

    def __str__(self) -> str:
        """Return the bare name."""
        return self.value


Path = tuple[str | int, ...]
"""The path of a value in a document: mapping keys and list indexes, from the root."""

_QUOTED_LENGTH = 60


def quoted(text: str) -> str:
    """Quote a user's text for a message: at most 60 characters of it, on one line, nothing invisible."""
    rest = "…" if len(text) > _QUOTED_LENGTH else ""
    return f"'{''.join(map(_visible, text[:_QUOTED_LENGTH]))}{rest}'"


def _visible(character: str) -> str:
    if character in "'\\":
        return f"\\{character}"
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A text and the name under which its reader knows it.

    `name` is a path with forward slashes, as the user gave it; `text` has no byte order mark.
    """

    name: str
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A run of characters in a source: line and column count from 1, in code points."""

    source: Source
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        """Return `file:line:column`, the form that editors and CI systems link."""
        return f"{self.source.name}:{self.line}:{self.column}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A place without its source: what a document keeps for each of its keys and values."""

    line: int
    column: int
    length: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One YAML document: its data, as JSON has it, and the span of every key and value."""

    source: Source
    data: Any
    keys: Mapping[Path, Span] = field(repr=False)
    values: Mapping[Path, Span] = field(repr=False)

    def at(self, path: Path) -> Place:
        """Return the place of the value at `path`, or of the nearest value around it that exists."""
        return self._nearest(path, self.values)

    def at_key(self, path: Path) -> Place:
        """Return the place of the key that leads to `path`; of the value, for a list item."""
        span = self.keys.get(path)
        return self._place(span) if span else self.at(path)

    def _nearest(self, path: Path, spans: Mapping[Path, Span]) -> Place:
        for end in range(len(path), -1, -1):
            span = spans.get(path[:end])
            if span:
                return self._place(span)
        return Place(source=self.source, line=1, column=1)

    def _place(self, span: Span) -> Place:
        return Place(source=self.source, line=span.line, column=span.column, length=span.length)
