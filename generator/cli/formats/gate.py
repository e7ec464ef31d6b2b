"""What came of a stage's metric gates, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from generator.cli.formats.sanitize import clean
from generator.gitops.gate import Verdict

FORMAT_VERSION = "1"


def text(verdicts: Sequence[Verdict]) -> str:
    """Return a line for each gate: whether it holds, what was measured, what was asked for."""
    if not verdicts:
        return "no metric gates\n"
    width = max(len(verdict.name) for verdict in verdicts)
    return "".join(
        f"{'holds' if verdict.holds else 'FAILS'}  {verdict.name.ljust(width)}  {clean(verdict.measured)}"
        f" ({verdict.wanted})\n"
        for verdict in verdicts
    )


def machine(verdicts: Sequence[Verdict]) -> str:
    """Return all verdicts as one JSON document."""
    content = {
        "formatVersion": FORMAT_VERSION,
        "holds": all(verdict.holds for verdict in verdicts),
        "gates": [asdict(verdict) for verdict in verdicts],
    }
    return json.dumps(content, indent=2) + "\n"
