"""Read files into documents: a plan is exactly one document, manifests are any number of them."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import Final

from generator.load import characters
from generator.load.limits import Limits
from generator.load.yaml.composer import documents
from generator.load.yaml.nodes import Mark, Node, Spans
from generator.load.yaml.report import Report, Stop
from generator.load.yaml.scalars import JSON, KUBERNETES, Reading
from generator.model.findings import Fault, Reporting
from generator.model.source import Document, Source, quoted

_START: Final[Mark] = (1, 1, 1)
_REASONS: Final = {
    errno.ENOENT: "it does not exist",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "a part of its path is not a folder",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.ELOOP: "its symbolic links lead in a circle",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ENXIO: "it is not a regular file",
}
_DIRECTIVE: Final = re.compile("^%", re.MULTILINE)


def read_source(path: Path, name: str) -> Reporting[Source | None]:
    """Read the text of a regular file; None, with a finding, when it is too large or not UTF-8.

    `name` is what the user calls the file. A byte order mark is dropped, and every line ends with LF.
    Raises Fault when the file cannot be read.
    """
    data = read_bytes(path, name)
    if len(data) <= Limits.size:
        return (yield from characters.decode(data, name))
    report = Report(Source(name=name, text=""))
    report.add(
        "RP008", f"the file has more than {Limits.size:,} bytes", _START, "split it into several files"
    )
    yield from report.findings
    return None


def load_plan(source: Source) -> Reporting[Document | None]:
    """Read a plan: exactly one document, its scalars as JSON has them; None where it has errors."""
    report = Report(source)
    roots = _roots(source, JSON, report)
    if len(roots) > 1:
        first, second, *others = (root.mark for root in roots)
        related = [(first, "the first document"), *((other, "another document") for other in others[:8])]
        message = f"a plan is one document, and this file holds {len(roots)}"
        report.add("RP010", message, second, "put each plan into a file of its own", *related)
    elif not roots and not report.errors:
        hint = "write a plan: `rollplan schema` prints its fields"
        report.add("RP010", "the file holds no document", _START, hint)
    yield from report.findings
    return None if report.errors else _document(source, roots[0])


def load_manifests(source: Source) -> Reporting[tuple[Document, ...]]:
    """Read manifests: any number of documents, scalars as kubectl has them; none where one has errors."""
    report = Report(source)
    roots = _roots(source, KUBERNETES, report)
    yield from report.findings
    return () if report.errors else tuple(_document(source, root) for root in roots)


def _roots(source: Source, reading: Reading, report: Report) -> list[Node]:
    """Compose the documents that say something, as kubectl does; those up to where the text breaks off."""
    roots: list[Node] = []
    try:
        _check(source.text, report)
        for root in documents(source.text, reading, report):
            if root.data is not None:
                roots.append(root)
    except Stop:
        pass
    return roots


def _check(text: str, report: Report) -> None:
    characters.check(text, report)
    if report.errors:  # a parser would only stumble over the same characters
        raise Stop
    if len(_DIRECTIVE.findall(text)) > Limits.directives:
        message = f"more than {Limits.directives} lines start with %"
        raise report.fatal("RP002", message, _START, "remove the YAML directives")


def _document(source: Source, root: Node) -> Document:
    return Document(source=source, data=root.data, keys=Spans(root, "key"), values=Spans(root, "mark"))


def read_bytes(path: Path, name: str) -> bytes:
    """Read a regular file, up to one byte more than a file may have.

    Raises Fault when the file cannot be read.
    """
    try:
        # O_NONBLOCK: a pipe that nobody writes to must not hold us up before we see that it is a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return _contents(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or "the system refuses")
    except ValueError:
        reason = "its name is not a path"
    raise Fault(f"cannot read {quoted(name)}: {reason}")


def _contents(descriptor: int) -> bytes:
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.ENXIO, "")
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(Limits.size + 1)
