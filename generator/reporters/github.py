"""Findings as workflow commands, which GitHub shows beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from generator.diagnostics import Diagnostic
from generator.reporters.sanitize import clean

_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_MESSAGE, ":": "%3A", ",": "%2C"}


def findings(found: Sequence[Diagnostic], *, colour: bool = False) -> str:  # noqa: ARG001  one shape for all formats
    """Give one annotation a line, errors first: GitHub shows ten of each kind in a step."""
    ordered = sorted(found, key=lambda finding: not finding.is_error)
    return "".join(f"{_annotation(finding)}\n" for finding in ordered)


def _annotation(finding: Diagnostic) -> str:
    place = finding.place
    properties = {
        "file": place.source.name,
        "line": str(place.line),
        "col": str(place.column),
        "endColumn": str(place.column + place.length),
        "title": f"{finding.code.id} {finding.code.title}",
    }
    said = ",".join(f"{key}={_escape(value, _PROPERTY)}" for key, value in properties.items())
    message = _escape(f"{finding.message}. Hint: {finding.hint}", _MESSAGE)
    return f"::{finding.code.severity.value} {said}::{message}"


def _escape(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(char, char) for char in clean(text))
