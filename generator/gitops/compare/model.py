"""What a comparison is made of: the two sides, and every difference between them as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from generator.model.findings import Finding
from generator.model.manifests import Identity, Manifest
from generator.model.weights import NONE, rounded

ADDED, REMOVED, CHANGED, REORDERED = "added", "removed", "changed", "reordered"
"""Kinds of difference; a stage of a rollout, an object and a field have them alike."""

DELETED, SPARED = "deleted", "spared"
"""What else may happen to an object: a stage's list of deletions has it now, or has it no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """One stage as it is committed: its objects in apply order, what it deletes, and its gate."""

    name: str
    objects: Mapping[Identity, Manifest] = field(default_factory=dict)
    deletions: tuple[Identity, ...] = ()
    gate: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """The stages of one plan, in order; `single` marks one stage that stands for itself."""

    name: str
    stages: tuple[Snapshot, ...]
    single: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """What the user named: the series that stand there, and the findings that their plans gave."""

    name: str
    series: tuple[Series, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TrafficChange:
    """One backend of one rule: its share of the requests, before and after.

    None says that the rule is not there; `copies` marks a mirror, which gets copies of requests.
    """

    object: Identity
    rule: str
    backend: str
    before: Fraction | None
    after: Fraction | None
    copies: bool = False

    @property
    def change(self) -> Fraction:
        """Return the points that the backend gains, or loses: the difference of the shares as shown."""
        return rounded(self.after or NONE) - rounded(self.before or NONE)


@dataclass(frozen=True, kw_only=True, slots=True)
class CapacityChange:
    """A workload's replicas and the accelerators that they hold, before and after; None: it is not there.

    `restarts` says that its pods are replaced: their template differs.
    """

    object: Identity
    replicas: tuple[int | None, int | None]
    accelerators: tuple[int | None, int | None]
    restarts: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """One field of an object, by its path as people write it."""

    path: str
    kind: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectChange:
    """What happens to one object; the fields say it where it is on both sides."""

    object: Identity
    kind: str
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class StageChange:
    """One stage on both sides, or one that is new or gone, held against the stage before it.

    `before` and `after` are the names of the two snapshots compared, empty where there is none;
    `reordered` are objects that are applied in another order.
    """

    kind: str
    before: str
    after: str
    shifts: tuple[TrafficChange, ...] = ()
    capacities: tuple[CapacityChange, ...] = ()
    objects: tuple[ObjectChange, ...] = ()
    gate: tuple[FieldChange, ...] = ()
    reordered: tuple[Identity, ...] = ()

    @property
    def name(self) -> str:
        """Name the stage as the side has it that has it."""
        return self.before if self.kind == REMOVED else self.after

    @property
    def differs(self) -> bool:
        """Return whether anything inside differs."""
        return any((self.shifts, self.capacities, self.objects, self.gate, self.reordered))

    @property
    def same_place(self) -> bool:
        """Return whether both sides have the stage, under the same number."""
        return self.kind == CHANGED and self.before == self.after


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesChange:
    """One plan on both sides, or on one: its stages that differ, and its traffic by stage."""

    name: str
    kind: str
    stages: tuple[StageChange, ...]
    traffic_by_stage: tuple[tuple[str, tuple[TrafficChange, ...]], ...]
    """Every stage of the later side by name, with all of its traffic in `after`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Everything that differs between two sides; `findings` are those that the first has not."""

    before: str
    after: str
    series: tuple[SeriesChange, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def same(self) -> bool:
        """Return whether the sides are alike; findings are no difference."""
        return not self.series
