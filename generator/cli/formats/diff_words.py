"""Texts that all reports of a comparison share: labels, verdicts and shortened values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from generator.gitops.compare.model import (
    ADDED,
    CHANGED,
    DELETED,
    REMOVED,
    REORDERED,
    SPARED,
    Comparison,
    FieldChange,
    ObjectChange,
    SeriesChange,
    StageChange,
    TrafficChange,
)
from generator.model.weights import percent

WIDTH = 120
"""Characters of a value that are shown."""

MARKS = {ADDED: "+", REMOVED: "-", CHANGED: "~", REORDERED: "!", DELETED: "x", SPARED: "o"}
"""What stands before a line, so that no meaning rests on colour alone."""

VERBS = {
    ADDED: "added",
    REMOVED: "removed",
    CHANGED: "changed",
    DELETED: "deleted in this stage",
    SPARED: "no longer deleted in this stage",
}
"""What happened to an object."""

TRAFFIC_HEAD = ("stage", "route", "rule", "backend", "before %", "after %", "change")
CAPACITY_HEAD = ("stage", "workload", "replicas", "accelerators", "pods")

_ABSENT = "-"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeGroup:
    """The same change of the same object, and every stage that has it."""

    change: ObjectChange
    stages: tuple[str, ...]


def label(stage: StageChange) -> str:
    """Name a stage, and say what became of it."""
    if stage.kind != CHANGED:
        return f"{stage.name} ({'new' if stage.kind == ADDED else 'gone'})"
    return stage.name if stage.same_place else f"{stage.before} → {stage.after}"


def moves(stage: StageChange) -> tuple[str, ...]:
    """Return in one line for each rule what moves from one backend to another, where it is that simple."""
    rules = dict.fromkeys((shift.object, shift.rule) for shift in stage.shifts)
    found = []
    for key in rules:
        moved = [shift for shift in stage.shifts if (shift.object, shift.rule) == key and not shift.copies]
        gains = [shift for shift in moved if shift.change > 0]
        losses = [shift for shift in moved if shift.change < 0]
        if len(gains) == len(losses) == 1 and gains[0].change == -losses[0].change:
            gain = percent(gains[0].change)
            points = f"{gain} point{'s' if gain != '1' else ''}"
            found.append(f"{points} of {key[0].name} move from {losses[0].backend} to {gains[0].backend}")
    return tuple(found)


def traffic_rows(series: SeriesChange) -> list[tuple[str, ...]]:
    """Return the rows of the weight table, the same row of several stages once."""
    return _merged(
        (
            label(stage),
            f"{shift.object.kind} {shift.object.name}",
            shift.rule,
            f"{shift.backend} (copies)" if shift.copies else shift.backend,
            share(shift.before),
            share(shift.after),
            _change(shift),
        )
        for stage in series.stages
        for shift in stage.shifts
    )


def capacity_rows(series: SeriesChange) -> list[tuple[str, ...]]:
    """Return the rows of the capacity table, the same row of several stages once."""
    return _merged(
        (
            label(stage),
            f"{item.object.kind} {item.object.name}",
            _pair(item.replicas),
            _pair(item.accelerators),
            "replaced" if item.restarts else _ABSENT,
        )
        for stage in series.stages
        for item in stage.capacities
    )


def in_stages(stages: Sequence[str]) -> str:
    """Name stages: all of a few, the first and a number of many."""
    return ", ".join(stages) if len(stages) < 3 else f"{stages[0]} and {len(stages) - 1} more"


def verdict(comparison: Comparison) -> str:
    """Return in one sentence what differs."""
    if comparison.same:
        return "nothing differs"
    stages = [stage for series in comparison.series for stage in series.stages]
    rules = {(shift.object, shift.rule) for stage in stages for shift in stage.shifts}
    workloads = {item.object for stage in stages for item in stage.capacities}
    objects = [(change.kind, change.object) for stage in stages for change in stage.objects]
    counts = (
        f"{len({one for one in objects if one[0] == kind})} {VERBS[kind]}"
        for kind in (ADDED, REMOVED, CHANGED)
    )
    words = [
        f"traffic shifts in {_number(len(rules), 'rule')}" if rules else "no traffic shifts",
        f"replicas or pods change in {_number(len(workloads), 'workload')}" if workloads else "",
        f"objects: {', '.join(counts)}",
        f"in {_number(len(stages), 'stage')} of {_number(len(comparison.series), 'plan')}",
    ]
    return "; ".join(text for text in words if text)


def groups(series: SeriesChange) -> tuple[ChangeGroup, ...]:
    """Return each change of an object once, with the stages that have it; changed objects come first."""
    found: dict[str, list[str]] = {}
    first: dict[str, ObjectChange] = {}
    for stage in series.stages:
        for change in stage.objects:
            key = f"{change.object}\n{change.kind}\n{_fingerprint(change.fields)}"
            first.setdefault(key, change)
            found.setdefault(key, []).append(label(stage))
    known = (ChangeGroup(change=change, stages=tuple(found[key])) for key, change in first.items())
    return tuple(sorted(known, key=lambda group: group.change.kind != CHANGED))


def values(change: FieldChange) -> tuple[str, str]:
    """Return a field before and after as JSON, cut around the first character that differs."""
    before, after = (
        json.dumps(side, ensure_ascii=False, default=str) for side in (change.before, change.after)
    )
    start = 0
    if change.kind == CHANGED and max(len(before), len(after)) > WIDTH:
        start = max(0, _common(before, after) - WIDTH // 4)
    return cut(before, start), cut(after, start)


def cut(text: str, start: int = 0) -> str:
    """Return at most as much of a text as is shown, and say with dots where something is left out."""
    middle = text[start : start + WIDTH]
    return f"{'…' if start else ''}{middle}{'…' if start + WIDTH < len(text) else ''}"


def share(part: Fraction | None) -> str:
    """Return a share in percent, or a dash where there is no rule."""
    return _ABSENT if part is None else percent(part)


def traffic_by_stage(series: SeriesChange) -> Iterator[tuple[str, Sequence[TrafficChange]]]:
    """Return the stages where the traffic is not what it was in the stage before."""
    known: tuple[TrafficChange, ...] | None = None
    for name, flow in series.traffic_by_stage:
        if flow != known:
            yield name, flow
        known = flow


def _merged(rows: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for stage, *cells in rows:
        found.setdefault(tuple(cells), []).append(stage)
    return [(in_stages(stages), *cells) for cells, stages in found.items()]


def _common(one: str, other: str) -> int:
    """Count the characters that two texts begin with alike, in steps that halve: values can be long."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _change(shift: TrafficChange) -> str:
    if shift.before is None:
        return "new"
    if shift.after is None:
        return "gone"
    return f"{'+' if shift.change > 0 else ''}{percent(shift.change)}"


def _pair(both: tuple[int | None, int | None]) -> str:
    before, after = (_ABSENT if side is None else str(side) for side in both)
    return before if before == after else f"{before} → {after}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def _fingerprint(changes: Sequence[FieldChange]) -> str:
    return json.dumps([(item.path, item.kind, item.before, item.after) for item in changes], default=str)
