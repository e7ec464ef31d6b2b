"""The differences that `check` finds, as text, JSON and annotations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from generator.cli.formats.github import commands
from generator.cli.formats.sanitize import clean
from generator.cli.formats.text import Paint
from generator.gitops.check import EDITED, TITLES, Difference

FORMAT_VERSION = "1"

_FIRST = {EDITED: "move what is worth keeping into the plan or its manifests, then "}
"""What to do before the command that fixes a difference."""


def text(found: Sequence[Difference], *, colour: bool = False) -> str:
    """Return each difference on a line, then the commands that fix them, then how many there are."""
    paint = Paint(colour)
    if not found:
        return ""
    lines = [f"{paint('error', TITLES[item.kind])}: {clean(f'{item.file}: {item.detail}')}" for item in found]
    fixes = dict.fromkeys((item.kind, item.fix) for item in found)
    helps = [
        f"  {paint('help', '= help:')} {TITLES[kind]}: {_FIRST.get(kind, '')}{clean(fix)}"
        for kind, fix in fixes
    ]
    count = f"{len(found)} difference{'s' if len(found) > 1 else ''}"
    return "\n".join([*lines, "", *helps, "", count, ""])


def as_json(found: Sequence[Difference], *, colour: bool = False) -> str:  # noqa: ARG001  one shape for all formats
    """Return all differences as one JSON document."""
    differences = [{**asdict(item), "title": TITLES[item.kind]} for item in found]
    content = {"formatVersion": FORMAT_VERSION, "same": not found, "differences": differences}
    return json.dumps(content, indent=2) + "\n"


def github(found: Sequence[Difference], *, colour: bool = False) -> str:  # noqa: ARG001  one shape for all formats
    """Return an annotation for every difference, at the first line that differs."""
    return commands(
        [
            (
                "error",
                {"file": item.file, "line": str(item.line), "title": TITLES[item.kind]},
                f"{item.detail}. Hint: {item.fix}",
            )
            for item in found
        ]
    )
