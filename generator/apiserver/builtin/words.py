"""Violations with the messages of an API server, one function for each kind.

The kinds are those of custom resources too: a finding means the same for both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from generator.apiserver.violations import Violation
from generator.model.source import Path, quoted

UNKNOWN = "unknown"
TYPE = "type"
REQUIRED = "required"
INVALID = "invalid"
UNSUPPORTED = "unsupported"
DUPLICATE = "duplicate"
FORBIDDEN = "forbidden"
NAME = "name"
UNSERVED = "version"


def shown(value: Any) -> str:
    """Write a value for a message: texts in quotes, the rest as JSON, at most 60 characters of it."""
    if isinstance(value, str):
        return f'"{quoted(value)[1:-1]}"'
    return quoted(json.dumps(value, ensure_ascii=False, default=str))[1:-1]


def unknown(path: Path, known: Iterable[str]) -> Violation:
    """Report that a kind has no such field, and which one is meant."""
    violation = Violation.unknown(path, known)
    return replace(violation, hint=violation.hint or "remove it, or put it where `kubectl explain` shows it")


def mistyped(path: Path, value: Any, expected: str) -> Violation:
    """Report that a value is of a type that the field cannot hold."""
    quotes = expected == "text" and not isinstance(value, (dict, list))
    hint = f"put it in quotes: `{json.dumps(str(value))}`" if quotes else f"write {expected}"
    return _because(path, TYPE, f"Invalid value: {shown(value)}: must be {expected}", hint)


def required(path: Path, why: str = "") -> Violation:
    """Report that a value is missing."""
    return _because(path, REQUIRED, f"Required value{f': {why}' if why else ''}", f"set `{path[-1]}` here")


def invalid(path: Path, value: Any, why: str) -> Violation:
    """Report what is wrong with a value."""
    return _because(
        path, INVALID, f"Invalid value: {shown(value)}: {why}", "give a value that keeps to this rule"
    )


def misnamed(path: Path, value: Any, why: str) -> Violation:
    """Report what is wrong with a name, a label or an annotation."""
    return replace(invalid(path, value, why), kind=NAME)


def unsupported(path: Path, value: Any, allowed: Iterable[str]) -> Violation:
    """Report which values there are."""
    values = tuple(allowed)
    listed = ", ".join(f'"{one}"' for one in values)
    meant = next((one for one in values if one.lower() == str(value).lower()), "")
    close = meant or next(iter(get_close_matches(str(value)[:100], values, n=1)), "")
    hint = f"did you mean `{close}`?" if close else "use one of these values"
    message = f"Unsupported value: {shown(value)}: supported values: {listed}"
    return _because(path, UNSUPPORTED, message, hint)


def duplicate(path: Path, value: Any) -> Violation:
    """Report that a value is there already."""
    return _because(path, DUPLICATE, f"Duplicate value: {shown(value)}", "give each one its own")


def missing(path: Path, value: Any, known: Iterable[str]) -> Violation:
    """Report that what a value names is not there."""
    listed = ", ".join(f"`{one}`" for one in sorted(known))
    return _because(path, INVALID, f"Not found: {shown(value)}", f"there is {listed or 'none'}")


def forbidden(path: Path, why: str) -> Violation:
    """Report that a field may not be set here."""
    return _because(path, FORBIDDEN, f"Forbidden: {why}", "remove it")


def unserved(kind: str, version: str, served: Iterable[str]) -> Violation:
    """Report that a server has no such kind, and where it has one of its name."""
    listed = " or ".join(f"`{one}`" for one in served)
    hint = f"use {listed}" if listed else "`kubectl api-resources` lists the kinds that a cluster has"
    message = f'no matches for kind "{kind}" in version "{version}"'
    return _because(("apiVersion",), UNSERVED, message, hint)


def _because(path: Path, kind: str, message: str, hint: str) -> Violation:
    return Violation(path=path, kind=kind, message=message, hint=hint)
