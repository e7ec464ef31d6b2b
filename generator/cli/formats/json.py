"""Findings and stage tables for machines, in a versioned format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from generator.model.findings import Finding
from generator.model.rollout import Rollout
from generator.model.source import Place
from generator.render.layout import lay_out
from generator.render.rollout_json import rollout_json

FORMAT_VERSION = "1"


def findings(found: Sequence[Finding], *, colour: bool = False) -> str:  # noqa: ARG001  one shape for all formats
    """Return all findings as one JSON document."""
    return _dump(
        {"formatVersion": FORMAT_VERSION, "findings": [finding_fields(finding) for finding in found]}
    )


def summaries(rollouts: Iterable[Rollout], *, colour: bool = False) -> str:  # noqa: ARG001  one shape for all formats
    """Return every rollout as its `rollout.json` has it."""
    whole = [json.loads(rollout_json(lay_out(rollout))) for rollout in rollouts]
    return _dump({"formatVersion": FORMAT_VERSION, "rollouts": whole})


def finding_fields(finding: Finding) -> dict[str, Any]:
    """Return one finding as JSON has it."""
    return {
        "code": finding.code.id,
        "severity": finding.severity.value,
        "title": finding.code.title,
        "message": finding.message,
        "hint": finding.hint,
        **({"object": finding.about} if finding.about else {}),
        **({"accepted": finding.accepted} if finding.accepted else {}),
        **_place(finding.place),
        "related": [{"label": related.label, **_place(related.place)} for related in finding.related],
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.source.name, "line": place.line, "column": place.column, "length": place.length}


def _dump(content: Any) -> str:
    return json.dumps(content, indent=2) + "\n"
