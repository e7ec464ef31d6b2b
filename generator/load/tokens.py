"""Where the tokens of YAML events stand in the text."""

from __future__ import annotations

import re
from typing import Final

import yaml
from yaml.events import CollectionStartEvent, NodeEvent, ScalarEvent

from generator.load.nodes import Mark

_PROPERTIES: Final = re.compile(r"(?:!<[^>\s]*>|[&!][^\s,\[\]{}]*|\s+|(?<=\s)#.*)+")
_TAG: Final = re.compile(r"![^\s,\[\]{}]*")
_LINE: Final = re.compile(r"[^\r\n]*")


def locate(event: NodeEvent, text: str) -> tuple[Mark, str | None]:
    """Give the token of a node, without its anchor and tag, and the tag.

    A collection's token is its first character, as is the one of a block of text; a scalar of many lines
    has what stands on the first. `text` must have a character behind its end.
    """
    start = event.start_mark
    if text[start.index] not in "&!":
        return (
            start.line + 1,
            start.column + 1,
            _length(event, text, start.line, start.column, start.index),
        ), None
    index, end = start.index, event.end_mark.index
    properties = _PROPERTIES.match(text, index)
    skipped = properties.group() if properties else ""
    tag = getattr(event, "tag", None) or ("!" if "!" in skipped else None)  # libyaml forgets a lone !
    if not isinstance(event, ScalarEvent) or index + len(skipped) < end:
        index += len(skipped)
    line, column = _moved(start, text, index)
    return (line + 1, column + 1, _length(event, text, line, column, index)), tag


def locate_tag(event: NodeEvent, text: str) -> Mark:
    """Give the token of a node's tag."""
    start = event.start_mark
    tag = _TAG.search(text, start.index)
    index, length = (tag.start(), len(tag.group())) if tag else (start.index, 1)
    line, column = _moved(start, text, index)
    return line + 1, column + 1, length


def _moved(start: yaml.Mark, text: str, index: int) -> tuple[int, int]:
    newlines = text.count("\n", start.index, index)
    if not newlines:
        return start.line, start.column + index - start.index
    return start.line + newlines, index - text.rindex("\n", 0, index) - 1


def _length(event: NodeEvent, text: str, line: int, column: int, index: int) -> int:
    if isinstance(event, CollectionStartEvent) or getattr(event, "style", None) in ("|", ">"):
        return 1
    if event.end_mark.line == line:
        return max(1, int(event.end_mark.column) - column)
    first_line = _LINE.match(text, index)
    return len(first_line.group().rstrip()) if first_line else 1
