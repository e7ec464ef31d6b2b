"""A comparison for machines, in the format of `schemas/gitops/diff.schema.json`."""

from __future__ import annotations

import json
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from generator.cli.formats.diff_words import verdict
from generator.cli.formats.json import finding_fields
from generator.gitops.compare.model import Comparison, FieldChange, SeriesChange, StageChange
from generator.model.weights import percent

FORMAT_VERSION = "1"


def difference(comparison: Comparison, *, colour: bool = False) -> str:  # noqa: ARG001  one shape for all formats
    """Return everything that differs as one JSON document."""
    content = {
        "formatVersion": FORMAT_VERSION,
        "before": comparison.before,
        "after": comparison.after,
        "same": comparison.same,
        "verdict": verdict(comparison),
        "plans": [_series(series) for series in comparison.series],
        "findings": [finding_fields(finding) for finding in comparison.findings],
    }
    return json.dumps(content, indent=2) + "\n"


def _series(series: SeriesChange) -> dict[str, Any]:
    return {"name": series.name, "kind": series.kind, "stages": [_stage(stage) for stage in series.stages]}


def _stage(stage: StageChange) -> dict[str, Any]:
    return {
        "kind": stage.kind,
        "before": stage.before,
        "after": stage.after,
        "traffic": [
            {
                "object": asdict(shift.object),
                "rule": shift.rule,
                "backend": shift.backend,
                "copies": shift.copies,
                "before": _number(shift.before),
                "after": _number(shift.after),
                "change": _number(shift.change),
            }
            for shift in stage.shifts
        ],
        "capacity": [
            {
                "object": asdict(item.object),
                "replicas": _sides(item.replicas),
                "accelerators": _sides(item.accelerators),
                "podsReplaced": item.restarts,
            }
            for item in stage.capacities
        ],
        "objects": [
            {
                "object": asdict(change.object),
                "kind": change.kind,
                "fields": [_field(field) for field in change.fields],
            }
            for change in stage.objects
        ],
        "gate": [_field(field) for field in stage.gate],
        "reordered": [asdict(name) for name in stage.reordered],
    }


def _field(field: FieldChange) -> dict[str, Any]:
    return {"path": field.path, "kind": field.kind, "before": field.before, "after": field.after}


def _sides(both: tuple[int | None, int | None]) -> dict[str, int | None]:
    return {"before": both[0], "after": both[1]}


def _number(share: Fraction | None) -> str | None:
    return None if share is None else percent(share)
