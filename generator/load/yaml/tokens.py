"""The tokens of YAML nodes: where they stand in the text, and the values that scalars stand for."""

from __future__ import annotations

import re
from typing import Final

import yaml
from yaml.events import CollectionStartEvent, MappingStartEvent, NodeEvent, ScalarEvent

from generator.load.yaml.nodes import Mark
from generator.load.yaml.report import Report
from generator.load.yaml.scalars import TAGS, OutOfRange, Reading, Scalar
from generator.model.source import quoted

_CORE: Final = "tag:yaml.org,2002:"
_PROPERTIES: Final = re.compile(r"(?:!<[^>\s]*>|[&!][^\s\0,\[\]{}]*|\s+|(?<=\s)#.*)+")
_TAG: Final = re.compile(r"!<[^>\s]*>|![^\s\0,\[\]{}]*")
_LINE: Final = re.compile(r"[^\r\n]*")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Tokens:
    """Reads the tokens of one text; what is wrong with them goes to the report."""

    def __init__(self, text: str, reading: Reading, report: Report) -> None:
        self._text = text + "\0"  # so that a character stands behind the last one
        self._reading = reading
        self._report = report

    def scalar(self, event: ScalarEvent) -> tuple[Scalar, Mark]:
        """Return the value and the token of a scalar; one that is wrong stays text."""
        mark, tag = self._locate(event)
        text: str = event.value
        if tag:
            return self._tagged(event, tag, mark), mark
        if event.implicit[0]:
            return self._plain(text, mark), mark
        if not text.isascii() and _SURROGATE.search(text):  # libyaml refuses it, the pure parser does not
            raise self._report.fatal(
                "RP002", "an escape names half a character", mark, "write the character itself"
            )
        return text, mark

    def collection(self, event: CollectionStartEvent) -> Mark:
        """Return the token of a list or mapping, once its tag is found to be harmless."""
        mark, tag = self._locate(event)
        if tag and _core(tag) != ("map" if isinstance(event, MappingStartEvent) else "seq"):
            self._refuse_tag(event, tag)
        return mark

    def mark(self, event: NodeEvent) -> Mark:
        """Return the token of a node that has neither value nor tag of its own: an alias or a merge key."""
        return self._locate(event)[0]

    def _plain(self, text: str, mark: Mark) -> Scalar:
        try:
            value = self._reading.value(text)
        except OutOfRange as reason:
            return self._out_of_range(text, reason, mark)
        ambiguity = self._reading.ambiguity(text)
        if ambiguity:
            ours = "text" if isinstance(value, str) else f"the number {value}"
            message = f"{quoted(text)} is read as {ours}, but other YAML parsers read {ambiguity.elsewhere}"
            self._report.add("RP011", message, mark, ambiguity.hint)
        return value

    def _tagged(self, event: ScalarEvent, tag: str, mark: Mark) -> Scalar:
        text: str = event.value
        try:
            return self._reading.tagged(_core(tag), text)
        except OutOfRange as reason:
            return self._out_of_range(text, reason, mark)
        except ValueError:
            self._refuse_tag(event, tag)
            return text

    def _out_of_range(self, text: str, reason: OutOfRange, mark: Mark) -> Scalar:
        hint = "write a number that fits, or quote it if it is text"
        self._report.add("RP013", f"{quoted(text)} {reason}", mark, hint)
        return text

    def _refuse_tag(self, event: NodeEvent, tag: str) -> None:
        name = _core(tag)
        if name in TAGS:
            message, hint = (
                f"tag {quoted('!!' + name)} does not fit this value",
                "remove the tag or fix the value",
            )
        else:
            shown = quoted(tag.replace(_CORE, "!!", 1))
            message, hint = f"tag {shown} is not allowed", "remove the tag; only plain data is read"
        found = _TAG.search(self._text, event.start_mark.index)
        index, length = (found.start(), len(found.group())) if found else (event.start_mark.index, 1)
        line, column = self._moved(event.start_mark, index)
        self._report.add("RP005", message, (line + 1, column + 1, length), hint)

    def _locate(self, event: NodeEvent) -> tuple[Mark, str | None]:
        """Find the token behind a node's anchor and tag, and the tag.

        A collection's token is its first character, as is that of a block of text; a scalar of many lines
        has what stands on the first.
        """
        start, text = event.start_mark, self._text
        line, column, index, tag = start.line, start.column, start.index, None
        if (
            text[index] in "&!" and event.end_mark.index > index
        ):  # else they are those of a mapping's first key
            properties = _PROPERTIES.match(text, index, event.end_mark.index)
            skipped = properties.group() if properties else ""
            tag = getattr(event, "tag", None) or ("!" if "!" in skipped else None)  # libyaml forgets a lone !
            is_empty = isinstance(event, ScalarEvent) and index + len(skipped) >= event.end_mark.index
            index += 0 if is_empty else len(skipped)
            line, column = self._moved(start, index)
        return (line + 1, column + 1, self._length(event, line, column, index)), tag

    def _moved(self, start: yaml.Mark, index: int) -> tuple[int, int]:
        newlines = self._text.count("\n", start.index, index)
        if not newlines:
            return start.line, start.column + index - start.index
        return start.line + newlines, index - self._text.rindex("\n", 0, index) - 1

    def _length(self, event: NodeEvent, line: int, column: int, index: int) -> int:
        if isinstance(event, CollectionStartEvent) or getattr(event, "style", None) in ("|", ">"):
            return 1
        if event.end_mark.line == line:
            return max(1, int(event.end_mark.column) - column)
        first_line = _LINE.match(self._text, index)
        return len(first_line.group().rstrip()) if first_line else 1


def _core(tag: str) -> str:
    return tag.removeprefix(_CORE) if tag.startswith(_CORE) else ""
