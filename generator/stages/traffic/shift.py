"""Read HTTPRoutes and GRPCRoutes: which rules shift, which are pinned, what each one does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from generator.kubernetes.backends import Pool, named_by
from generator.kubernetes.routes import ROUTE_KINDS, rules_of, rules_to
from generator.model.gates import Gate
from generator.model.manifests import Manifest
from generator.model.rollout import Split
from generator.model.source import Place
from generator.stages.traffic.pins import Pinned
from generator.stages.traffic.splits import split_of

BLUE, GREEN = "blue", "green"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """Traffic that moves from one pool to others, in whole parts of `total`; `pinned` rules stay."""

    blue: Pool
    candidates: tuple[Pool, ...]
    total: int
    pinned: Pinned = field(default_factory=dict)

    @property
    def pools(self) -> tuple[Pool, ...]:
        """Return the pool of every version, blue's first."""
        return (self.blue, *self.candidates)

    def pool(self, version: str) -> Pool:
        """Return the pool of a version."""
        return next(pool for pool in self.pools if pool.version == version)

    def until(self, route: Manifest, rule: int | None) -> str:
        """Return how long a rule is pinned; nothing when it is not."""
        pin = self.pinned.get((route.identity, rule))
        return pin.until if pin else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Beta:
    """The header that sends a request to a candidate before any weight does; `rule` names its rules."""

    candidate: str
    name: str
    value: str
    rule: str

    def __str__(self) -> str:
        """Return `x-rollout: green`, as the header is written."""
        return f"{self.name}: {self.value}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mirror:
    """The share of blue's requests that each candidate gets copies of; how long to watch, and by what."""

    percent: int
    gate: Gate
    place: Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """What routes do at one point of a rollout.

    Each candidate has its share, beta rules are there or not, `mirror` percent of blue's
    requests are copied, and what is pinned, or only gets copies, still names blue unless it is released
    to a version.
    """

    shares: Mapping[str, Fraction] = field(default_factory=dict)
    betas: tuple[Beta, ...] = ()
    mirror: int = 0
    released: str = ""


def moving(route: Manifest, shift: Shift) -> tuple[int, ...]:
    """Return the indexes of the rules whose requests are shifted: those to blue that are not pinned."""
    rules = rules_to(route, shift.blue) if route.kind in ROUTE_KINDS else ()
    return tuple(index for index in rules if not shift.until(route, index))


def contested(route: Manifest, shift: Shift) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Return the index of each rule that competes with a rule that moves, and the matches by which it does.

    Between matches that differ in headers and parameters alone, a header more decides (field/routes).
    """
    rules = [[dict(match) for match in rule.get("matches") or [{}]] for rule in rules_of(route)]
    wanted = [_bare(match) for index in moving(route, shift) for match in rules[index]]
    for index, matches in enumerate(rules):
        found = [match for match in matches if _bare(match) in wanted]
        if found:
            yield index, found


def _bare(match: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in match.items() if key not in {"headers", "queryParams"}}


def splits(route: Manifest, shift: Shift) -> tuple[Split, ...]:
    """Return what each rule that knows a version does with its requests."""
    home = route.identity.namespace

    def version(ref: Mapping[str, Any]) -> str:
        return next((pool.version for pool in shift.pools if named_by(ref, pool, home)), "")

    rules = enumerate(rules_of(route))
    found = (split_of(route, index, _condition(rule), version) for index, rule in rules)
    return tuple(split for split in found if any(backend.version for backend in split.backends))


def _condition(rule: Mapping[str, Any]) -> str:
    """Return the header that a rule requires in every match, or nothing."""
    wanted = [
        [f"{header['name']}: {header['value']}" for header in match.get("headers", ())]
        for match in rule.get("matches", ())
    ]
    return ", ".join(wanted[0]) if wanted and all(headers == wanted[0] for headers in wanted) else ""
