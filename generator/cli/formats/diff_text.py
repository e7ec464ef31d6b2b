"""A comparison for terminals and logs: traffic, capacity, then objects field by field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.cli.formats.diff_words import (
    CAPACITY_HEAD,
    MARKS,
    TRAFFIC_HEAD,
    VERBS,
    capacity_rows,
    cut,
    groups,
    in_stages,
    label,
    moves,
    traffic_rows,
    values,
    verdict,
)
from generator.cli.formats.sanitize import clean
from generator.cli.formats.text import Paint, aligned
from generator.gitops.compare.model import (
    ADDED,
    CHANGED,
    REMOVED,
    REORDERED,
    Comparison,
    FieldChange,
    SeriesChange,
)

_STYLES = {ADDED: "added", REMOVED: "error", CHANGED: "warning"}


def difference(comparison: Comparison, *, colour: bool = False) -> str:
    """Return everything that differs, and a last line that sums it up."""
    paint = Paint(colour)
    lines = [f"{clean(comparison.before)} → {clean(comparison.after)}"] if comparison.series else []
    for series in comparison.series:
        lines += ["", paint("bold", clean(series.name)), *_series(series, paint)]
    return "\n".join([*lines, *([""] if lines else []), verdict(comparison), ""])


def _series(series: SeriesChange, paint: Paint) -> Iterator[str]:
    yield from (f"  {clean(text)}" for text in _stages(series))
    for stage in series.stages:
        yield from (f"  {label(stage)}: {clean(text)}" for text in moves(stage))
    yield from _table(TRAFFIC_HEAD, traffic_rows(series), paint)
    yield from _table(CAPACITY_HEAD, capacity_rows(series), paint)
    for group in groups(series):
        change = group.change
        head = f"{MARKS[change.kind]} {clean(str(change.object))}"
        yield ""
        where = clean(in_stages(group.stages))
        yield f"{paint(_STYLES.get(change.kind, 'help'), head)} {VERBS[change.kind]} in {where}"
        yield from (f"    {line}" for field in change.fields for line in _field(field))
    for stage in series.stages:
        gate = [f"    {line}" for field in stage.gate for line in _field(field)]
        yield from (["", f"~ gate of {clean(label(stage))}", *gate] if gate else [])
        if stage.reordered:
            names = ", ".join(map(str, stage.reordered))
            yield f"! {clean(label(stage))} applies in another order: {clean(cut(names))}"


def _stages(series: SeriesChange) -> Iterator[str]:
    if series.kind != CHANGED:
        yield f"the plan is {'new' if series.kind == ADDED else 'gone'}"
        return
    for stage in series.stages:
        if stage.kind != CHANGED:
            other = stage.before if stage.kind == ADDED else stage.after
            yield f"{label(stage)}, held against {other or 'nothing'}"
        elif not stage.differs:
            yield f"{label(stage)}, with nothing else changed"


def _field(field: FieldChange) -> Iterator[str]:
    before, after = map(clean, values(field))
    path = clean(cut(field.path))
    if field.kind == REORDERED:
        yield f"! {path}: another order, {before} → {after}"
    elif field.kind == CHANGED:
        yield f"{path}: {before} → {after}"
    else:
        yield f"{MARKS[field.kind]} {path}: {after if field.kind == ADDED else before}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], paint: Paint) -> list[str]:
    if not rows:
        return []
    cells = [[clean(cut(cell)) for cell in row] for row in rows]
    first, *rest = aligned([[title.upper() for title in head], *cells])
    return ["", f"  {paint('bold', first)}", *(f"  {line}" for line in rest)]
