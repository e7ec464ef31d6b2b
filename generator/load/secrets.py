"""Files that hold a Secret: they are read like all others, but nothing of their text is shown."""

from __future__ import annotations

import re
from dataclasses import replace

from generator.load.reader import load_manifests
from generator.model.findings import Diagnostic, Findings
from generator.model.source import Document, Place, Source

_SECRET = re.compile(
    r"""\bkind["']?\s*:\s*(?:[&!]\S*\s+)*["']?Secret(?:List)?["']?\s*(?:$|[,}#])""", re.MULTILINE
)
"""Says that a text holds a Secret; a text that YAML cannot read must be recognized too."""


def load_discreetly(source: Source, found: Findings) -> tuple[Document, ...]:
    """Read manifests; where they hold a Secret, no finding in them quotes or frames their text.

    A code frame or a quoted value would put what the Secret keeps into the log of a CI system.
    """
    if not _SECRET.search(source.text):
        return load_manifests(source, found)
    own = Findings()
    documents = load_manifests(source, own)
    found.extend(map(_hushed, own.all))
    return tuple(replace(document, source=replace(source, text="")) for document in documents)


def _hushed(finding: Diagnostic) -> Diagnostic:
    return replace(
        finding,
        message=finding.code.title,
        place=_bare(finding.place),
        hint=f"the file holds a Secret, so its text is not shown; see `rollplan explain {finding.code.id}`",
        related=tuple(replace(related, place=_bare(related.place)) for related in finding.related),
    )


def _bare(place: Place) -> Place:
    return replace(place, source=replace(place.source, text=""))
