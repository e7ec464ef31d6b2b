"""A plan as a frozen value: versions, steps, target, delivery and gates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from generator.model.findings import Acceptance
from generator.model.gates import MetricGate
from generator.model.made import RequestedObjects
from generator.model.manifests import Manifest
from generator.model.source import Place, Ref
from generator.model.target import Target
from generator.model.weights import NONE, WHOLE, scale


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """The share of each candidate, with how long to watch it and by which gates.

    A candidate without a share gets no requests, and what no candidate has stays where it is today.
    `slug` is the shares in the characters of a stage's name.
    """

    shares: Mapping[str, Fraction]
    slug: str
    soak: str
    gates: tuple[MetricGate, ...]
    place: Place

    @property
    def share(self) -> Fraction:
        """Return the share of all candidates together."""
        return sum(self.shares.values(), NONE)

    @property
    def winner(self) -> str:
        """Return the candidate that has all requests, if one has."""
        return next((name for name, share in self.shares.items() if share == WHOLE), "")


def total_of(steps: Iterable[Step]) -> int:
    """Return the smallest total of weights with which every share of every step is a whole number."""
    return scale(share for step in steps for share in step.shares.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """The paths from which one bundle is gathered, and what rollplan makes in addition."""

    bundle: str
    paths: tuple[Ref, ...]
    requested: RequestedObjects | None = None


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


class Parameters:
    """What a plan sets for its strategy; every strategy has a subclass of its own."""

    __slots__ = ()

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Return a plan's parameters as those of this strategy; TypeError where the plan is for another."""
        if not isinstance(plan.strategy, cls):
            raise TypeError(f"a {plan.type} plan has no parameters of {cls.__name__}")
        return plan.strategy


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A valid plan: `strategy` holds the parameters of the strategy named `type`."""

    name: str
    namespace: str
    target: Target
    sources: tuple[Sources, ...]
    roots: tuple[str, ...]
    type: str
    strategy: Parameters
    gates: tuple[MetricGate, ...]
    accept: tuple[Acceptance, ...]
    place: Place
    delivery: Delivery = Delivery()


Bundles = dict[str, tuple[Manifest, ...]]
"""Manifests by the bundle they belong to: blue, green, shared, routes."""
