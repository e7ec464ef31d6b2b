"""Results of a stage's metric gates, as text and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from generator.cli.formats.sanitize import clean
from generator.gitops.gate import GateResult

FORMAT_VERSION = "1"


def text(results: Sequence[GateResult]) -> str:
    """Return a line for each gate: whether it holds, what was measured, what was asked for."""
    if not results:
        return "no metric gates\n"
    width = max(len(result.name) for result in results)
    return "".join(
        f"{'holds' if result.holds else 'FAILS'}  {result.name.ljust(width)}  {clean(result.measured)}"
        f" ({result.required})\n"
        for result in results
    )


def machine(results: Sequence[GateResult]) -> str:
    """Return all results as one JSON document."""
    content = {
        "formatVersion": FORMAT_VERSION,
        "holds": all(result.holds for result in results),
        "gates": [asdict(result) for result in results],
    }
    return json.dumps(content, indent=2) + "\n"
