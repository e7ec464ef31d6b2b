"""Files → sources → documents: a plan is exactly one document, manifests are any number of them."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

from generator.codes import CODES
from generator.diagnostics import Fault, Findings
from generator.load.compose import documents
from generator.load.limits import Limits
from generator.load.nodes import Node, Spans
from generator.load.report import Report, Stop
from generator.load.scalars import JSON, KUBERNETES, Reading
from generator.source import Document, Place, Source

_ENCODINGS: Final = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"
    "\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
"""Characters that hide, reorder or break lines in what people review, and that YAML tools mangle."""

_DIRECTIVE: Final = re.compile(r"^%", re.MULTILINE)


def read_source(path: Path, name: str, found: Findings) -> Source | None:
    """Read a text file; what is wrong with its bytes is a finding and gives None.

    Raises Fault for what is no readable regular file. Lines end in LF, whatever the file has.
    """
    raw = _bytes(path, name)
    start = Place(source=Source(name=name, text=""), line=1, column=1)
    if len(raw) > Limits.size:
        message = f"the file has more than {Limits.size:,} bytes"
        found.add(CODES["RP008"], message, start, "split it into several files")
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        place = Place(source=start.source, line=line, column=1)
        message = f"this is not UTF-8; it looks like {_encoding(raw)}"
        found.add(CODES["RP001"], message, place, "save the file as UTF-8")
        return None
    if "\0" in text:
        message = f"the text holds NUL characters; it looks like {_encoding(raw)}"
        found.add(CODES["RP001"], message, start, "save the file as UTF-8")
        return None
    return Source(name=name, text=text.replace("\r\n", "\n").replace("\r", "\n"))


def load_plan(source: Source, found: Findings) -> Document | None:
    """Read a plan: exactly one document, its scalars as JSON has them; None where it has errors."""
    report = Report(source, found)
    roots = _roots(source, JSON, report)
    written = [root for root in roots if not _is_empty(root)]
    if not report.errors and len(written) != 1:
        second = written[1].mark if written else (1, 1, 1)
        message = f"the file holds {len(written)} documents" if written else "the file holds no document"
        hint = "keep one plan a file" if written else "write a plan: `rollplan schema` says what it holds"
        related = [(written[0].mark, "the first one")] if written else []
        report.add("RP010", message, second, hint, *related)
    return None if report.errors else _document(source, written[0])


def load_manifests(source: Source, found: Findings) -> tuple[Document, ...]:
    """Read manifests: any number of documents, their scalars as kubectl reads them; none with errors."""
    report = Report(source, found)
    roots = _roots(source, KUBERNETES, report)
    return () if report.errors else tuple(_document(source, root) for root in roots if not _is_empty(root))


def _bytes(path: Path, name: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Fault(f"cannot read {name}: it is not a regular file")
            return file.read(Limits.size + 1)
    except (OSError, ValueError) as error:
        raise Fault(f"cannot read {name}: {getattr(error, 'strerror', None) or error}") from error


def _encoding(raw: bytes) -> str:
    for mark, name in _ENCODINGS:
        if raw.startswith(mark):
            return name
    zeros = raw[:4096].count(0)
    if zeros > len(raw[:4096]) // 2:
        return "UTF-32"
    return "UTF-16" if zeros > 1 else "a binary file" if zeros else "Latin-1"


def _roots(source: Source, reading: Reading, report: Report) -> list[Node]:
    roots: list[Node] = []
    try:
        _check_characters(source.text, report)
        for root in documents(source.text, reading, report):
            roots.append(root)
    except Stop:
        pass
    return roots


def _check_characters(text: str, report: Report) -> None:
    """Find each forbidden character; the text goes no further with one."""
    if not text.isascii() or _FORBIDDEN.search(text):
        for match in _FORBIDDEN.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            column = match.start() - (text.rfind("\n", 0, match.start()) + 1) + 1
            message = f"character U+{ord(match[0]):04X} is not allowed"
            hint = "remove it, or write it as an escape such as \\u0085 in double quotes"
            report.add("RP009", message, (line, column, 1), hint)
        if report.errors:
            raise Stop
    if len(_DIRECTIVE.findall(text)) > Limits.directives:
        raise report.fatal("RP002", "too many lines start with %", (1, 1, 1), "remove the directives")


def _is_empty(root: Node) -> bool:
    return root.items is None and root.data is None


def _document(source: Source, root: Node) -> Document:
    return Document(source=source, data=root.data, keys=Spans(root, "key"), values=Spans(root, "mark"))
