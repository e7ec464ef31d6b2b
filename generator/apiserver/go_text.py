"""Format values as an API server prints them (Go's formats)."""

from __future__ import annotations

import json
from typing import Any

_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def quote(text: str) -> str:
    """Quote a text as Go's `%q` does."""
    return f'"{"".join(map(_character, text))}"'


def _character(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def show(value: Any) -> str:
    """Write a value as an error has it: text in quotes, lists and maps as JSON."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, float):
        return number(value)
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def number(value: float) -> str:
    """Write a number as Go's `%v` does."""
    if isinstance(value, int):
        return str(value)
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+03d}" if exponent else text
