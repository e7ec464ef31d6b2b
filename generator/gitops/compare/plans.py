"""Compare two sides plan by plan, and stage by stage within a plan."""

from __future__ import annotations

from collections.abc import Iterator

from generator.gitops.compare.model import ADDED, CHANGED, REMOVED, Comparison, Series, SeriesChange, Side
from generator.gitops.compare.stages import Differ, pairs
from generator.gitops.compare.traffic import flows
from generator.model.findings import Fault, Finding


def compare(before: Side, after: Side) -> Comparison:
    """Return everything that differs; raises `Fault` for one stage against a whole rollout."""
    changes = (_series(kind, one, other) for kind, one, other in _pairs(before, after))
    return Comparison(
        before=before.name,
        after=after.name,
        series=tuple(change for change in changes if change.stages),
        findings=_new(before, after),
    )


def _pairs(before: Side, after: Side) -> Iterator[tuple[str, Series | None, Series | None]]:
    """Match plans by name; where each side has just one, they are meant, whatever they are called."""
    if len(before.series) == len(after.series) == 1:
        one, other = before.series[0], after.series[0]
        if one.single != other.single:
            whole, stage = (before, after) if other.single else (after, before)
            names = ", ".join(item.name for item in whole.series[0].stages)
            raise Fault(
                f"{stage.name} is one stage and {whole.name} a whole rollout; name one of its stages: {names}"
            )
        yield CHANGED, one, other
        return
    old, new = ({series.name: series for series in side.series} for side in (before, after))
    for name in sorted({*old, *new}):
        kind = CHANGED if name in old and name in new else ADDED if name in new else REMOVED
        yield kind, old.get(name), new.get(name)


def _series(kind: str, one: Series | None, other: Series | None) -> SeriesChange:
    old, new = (series.stages if series else () for series in (one, other))
    if one and other and one.single and other.single:
        matched = iter([(CHANGED, old[0], new[0])])
    else:
        matched = pairs(old, new)
    differ = Differ()
    stages = (differ.compare(*pair) for pair in matched)
    single = bool(one and one.single)
    traffic_by_stage = (*old, *new) if single else new or old
    return SeriesChange(
        name=(other or one).name if other or one else "",  # type: ignore[union-attr]
        kind=kind,
        stages=tuple(stage for stage in stages if stage.differs or not (single or stage.same_place)),
        traffic_by_stage=tuple(
            (stage.name, flows(stage.objects.values()))
            for stage in traffic_by_stage
            if stage.name != "rollback"
        ),
    )


def _new(before: Side, after: Side) -> tuple[Finding, ...]:
    known = {(finding.code.id, finding.message) for finding in before.findings}
    return tuple(finding for finding in after.findings if (finding.code.id, finding.message) not in known)
