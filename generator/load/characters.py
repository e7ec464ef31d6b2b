"""Check the bytes and characters of a file: UTF-8, and no invisible or misleading characters."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import Final

from generator.load.yaml.nodes import Mark
from generator.load.yaml.report import Report
from generator.model.findings import Reporting
from generator.model.source import Source

_WIDE: Final = (
    (re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff|\0\0\0[^\0]|[^\0]\0\0\0"), "UTF-32"),
    (re.compile(rb"\xff\xfe|\xfe\xff|\0[^\0](\0[^\0]|\Z)|[^\0]\0([^\0]\0|\Z)"), "UTF-16"),
)
"""How texts begin in other Unicode encodings: with their byte order mark, or with ASCII among zeros."""

_FORBIDDEN: Final = re.compile(
    r"([\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
    r"\ud800-\udfff\ufdd0-\ufdef"
    + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(17))
    + r"])\1*"
)
"""Runs of a character that hides, reorders or breaks what people review, or that parsers read differently."""

_NAMELESS: Final = {"Cc": "control character", "Cs": "half of a surrogate pair", "Cn": "no character"}
_SAVE: Final = "save the file as UTF-8"


def decode(data: bytes, name: str) -> Reporting[Source | None]:
    """Return the text of UTF-8 bytes, without byte order mark, lines ended by LF.

    None when it is no UTF-8.
    """
    for pattern, encoding in _WIDE:
        if pattern.match(data[:4]):
            report = Report(Source(name=name, text=""))
            report.add("RP001", f"the file is {encoding}, not UTF-8", (1, 1, 1), _SAVE)
            yield from report.findings
            return None
    data = data.removeprefix(codecs.BOM_UTF8)
    source = Source(name=name, text=_unix(data.decode(errors="replace")))
    fault = _fault(data)
    if fault is None:
        return source
    index, message = fault
    before = data[:index].decode()
    report = Report(source)
    report.add("RP001", message, _mark(before, len(before), 1), _SAVE)
    yield from report.findings
    return None


def check(text: str, report: Report) -> None:
    """Report every run of a forbidden character."""
    for run in _FORBIDDEN.finditer(text):
        character = run[1]
        category = unicodedata.category(character)
        name = unicodedata.name(character, "").lower() or _NAMELESS[category]
        hint = "remove it"
        if category != "Cs":
            hint += f", or write \\U{ord(character):08X} in double quotes where it must be"
        mark = _mark(text, run.start(), len(run[0]))
        report.add("RP009", f"U+{ord(character):04X} ({name}) is not allowed", mark, hint)


def _fault(data: bytes) -> tuple[int, str] | None:
    """Find the first byte that shows that the file is something else than UTF-8 text."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        is_cut = error.reason == "unexpected end of data"
        guess = "the file ends inside a character" if is_cut else "it looks like Latin-1 or Windows-1252"
        return error.start, f"byte 0x{data[error.start]:02X} is not UTF-8: {guess}"
    index = data.find(0)
    return (index, "NUL bytes: this is not text, or not UTF-8") if index >= 0 else None


def _mark(text: str, index: int, length: int) -> Mark:
    lines = _unix(text[:index]).split("\n")
    return len(lines), len(lines[-1]) + 1, length


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
