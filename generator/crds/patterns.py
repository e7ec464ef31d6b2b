"""Regular expressions with the semantics and the safety of RE2, which the API server uses.

Python's own `re` lets a short text with the wrong pattern run for minutes, takes a line break at the end
for the end, and knows no flags inside a pattern.
"""

from __future__ import annotations

from functools import cache
from typing import Any

_REMEMBERED = 4096
"""Answers that are kept for each pattern: the same names come again and again."""


def matches(pattern: str, text: str) -> bool:
    """Say whether the pattern is found anywhere in the text; a pattern that is none refuses nothing."""
    answers = _answers(pattern)
    found = answers.get(text)
    if found is None:
        found = _search(pattern, text)
        if len(answers) >= _REMEMBERED:
            answers.clear()
        answers[text] = found
    return found


def finds(pattern: str, text: str) -> list[str]:
    """Give every part of the text that the pattern matches."""
    expression = _compiled(pattern)
    return [match[0] for match in expression.finditer(text)] if expression else []


@cache
def _answers(_: str) -> dict[str, bool]:
    return {}


def _search(pattern: str, text: str) -> bool:
    expression = _compiled(pattern)
    try:
        return expression is None or expression.search(text) is not None
    except UnicodeEncodeError:  # half of a surrogate pair is no text
        return False


@cache
def _compiled(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None
