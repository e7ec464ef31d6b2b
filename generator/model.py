"""The plan and the rollout as values: what the user wants, and the stages that get there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from generator.diagnostics import Acceptance
from generator.facts import Fact, Proof, facts_of
from generator.inquiry import Question, Subject
from generator.manifests import Identity, Manifest
from generator.source import Place
from generator.target import Target
from generator.wanted import Wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class Ref:
    """A name or path in the plan, and where it stands."""

    value: str
    place: Place

    def __str__(self) -> str:
        """Give the bare name."""
        return self.value


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricGate:
    """A threshold on one number; `bound` is `max` or `min`.

    `promql` is empty while only the `question` is known; `sample` is how many requests of the `subject` an
    answer needs.
    """

    name: str
    promql: str
    bound: str
    threshold: float
    question: Question | None = None
    subject: Subject | None = None
    sample: int = 0
    fact: Fact | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """The share of each candidate in percent, with how long to watch it and by which gates.

    A candidate without a share gets no requests, and what no candidate has stays where it is today.
    `slug` says the shares in the characters of a stage's name.
    """

    shares: Mapping[str, Decimal]
    slug: str
    soak: str
    gates: tuple[MetricGate, ...]
    place: Place

    @property
    def weight(self) -> Decimal:
        """Give the share of all candidates together."""
        return sum(self.shares.values(), Decimal(0))

    @property
    def winner(self) -> str:
        """Give the candidate that has all requests, if one has."""
        return next((name for name, share in self.shares.items() if share == 100), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """The paths from which one bundle is gathered, and what rollplan makes beside them."""

    bundle: str
    paths: tuple[Ref, ...]
    wanted: Wanted | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What applies the stages: an engine of the table in `delivery.py`, and where it looks.

    `path` is the rendered plan's directory in the repository; `source` is the repository's address, or the
    name of the engine's own object for it. kubectl needs none of it.
    """

    engine: str = "kubectl"
    path: str = ""
    branch: str = "main"
    namespace: str = ""
    source: str = ""
    project: str = ""
    interval: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A valid plan: `strategy` holds the parameters of the strategy named `type`."""

    name: str
    namespace: str
    target: Target
    sources: tuple[Sources, ...]
    roots: tuple[str, ...]
    type: str
    strategy: Any
    gates: tuple[MetricGate, ...]
    accept: tuple[Acceptance, ...]
    place: Place
    delivery: Delivery = Delivery()


Bundles = dict[str, tuple[Manifest, ...]]
"""Manifests by the bundle they belong to: blue, green, shared, routes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Backend:
    """One backend of a split: `share` is its part of the split in percent, exact."""

    version: str
    name: str
    weight: int
    share: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """How one rule of a route or rewrite divides its requests."""

    object: Identity
    rule: str
    condition: str
    backends: tuple[Backend, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """A titled piece of shell for people to run in the plan's directory."""

    title: str
    script: str
    fact: Fact | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """What must be true before the next stage; `after` is what is known when the soak is over."""

    checks: tuple[Instruction, ...] = ()
    soak: str = ""
    metrics: tuple[MetricGate, ...] = ()
    after: tuple[Fact, ...] = ()

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Give all that is known when the gate holds."""
        return (*facts_of((*self.checks, *self.metrics)), *self.after)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletion:
    """Objects deleted together; the next deletion comes when the checks say that they are gone."""

    title: str
    objects: tuple[Manifest, ...]
    checks: tuple[Instruction, ...] = ()

    def file_name(self, number: int) -> str:
        """Give the name of the deletion's file: its place in the order, counted from 1, and what goes."""
        return f"{number:02d}-{self.title.replace(' ', '-')}.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """The whole desired state at one point of the rollout, and what leads to it.

    `objects` is a snapshot in apply order; `actions` run after it is applied and before its gate;
    `rollback` is what the way back costs, in one sentence; after a `final` stage what served before is gone,
    and the rollout's one rollback no longer helps.
    `place` is the step of the plan that asks for the stage, where one does.
    """

    slug: str
    title: str
    objects: tuple[Manifest, ...]
    splits: tuple[Split, ...] = ()
    deletions: tuple[Deletion, ...] = ()
    actions: tuple[Instruction, ...] = ()
    gate: Gate = Gate()
    rollback: str = ""
    final: bool = False
    place: Place | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollback:
    """The way back from every stage before cleanup.

    `objects` undo the rollout for clients, and `promise` says how fast; `removals`, when that is done
    and the stage `home` is applied, delete what the rollout had added.
    """

    promise: str
    objects: tuple[Manifest, ...]
    checks: tuple[Instruction, ...] = ()
    removals: tuple[Deletion, ...] = ()
    home: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollout:
    """A plan's stages, in order, and the one rollback that they share.

    `accelerators` says what one replica of a bundle's model servers takes, where the plan says it; `proof` is
    there once every half-applied stage has been checked.
    """

    plan: Plan
    stages: tuple[Stage, ...]
    rollback: Rollback
    accelerators: Mapping[str, int] = field(default_factory=dict)
    proof: Proof | None = None

    def directory(self, index: int) -> str:
        """Give the name of a stage's directory: its two digits and what happens."""
        return f"{index:02d}-{self.stages[index].slug}"

    def applied(self, index: int) -> tuple[Manifest, ...]:
        """Give the objects that a stage adds or changes; the first stage is what runs already."""
        before = {item.identity: item.data for item in self.stages[index - 1].objects} if index else {}
        return tuple(item for item in self.stages[index].objects if before.get(item.identity) != item.data)
