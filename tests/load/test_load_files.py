"""Files become texts: which bytes are refused, and what is no file."""

import os
from pathlib import Path

import pytest

from generator.load import read_source
from generator.load.limits import Limits
from generator.model.findings import Fault, value_of
from generator.model.source import Source
from generator.pipeline import Collector


def write(tmp_path: Path, raw: bytes) -> Path:
    path = tmp_path / "p.yaml"
    path.write_bytes(raw)
    return path


def read(tmp_path: Path, raw: bytes) -> tuple[str | None, list[tuple[str, str, str]]]:
    """Give the text of a file and its findings with their messages."""
    found = Collector()
    source = found.collect(read_source(write(tmp_path, raw), "some/p.yaml"))
    return source.text if source else None, [(f.code.id, str(f.place), f.message) for f in found.all]


@pytest.mark.parametrize(
    "raw", [b"a: 1\nb: 2\n", b"a: 1\r\nb: 2\r\n", b"a: 1\rb: 2\r", b"\xef\xbb\xbfa: 1\r\nb: 2\n"]
)
def test_line_ends_and_a_byte_order_mark_make_no_difference(tmp_path: Path, raw: bytes) -> None:
    assert read(tmp_path, raw) == ("a: 1\nb: 2\n", [])


WIDE = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("text", ["apiVersion: é\n", "a", "# \u0440\n"])
@pytest.mark.parametrize("encoding", WIDE)
def test_wide_encodings_are_named(tmp_path: Path, encoding: str, text: str) -> None:
    name = encoding[:6].upper()
    message = f"the file is {name}, not UTF-8"
    assert read(tmp_path, text.encode(encoding)) == (None, [("RP001", "some/p.yaml:1:1", message)])


OTHERS = [
    (b"a: b\r\nc: d\xe9 \n", "2:5", "byte 0xE9 is not UTF-8: it looks like Latin-1 or Windows-1252"),
    (
        "é: 1\r\n".encode() + b"d: \x80",
        "2:4",
        "byte 0x80 is not UTF-8: it looks like Latin-1 or Windows-1252",
    ),
    ("a: 日本".encode("shift-jis"), "1:4", "byte 0x93 is not UTF-8: it looks like Latin-1 or Windows-1252"),
    (b"a: \xed\xa0\x80", "1:4", "byte 0xED is not UTF-8: it looks like Latin-1 or Windows-1252"),
    (b"a: \xc0\xaf", "1:4", "byte 0xC0 is not UTF-8: it looks like Latin-1 or Windows-1252"),
    ("a: é".encode()[:-1], "1:4", "byte 0xC3 is not UTF-8: the file ends inside a character"),
    (b"a: 1\nb: \x00\n", "2:4", "NUL bytes: this is not text, or not UTF-8"),
]


@pytest.mark.parametrize(("raw", "place", "message"), OTHERS)
def test_bytes_that_are_no_utf8_are_found(tmp_path: Path, raw: bytes, place: str, message: str) -> None:
    assert read(tmp_path, raw) == (None, [("RP001", f"some/p.yaml:{place}", message)])


def test_a_file_may_have_a_mebibyte_and_no_byte_more(tmp_path: Path) -> None:
    full = b"# " + b"a" * (Limits.size - 2)
    assert read(tmp_path, full) == (full.decode(), [])
    refused = ("RP008", "some/p.yaml:1:1", "the file has more than 1,048,576 bytes")
    assert read(tmp_path, full + b"a") == (None, [refused])


def fault(path: Path) -> str:
    with pytest.raises(Fault) as caught:
        value_of(read_source(path, "some/\x1bp.yaml"))
    return str(caught.value).removeprefix(r"cannot read 'some/\x1bp.yaml': ")


def test_what_is_no_file_is_a_fault(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "file").touch()
    (tmp_path / "null").symlink_to("/dev/zero")
    assert fault(tmp_path) == "it is a folder"
    assert fault(tmp_path / "pipe") == fault(tmp_path / "null") == "it is not a regular file"
    assert fault(tmp_path / "circle") == "its symbolic links lead in a circle"
    assert fault(tmp_path / "absent") == "it does not exist"
    assert fault(tmp_path / "file" / "x") == "a part of its path is not a folder"
    assert fault(tmp_path / ("x" * 300)) == "its name is too long"
    assert fault(tmp_path / "a\0b") == fault(tmp_path / "\ud800") == "its name is not a path"


def test_a_file_without_permission_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, b"a").chmod(0)
    user = os.geteuid()
    os.seteuid(user or 65534)  # root may read everything
    try:
        assert fault(tmp_path / "p.yaml") == "permission is denied"
    finally:
        os.seteuid(user)


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    write(tmp_path, b"a: 1")
    (tmp_path / "link").symlink_to("p.yaml")
    source = value_of(read_source(tmp_path / "link", "link"))
    assert source == Source(name="link", text="a: 1")
