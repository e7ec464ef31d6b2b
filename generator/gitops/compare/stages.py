"""Compare two stages, and match the stages of one rollout with those of another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from generator.gitops.compare.capacity import capacities
from generator.gitops.compare.fields import differences
from generator.gitops.compare.model import (
    ADDED,
    CHANGED,
    DELETED,
    REMOVED,
    SPARED,
    FieldChange,
    ObjectChange,
    Snapshot,
    StageChange,
)
from generator.gitops.compare.traffic import shifts
from generator.model.manifests import Identity, Manifest

NOTHING = Snapshot(name="")
_NUMBER = re.compile(r"\A[0-9]+-")
_VALUE = re.compile(r"[0-9]+")
_HIDDEN = "(hidden)"

StagePair = tuple[str, Snapshot, Snapshot]
"""A kind of difference, and the two snapshots to compare."""


def pairs(one: Sequence[Snapshot], other: Sequence[Snapshot]) -> Iterator[StagePair]:
    """Match the stages of two rollouts by what happens in them, whatever their numbers are.

    A stage that only one has is held against the last stage before it that both have.
    """
    before, after = NOTHING, NOTHING
    slugs, others = ([_NUMBER.sub("", stage.name) for stage in side] for side in (one, other))
    matcher = SequenceMatcher(None, slugs, others, autojunk=False)
    for kind, start, end, start_other, end_other in matcher.get_opcodes():
        left, right = one[start:end], other[start_other:end_other]
        ours, theirs = (
            [_VALUE.sub("", slug) for slug in part]
            for part in (slugs[start:end], others[start_other:end_other])
        )
        if kind == "equal" or ours == theirs:
            yield from ((CHANGED, *pair) for pair in zip(left, right, strict=True))
            before, after = left[-1], right[-1]
        else:
            yield from ((REMOVED, stage, after) for stage in left)
            yield from ((ADDED, before, stage) for stage in right)


class Differ:
    """Compares stages; an object that many stages share is compared once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[FieldChange, ...]] = {}

    def compare(self, kind: str, one: Snapshot, other: Snapshot) -> StageChange:
        """Return everything that differs between two stages."""
        return StageChange(
            kind=kind,
            before=one.name,
            after=other.name,
            shifts=shifts(one.objects.values(), other.objects.values()),
            capacities=capacities(one.objects, other.objects),
            objects=(*self._objects(one, other), *_deletions(one, other)),
            gate=differences(one.gate, other.gate),
            reordered=_reordered(tuple(one.objects), tuple(other.objects)),
        )

    def _objects(self, one: Snapshot, other: Snapshot) -> Iterator[ObjectChange]:
        for name in sorted({*one.objects, *other.objects}):
            before, after = one.objects.get(name), other.objects.get(name)
            if before is None or after is None:
                yield ObjectChange(object=name, kind=ADDED if before is None else REMOVED)
            else:
                fields = self._fields(before, after)
                if fields:
                    yield ObjectChange(object=name, kind=CHANGED, fields=fields)

    def _fields(self, before: Manifest, after: Manifest) -> tuple[FieldChange, ...]:
        key = (id(before.data), id(after.data))
        if key not in self._known:
            found = differences(before.data, after.data)
            self._known[key] = tuple(map(_masked, found)) if before.kind == "Secret" else found
        return self._known[key]


def _masked(change: FieldChange) -> FieldChange:
    """Hide what a Secret holds: a comparison is read by more people than the cluster."""
    if change.path.partition(".")[0].partition("[")[0] not in {"data", "stringData"}:
        return change
    return replace(
        change,
        before=None if change.kind == ADDED else _HIDDEN,
        after=None if change.kind == REMOVED else _HIDDEN,
    )


def _deletions(one: Snapshot, other: Snapshot) -> Iterator[ObjectChange]:
    for kind, names, known in (
        (DELETED, other.deletions, one.deletions),
        (SPARED, one.deletions, other.deletions),
    ):
        yield from (ObjectChange(object=name, kind=kind) for name in sorted(set(names) - set(known)))


def _reordered(one: tuple[Identity, ...], other: tuple[Identity, ...]) -> tuple[Identity, ...]:
    """Return the common objects applied in another order: from the first that differs to the last."""
    before = [name for name in one if name in set(other)]
    after = [name for name in other if name in set(one)]
    moved = [place for place, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    return tuple(after[moved[0] : moved[-1] + 1]) if moved else ()
