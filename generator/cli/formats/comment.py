"""A Markdown comment in parts, the important ones first, within what GitHub takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from generator.cli.formats.sanitize import clean
from generator.render.markdown import code, fence

LIMIT = 65_000
"""Characters of a comment; GitHub takes 65,536."""

MARKER = "<!-- rollplan -->"
"""The first line, by which a workflow finds its own comment again."""

_NOTE = 400
"""Characters kept free for the last line, which says what is left out."""

_CELL = 120
_UNSAFE = re.compile(r"[^A-Za-z0-9 .,:/_-]")


@dataclass(frozen=True, kw_only=True, slots=True)
class CommentItem:
    """One row or block: its text, and what to say where that is too long."""

    text: str
    short: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A heading or table head with its items, which are left out from the end; `noun` says what they are."""

    items: Sequence[CommentItem]
    noun: str
    head: str = ""
    joint: str = "\n"


def comment(parts: Iterable[Part], limit: int = LIMIT) -> str:
    """Return as much of the parts as fits, cut between items only, and say what is left out."""
    basket = _Basket(limit - len(MARKER) - _NOTE)
    for part in parts:
        basket.put(part)
    left = ", ".join(f"{count} {noun}" for noun, count in basket.left.items())
    note = [f"_Left out to fit into a comment: {left}; `rollplan diff` shows everything._"] if left else []
    return "\n\n".join([MARKER, *basket.texts, *note]) + "\n"


@dataclass(slots=True)
class _Basket:
    room: int
    texts: list[str] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)

    def put(self, part: Part) -> None:
        """Take the items of a part that fit, in short where the whole is too long."""
        taken: list[str] = []
        self.room -= len(part.head) + 4
        for item in part.items:
            if self._fits(item.text, taken):
                continue
            what = f"{part.noun} in full" if item.short and self._fits(item.short, taken) else part.noun
            self.left[what] = self.left.get(what, 0) + 1
        if taken:
            self.texts.append(part.joint.join(filter(None, [part.head, *taken])))

    def _fits(self, text: str, taken: list[str]) -> bool:
        if len(text) + 2 > self.room:
            return False
        taken.append(text)
        self.room -= len(text) + 2
        return True


def code_span(text: str) -> str:
    """Return a user's text as a code span of at most so many characters."""
    return code(_shortened(text))


def row(cells: Iterable[str]) -> CommentItem:
    """Return a row of a table whose cells are Markdown already; a bar in one does not end it."""
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return CommentItem(text=f"| {' | '.join(escaped)} |")


def head(titles: Sequence[str]) -> str:
    """Return the first two lines of a table."""
    return f"| {' | '.join(titles)} |\n| {' | '.join('-' for _ in titles)} |"


def folded(title: str, body: str, language: str) -> str:
    """Return a code block that opens on a click; the title is made harmless for HTML."""
    inside = "".join(_entity(character) for character in _shortened(title))
    summary = f"<details><summary><code>{inside}</code></summary>"
    return f"{summary}\n\n{fence(body, language)}\n\n</details>"


def picture(text: str) -> str:
    """Return a text as Mermaid can have it inside quotes: a few plain characters, and no more."""
    return _UNSAFE.sub("_", text)[:80]


def _shortened(text: str) -> str:
    shown = clean(text)
    return shown if len(shown) <= _CELL else f"{shown[:_CELL]}…"


def _entity(character: str) -> str:
    return character if re.fullmatch(r"[A-Za-z0-9 ._/-]", character) else f"&#{ord(character)};"
