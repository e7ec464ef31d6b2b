"""A plan as a frozen value: versions, steps, target, delivery and gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from generator.model.findings import Acceptance
from generator.model.gates import MetricGate
from generator.model.made import Wanted
from generator.model.manifests import Manifest
from generator.model.source import Place, Ref
from generator.model.target import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """The share of each candidate in percent, with how long to watch it and by which gates.

    A candidate without a share gets no requests, and what no candidate has stays where it is today.
    `slug` is the shares in the characters of a stage's name.
    """

    shares: Mapping[str, Decimal]
    slug: str
    soak: str
    gates: tuple[MetricGate, ...]
    place: Place

    @property
    def weight(self) -> Decimal:
        """Return the share of all candidates together."""
        return sum(self.shares.values(), Decimal(0))

    @property
    def winner(self) -> str:
        """Return the candidate that has all requests, if one has."""
        return next((name for name, share in self.shares.items() if share == 100), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """The paths from which one bundle is gathered, and what rollplan makes in addition."""

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
