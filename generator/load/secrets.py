"""Files that hold a Secret: they are read like all others, but nothing of their text is shown."""

from __future__ import annotations

import re
from dataclasses import replace

from generator.load.reader import load_manifests
from generator.model.findings import Finding, Reporting, changed
from generator.model.source import Document, Place, Source

_SECRET = re.compile(
    r"""\bkind["']?\s*:\s*(?:[&!]\S*\s+)*["']?Secret(?:List)?["']?\s*(?:$|[,}#])"""
    r"|(?i:secretGenerator)",
    re.MULTILINE,
)
"""Says that a text holds a Secret, or makes one; a text that YAML cannot read must be recognized too."""


def load_hiding_secrets(source: Source) -> Reporting[tuple[Document, ...]]:
    """Read manifests; where they hold a Secret, no finding in them quotes or frames their text.

    A code frame or a quoted value would put what the Secret keeps into the log of a CI system.
    """
    if not _SECRET.search(source.text):
        return (yield from load_manifests(source))
    documents = yield from changed(load_manifests(source), _without_text)
    return tuple(replace(document, source=replace(source, text="")) for document in documents)


def _without_text(finding: Finding) -> Finding:
    return replace(
        finding,
        message=finding.code.title,
        place=_bare(finding.place),
        hint=f"the file holds a Secret, so its text is not shown; see `rollplan explain {finding.code.id}`",
        related=tuple(replace(related, place=_bare(related.place)) for related in finding.related),
    )


def _bare(place: Place) -> Place:
    return replace(place, source=replace(place.source, text=""))
