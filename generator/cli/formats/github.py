"""Findings as workflow commands, which GitHub shows beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.cli.formats.sanitize import clean
from generator.model.findings import Finding, Severity

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ACCEPTED: "notice"}
_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_MESSAGE, ":": "%3A", ",": "%2C"}
_SHOWN = 10
"""Annotations of each level that GitHub keeps of one step."""


def findings(found: Sequence[Finding], *, colour: bool = False) -> str:  # noqa: ARG001  one shape for all formats
    """Return one annotation a line, errors first, and a last one that counts those that do not fit."""
    return commands([(_LEVELS[finding.severity], *_annotation(finding)) for finding in found])


def commands(words: Sequence[tuple[str, Mapping[str, str], str]]) -> str:
    """Return workflow commands from levels, properties and messages: at most ten of each level."""
    lines, more = [], 0
    for level in _LEVELS.values():
        texts = [command(*one) for one in words if one[0] == level]
        lines += texts[:_SHOWN]
        more += len(texts[_SHOWN:])
    if more:
        lines.append(command("notice", {"title": "rollplan"}, f"{more} more; run rollplan to see everything"))
    return "".join(f"{line}\n" for line in lines)


def command(level: str, properties: Mapping[str, str], message: str) -> str:
    """Return one workflow command; nothing in it can end it or start another."""
    given = ",".join(f"{key}={_escape(value, _PROPERTY)}" for key, value in properties.items())
    return f"::{level} {given}::{_escape(message, _MESSAGE)}"


def _annotation(finding: Finding) -> tuple[dict[str, str], str]:
    place = finding.place
    properties = {
        "file": place.source.name,
        "line": str(place.line),
        "col": str(place.column),
        "endColumn": str(place.column + place.length),
        "title": f"{finding.code.id} {finding.code.title}",
    }
    why = f". Accepted: {finding.accepted}" if finding.accepted else ""
    return properties, f"{finding.message}. Hint: {finding.hint}{why}"


def _escape(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(char, char) for char in clean(text))
