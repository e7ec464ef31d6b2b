"""Plain scalars that YAML parsers disagree on: what others read where a plan is read as JSON has it.

Tests hold this against PyYAML (YAML 1.1) and kubectl (go-yaml).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class Ambiguity:
    """What some YAML parsers read in a plain scalar that we read differently, and what to write."""

    elsewhere: str
    hint: str


_QUOTE: Final = "quote it"
_AMBIGUITIES: Final = tuple(
    (re.compile(pattern), Ambiguity(elsewhere=elsewhere, hint=hint))
    for pattern, elsewhere, hint in (
        (r"(?i:y|n|yes|no|on|off|true|false)", "a boolean", "write true or false, or quote it if it is text"),
        (r"(?i:null)", "null", "write null, or quote it if it is text"),
        (r"[-+]?\.(?i:inf)|\.(?i:nan)", "a number that is not finite", _QUOTE),
        (
            r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?[eE][-+]?[0-9]+",
            "text",
            "write all digits, or quote it if it is text",
        ),
        (r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", "a number to the base 60", _QUOTE),
        (
            r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
            r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
            r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?",
            "a date",
            _QUOTE,
        ),
        (r"=|<<", "a special mark", _QUOTE),
    )
)
_NUMBER: Final = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][-+]?[01]+|0[oO][0-7]+|(?=\.?[0-9])[0-9]*(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)"
)
_A_NUMBER: Final = Ambiguity(
    elsewhere="a number", hint="write a decimal number such as 1000 or 0.5, or quote it if it is text"
)
_AGREED: Final = re.compile(r"~?|null|true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+][0-9]+)?)?")
_SUSPECT: Final = frozenset("+-.0123456789=<yYnNoOtTfF")


def ambiguity_of(text: str) -> Ambiguity | None:
    """Return what other parsers read in a plain scalar of a plan; None where all agree."""
    if not text or text[0] not in _SUSPECT or _AGREED.fullmatch(text):
        return None
    for pattern, ambiguity in _AMBIGUITIES:
        if pattern.fullmatch(text):
            return ambiguity
    return _A_NUMBER if _NUMBER.fullmatch(text.replace("_", "")) else None
