"""Explain YAML syntax errors: what is wrong, where, and how to fix it."""

from __future__ import annotations

import re
from typing import Final

import yaml

from generator.load.yaml.nodes import Mark

_ROWS: Final = (
    ("quoted scalar.*unexpected end of stream", "quoted text is not closed", "add the closing quote"),
    (
        "quoted scalar.*unexpected document",
        "quoted text is not closed before the document ends",
        "add the closing quote",
    ),
    (
        "unknown escape|hexa?decimal number|invalid Unicode",
        "double quotes do not know this escape",
        r"write \\ for a backslash, or use single quotes",
    ),
    (
        "(an anchor|an alias|alias|anchor).*alphabetic or numeric",
        "'&' and '*' need a name",
        "quote text that starts with & or *",
    ),
    (
        "block scalar",
        "the head of this block of text is malformed",
        "put | or > alone at the end of the line",
    ),
    (
        "cannot start any token",
        "no plain text starts with this character",
        "quote text that starts with @, ` or %",
    ),
    (
        "mapping values are not allowed",
        "a ':' is not expected here",
        "quote text that holds ': ', indent keys of one mapping alike, and keep keys under 1024 characters",
    ),
    (
        "could not find expected ':'",
        "a key has no ':'",
        "put ': ' after the key, or indent this line as text",
    ),
    (
        "flow sequence|',' or '\\]'",
        "a ',' or ']' is missing before this",
        "close the list with ], or put a comma between its items",
    ),
    (
        "flow mapping|',' or '}'",
        "a ',' or '}' is missing before this",
        "close the mapping with }, or put a comma between its keys",
    ),
    (
        "expected key|block mapping.*expected <block end>",
        "this does not fit into the mapping around it",
        "indent keys of one mapping alike, and end the value before this",
    ),
    (
        "expected '-'|block collection.*expected <block end>",
        "this does not fit into the list around it",
        "start every item of the list with '- ' at the same column",
    ),
    (
        "sequence entries are not allowed|mapping keys are not allowed",
        "a list or mapping cannot start here",
        "start it on a line of its own",
    ),
    (
        "expected (the )?node content",
        "a value is missing before this",
        "write the value, or quote text that starts with this character",
    ),
    ("tag|URI", "a tag is malformed", "quote text that starts with ! or fix the tag"),
    (
        "directive|incompatible YAML|version number|'.' character",
        "no YAML directive is like this",
        "remove the line that starts with %",
    ),
    (
        "<document start>",
        "the document has ended before this",
        "indent it as part of the document, or put --- before the next document",
    ),
)
_TABLE: Final = tuple((re.compile(pattern, re.DOTALL), message, hint) for pattern, message, hint in _ROWS)


def explain(error: Exception, text: str, last: Mark) -> tuple[str, str, Mark, Mark | None]:
    """Return what a YAML parser's error means.

    Give the message, the hint, the token at fault, and the token that starts what is broken, if that
    is another. `last` is where the parser was when the error itself has no place.
    """
    lines = text.splitlines() or [""]
    place = _mark(getattr(error, "problem_mark", None)) or last
    start = _mark(getattr(error, "context_mark", None))
    problem = f"{getattr(error, 'context', '')} {getattr(error, 'problem', error)}"
    tab = _tab(lines, place, problem)
    if tab:
        return "there is a tab where YAML requires spaces", "replace the tab by spaces", tab, None
    message, hint = next(
        ((message, hint) for pattern, message, hint in _TABLE if pattern.search(problem)),
        ("this is not valid YAML", "check the indentation and the quotes of this line"),
    )
    if start and "not closed" in message:  # the end tells nothing, the opening quote does
        return message, hint, start, None
    if place[0] > len(lines):
        place = (len(lines), len(lines[-1]) + 1, 1)
        if start and start < place and "missing" in message:
            return "this is not closed", hint, start, None
        start = None
    return message, hint, place, start if start != place else None


def is_nesting(error: Exception) -> bool:
    """Return whether the parser has a limit of its own for nesting that the text exceeds.

    Since PyYAML 6.0.4 libyaml reads no more than 1,000 levels, and looks that far ahead of its events.
    """
    return "nesting depth" in str(getattr(error, "problem", ""))


def _mark(mark: yaml.Mark | None) -> Mark | None:
    return (mark.line + 1, mark.column + 1, 1) if mark else None


def _tab(lines: list[str], place: Mark, problem: str) -> Mark | None:
    """Find the tab that the parser stumbled over, or that hid the indentation from it."""
    line, column, _ = place
    current = "".join(lines[line - 1 : line])
    if current[column - 1 : column] == "\t":
        return place
    indent = current[: len(current) - len(current.lstrip(" \t"))]
    return (line, indent.index("\t") + 1, 1) if "\t" in indent and "not allowed" in problem else None
