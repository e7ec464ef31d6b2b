r"""Write canonical YAML: the same value gives the same text, and every parser reads the value back.

Parsers disagree on what a plain word is (`y`, `1e3`, `0o7`, `12:30`, a commit hash such as `1234e56`), so a
string stands plain only when none of them can take it for anything else. A text of several lines becomes a
literal block, unless an editor could harm it there; then it is quoted on one line, as are odd characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from math import isfinite
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
"""What can be written; any other type, also a subclass of these, is an error of the program."""

# Control characters, line breaks of YAML 1.1, bidi controls, byte order mark, non-characters, surrogate
# halves; and what a reviewer cannot see or tell from a blank. The joiners U+200C and U+200D stay, scripts and
# emoji need them. A list of our own, because Python's tables grow with its version.
_HIDDEN = (
    "\x00-\x1f\x7f-\xa0\xad\u061c\u180e\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff"
) + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))

# Starts and words that a parser of YAML 1.1, YAML 1.2 or Go reads as number, date, bool, null or syntax.
# The patterns try a class of ASCII first only because it is several times faster than the full one.
_SPECIAL = r"""[-+._0-9~=<,\[\]{}#&*!|>'"%@`?: ]|(?i:y|n|yes|no|on|off|true|false|null|nan|inf|none)\Z"""
_PLAIN = re.compile(rf"(?!{_SPECIAL})(?:[!-9;-~]++|[^{_HIDDEN}: ]++|:(?! |\Z)| (?!\#|\Z))++")
_PLAIN_IN_FLOW = re.compile(rf"(?!{_SPECIAL})(?:[^{_HIDDEN}:?,\[\]{{}} ]++| (?!\#|\Z))++")
_ESCAPED = re.compile(rf'["\\{_HIDDEN}]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}

# No blank or empty line first (that needs an indentation indicator), no tab next to the indentation, and
# nothing that editors strip: blanks at the end of a line, empty lines at the end of a file.
_LITERAL = re.compile(
    rf"(?! )[^{_HIDDEN}](?:[ -~]++|[^{_HIDDEN}]++|\t|(?<![ \t])\n(?! *\t|\n\Z))*+(?<![ \t])"
)
_NEXT_LINE = re.compile(r"\n(?=[^\n])")

_INT64 = range(-(2**63), 2**63)
_SIMPLE_KEY = 1024
"""Characters of a written key, beyond which all of libyaml, PyYAML and go-yaml want `? key`."""


def emit(data: Json, indent: int = 0) -> str:
    r"""Write a value in block style, each line `indent` columns in, with exactly one `\n` at the end.

    Keys keep their order; there is no `---`, no anchor, no folded line. Raises TypeError for a type or a key
    that JSON lacks; ValueError for NaN, infinity, an integer beyond 64 bits (Go would round it) and half of a
    surrogate pair; RecursionError for a value that contains itself.
    """
    out: list[str] = []
    lead = " " * indent
    pad = "\n" + lead
    _block(data, lead, pad + "  " if type(data) is str else pad, out)
    out.append("\n")
    return "".join(out)


def scalar(value: Json) -> str:
    """Write one scalar, or an empty collection, on one line as after `key: ` in block style.

    Raises as `emit` does, and TypeError for a collection that is not empty.
    """
    return _text(value) if type(value) is str else _constant(value)


def flow(value: Json) -> str:
    """Write any value on one line, `{a: 1, b: [x, y]}`, which can stand in block style and in flow style.

    Raises as `emit` does.
    """
    if type(value) is str:
        return _text_in_flow(value)
    if type(value) is dict and value:
        return "{" + ", ".join([f"{_key(key, _text_in_flow, '')}: {flow(value[key])}" for key in value]) + "}"
    if type(value) is list and value:
        return "[" + ", ".join([flow(item) for item in value]) + "]"
    return _constant(value)


def _block(value: Json, lead: str, pad: str, out: list[str]) -> None:
    r"""Append a value: `lead` stands before its first line, `pad` (`\n` and blanks) before the others."""
    if type(value) is str:
        out.append(lead)
        out.append(_lines(value, pad) if "\n" in value else _text(value))
    elif type(value) is dict and value:
        deeper = pad + "  "
        for key, item in value.items():
            name = f"{lead}{_key(key, _text, pad)}:"
            if item and type(item) is dict:
                out.append(name)
                _block(item, deeper, deeper, out)
            elif item and type(item) is list:
                out.append(name)
                _block(item, pad, pad, out)
            else:
                _block(item, name + " ", deeper, out)
            lead = pad
    elif type(value) is list and value:
        deeper = pad + "  "
        for item in value:
            _block(item, lead + "- ", deeper, out)
            lead = pad
    else:
        out.append(lead)
        out.append(_constant(value))


def _key(key: str, write: Callable[[str], str], pad: str) -> str:
    """Write a key up to its colon."""
    if type(key) is not str:
        raise TypeError(f"a key is a string, not {type(key).__name__}")
    name = write(key)
    return name if len(name) <= _SIMPLE_KEY else f"? {name}{pad}"


def _constant(value: Json) -> str:
    """Write anything but a string and a full collection."""
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        if value not in _INT64:
            raise ValueError("an integer does not fit 64 bits")
        return repr(value)
    if type(value) is float:
        if not isfinite(value):
            raise ValueError(f"{value} is not a number of JSON")
        text = repr(value)  # YAML 1.1 wants a point in a number that has an exponent
        return text if "." in text else text.replace("e", ".0e")
    if type(value) in (list, dict) and not value:
        return repr(value)
    raise TypeError(f"cannot write {type(value).__name__} here")


def _lines(text: str, pad: str) -> str:
    """Write a text of several lines as a literal block if it can be one."""
    if not _LITERAL.fullmatch(text):
        return _text(text)
    mark = "|" if text.endswith("\n") else "|-"
    return mark + pad + _NEXT_LINE.sub(pad, text.removesuffix("\n"))


@lru_cache(maxsize=4096)
def _text(text: str) -> str:
    """Write a string in block style on one line."""
    return text if _PLAIN.fullmatch(text) else f'"{_ESCAPED.sub(_escape, text)}"'


@lru_cache(maxsize=1024)
def _text_in_flow(text: str) -> str:
    """Write a string in flow style, where commas, brackets and every colon end a plain one."""
    return text if _PLAIN_IN_FLOW.fullmatch(text) else f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    """Write one character as an escape that JSON has too, beyond U+FFFF as YAML alone has it."""
    code = ord(match[0])
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"U+{code:04X} is half of a surrogate pair")
    return _ESCAPES.get(match[0]) or (f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")
