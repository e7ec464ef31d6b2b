"""Escape text for Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_PUNCTUATION = re.compile(r"([!\"#$%&'()*+,./:;<=>?@\[\\\]^_`{|}~])")
_QUIET = frozenset("\"'%,./:;=?()+")
"""Punctuation that means nothing inside a line; the rest is escaped."""


def plain(text: str) -> str:
    """Return text as Markdown that shows just that text, on one line."""
    line = " ".join(text.split())
    return _PUNCTUATION.sub(lambda match: match[1] if match[1] in _QUIET else f"\\{match[1]}", line)


def fence(text: str, language: str = "") -> str:
    """Return a code block that no run of backticks in the text can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = [head, ["-"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def code(text: str) -> str:
    """Return a code span that no run of backticks in the text can end, on one line.

    Nothing inside a code span is a link, an image, HTML or a mention of somebody. In a table its bars
    must be escaped, as those of any cell.
    """
    line = " ".join(text.splitlines()) or '""'
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    ticks = "`" * (longest + 1)
    edges = line[0] + line[-1]
    pad = " " if "`" in edges or (edges == "  " and line.strip(" ")) else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"
