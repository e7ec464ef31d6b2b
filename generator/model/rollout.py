"""A rollout as a frozen value: its stages, their objects and gates, and the rollback."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from generator.model.gates import Gate, Instruction
from generator.model.manifests import Identity, Manifest
from generator.model.plan import Plan
from generator.model.source import Place, Ref
from generator.model.target import Budget


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """How much was checked: the ways from stage to stage and back, and the half-applied states on them."""

    transitions: int
    rollbacks: int
    states: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Backend:
    """One backend of a split: `share` is the part of the split that its weight is."""

    version: str
    name: str
    weight: int
    share: Fraction


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """How one rule of a route or rewrite divides its requests."""

    object: Identity
    rule: str
    condition: str
    backends: tuple[Backend, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletion:
    """Objects deleted together; the next deletion comes when the checks say that they are gone."""

    title: str
    objects: tuple[Manifest, ...]
    checks: tuple[Instruction, ...] = ()

    def file_name(self, number: int) -> str:
        """Return the name of the deletion's file: its place in the order, counted from 1, and what goes."""
        return f"{number:02d}-{self.title.replace(' ', '-')}.yaml"


def deletion_files(folder: str, deletions: Iterable[Deletion]) -> Mapping[str, Deletion]:
    """Return the deletions of a stage or a rollback by the file in `folder` that names what goes."""
    return {f"{folder}/delete/{one.file_name(number)}": one for number, one in enumerate(deletions, 1)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """The whole desired state at one point of the rollout, and what leads to it.

    `objects` is a snapshot in apply order; `actions` run after it is applied and before its gate;
    `rollback` is what the way back costs, in one sentence; after a `final` stage what served before is gone,
    and the rollout's one rollback no longer helps.
    `place` is the step of the plan that the stage comes from, if there is one.
    """

    slug: str
    title: str
    objects: tuple[Manifest, ...]
    splits: tuple[Split, ...] = ()
    deletions: tuple[Deletion, ...] = ()
    actions: tuple[Instruction, ...] = ()
    gate: Gate = field(default_factory=Gate)
    rollback: str = ""
    final: bool = False
    place: Place | None = None

    @property
    def by_identity(self) -> Mapping[Identity, Manifest]:
        """Return the objects by their identity."""
        return {item.identity: item for item in self.objects}

    @property
    def deleted(self) -> tuple[Manifest, ...]:
        """Return what goes in any deletion."""
        return tuple(item for deletion in self.deletions for item in deletion.objects)


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

    `accelerators` is what one replica of a bundle's model servers takes, where the plan sets it, and `budget`
    what the rollout shares with other plans beside the cluster's own. `drain` is how long the plan lets a
    version that leaves finish its answers, and `adapter_directory` where it has the pods find adapters; None
    or empty where the plan leaves it to metrics and to the pods' environment. `proof` is there once every
    half-applied stage has been checked.
    """

    plan: Plan
    stages: tuple[Stage, ...]
    rollback: Rollback
    accelerators: Mapping[str, int] = field(default_factory=dict)
    budget: Budget | None = None
    drain: Ref | None = None
    adapter_directory: str = ""
    proof: Proof | None = None

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """Return the budgets that the rollout shares with other plans: the cluster's, and its own."""
        return tuple(budget for budget in (self.plan.target.budget, self.budget) if budget is not None)

    def directory(self, index: int) -> str:
        """Return the name of a stage's directory: its two digits and what happens."""
        return f"{index:02d}-{self.stages[index].slug}"

    def folder(self, index: int) -> str:
        """Return the path of a stage's directory in the rendered plan."""
        return f"stages/{self.directory(index)}"

    @property
    def objects(self) -> tuple[Manifest, ...]:
        """Return every object that any stage has, once, as the last of them has it."""
        return tuple({item.identity: item for stage in self.stages for item in stage.objects}.values())

    def applied(self, index: int) -> tuple[Manifest, ...]:
        """Return the objects that a stage adds or changes; the first stage is what runs already."""
        before = self.stages[index - 1].by_identity if index else {}
        return tuple(
            item
            for item in self.stages[index].objects
            if item.identity not in before or before[item.identity].data != item.data
        )
