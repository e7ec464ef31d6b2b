"""What the tests of loading share: readings of a text, in the short forms that tables hold."""

from collections.abc import Callable, Sequence
from typing import Any

from generator.load import load_plan
from generator.model.findings import Finding, Reporting, value_of
from generator.model.source import Document, Source, Span
from generator.pipeline import Collector

Loader = Callable[[Source], Reporting[Document | None]] | Callable[[Source], Reporting[Sequence[Document]]]

# C0, DEL, C1, line separators, bidirectional controls, byte order mark, surrogates, no characters
HIDDEN = [
    *(
        0x00,
        0x01,
        0x08,
        0x0B,
        0x0C,
        0x0E,
        0x1B,
        0x1F,
        0x7F,
        0x80,
        0x85,
        0x9F,
        0x61C,
        0x200E,
        0x200F,
        0x2028,
        0x2029,
    ),
    *(
        0x202A,
        0x202B,
        0x202C,
        0x202D,
        0x202E,
        0x2066,
        0x2067,
        0x2068,
        0x2069,
        0xFEFF,
        0xD800,
        0xDFFF,
        0xFDD0,
        0xFDEF,
    ),
    *(0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF),
]


def load(text: str, loader: Loader = load_plan) -> tuple[Any, list[str]]:
    """Give the data of a text and its findings, as `RP003 2:1`."""
    found = Collector()
    document = found.collect(loader(Source(name="p.yaml", text=text)))
    if document is None or isinstance(document, Document):
        data = document and document.data
    else:
        data = [each.data for each in document]
    return data, [f"{f.code.id} {f.place.line}:{f.place.column}" for f in found.all]


def finding(text: str, loader: Loader = load_plan) -> Finding:
    """Give the one finding of a text."""
    found = Collector()
    found.collect(loader(Source(name="p.yaml", text=text)))
    (only,) = found.all
    return only


def everything(text: str) -> tuple[Any, dict[tuple[int | str, ...], Span], dict[tuple[int | str, ...], Span]]:
    """Give all that a document has."""
    document = value_of(load_plan(Source(name="p.yaml", text=text)))
    assert document
    return document.data, dict(document.keys), dict(document.values)
