r"""Regular expressions with the semantics and the safety of RE2, which the API server uses.

Python's own `re` lets a short text with the wrong pattern run for minutes, takes a line break at the end
for the end, and knows no flags inside a pattern. Where google-re2 has no build for a machine, `re` answers
all the same: the pattern is rewritten, and a long text is not held against a pattern that could run away.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_REMEMBERED = 4096
"""Answers that are kept for each pattern: the same names come again and again."""

_FLAGS = re.compile(r"\(\?([ims]+)\)")
_ENDS = re.compile(r"\\(.)|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)
_NESTED = re.compile(r"[*+}]\)[*+{]|[*+}][^()]*\)[*+{]")
_SHORT = 20
"""Characters of a text that even a pattern with a loop inside a loop takes no time for."""


def matches(pattern: str, text: str) -> bool:
    """Return whether the pattern is found anywhere in the text; a pattern that is none refuses nothing."""
    answers = _answers(pattern)
    found = answers.get(text)
    if found is None:
        found = _search(pattern, text)
        if len(answers) >= _REMEMBERED:
            answers.clear()
        answers[text] = found
    return found


def finds(pattern: str, text: str) -> list[str]:
    """Return every part of the text that the pattern matches."""
    expression = _compiled(pattern)
    return [match[0] for match in expression.finditer(text)] if expression else []


@cache
def _answers(_: str) -> dict[str, bool]:
    return {}


def _search(pattern: str, text: str) -> bool:
    expression = _compiled(pattern)
    if expression is None or (isinstance(expression, re.Pattern) and _runs_away(pattern, text)):
        return True
    try:
        return expression.search(text) is not None
    except UnicodeEncodeError:  # half of a surrogate pair is no text
        return False


@cache
def _compiled(pattern: str) -> Any:
    try:
        import re2
    except ImportError:
        return _rewritten(pattern)
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None


def _rewritten(pattern: str) -> re.Pattern[str] | None:
    r"""Return the expression for Python's own engine: flags to the front, `$` and `\z` as the very end."""
    flags = "".join(sorted({flag for group in _FLAGS.findall(pattern) for flag in group}))
    bare = _FLAGS.sub("", pattern)
    many = "m" in flags
    ended = _ENDS.sub(
        lambda match: r"\Z" if match[1] == "z" or (match[0] == "$" and not many) else match[0], bare
    )
    try:
        return re.compile(f"(?{flags})" * bool(flags) + ended, re.ASCII)
    except (re.error, RecursionError, OverflowError):
        return None


def _runs_away(pattern: str, text: str) -> bool:
    return len(text) > _SHORT and _NESTED.search(pattern) is not None
