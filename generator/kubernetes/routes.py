"""Rules of routes: which backends they send to, and with which weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from generator.kubernetes.backends import Pool, named_by
from generator.kubernetes.rewrites import REWRITE
from generator.model.manifests import Manifest
from generator.model.weights import shares_of

IDLE_SECONDS = 300
"""How long a pool must be idle to count as drained, when no route says how long a request may take."""

ROUTE_KINDS = frozenset({"HTTPRoute", "GRPCRoute"})
"""Kinds whose rules can be shifted weight by weight; others that name a pool move as a whole."""


DIVIDING_KINDS = ROUTE_KINDS | {REWRITE}
"""Kinds whose rules divide requests by weights."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Portion:
    """What one entry of a rule's list gets: its weight, and the share of the rule's requests that it is."""

    entry: Mapping[str, Any]
    weight: int
    share: Fraction

    @property
    def name(self) -> str:
        """Return the name of the backend, or the model of the target."""
        return str(self.entry.get("modelRewrite", self.entry.get("name")))


def portions(kind: str, rule: Mapping[str, Any]) -> tuple[Portion, ...]:
    """Return what each backend or target of a rule gets, in a route or rewrite of this kind."""
    entries = tuple(_mappings(rule.get("targets" if kind == REWRITE else "backendRefs")))
    absent = DEFAULT_WEIGHT if kind != REWRITE or all(entry.get("weight") is None for entry in entries) else 0
    weights = [weight_of(entry, absent) for entry in entries]
    return tuple(
        Portion(entry=entry, weight=weight, share=share)
        for entry, weight, share in zip(entries, weights, shares_of(weights), strict=True)
    )


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """Return the entries that are objects: in a tree that was edited by hand anything may stand."""
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else iter(())


DEFAULT_WEIGHT = 1
"""The weight of a backendRef that says none, as the API server has it."""


def weight_of(entry: Mapping[str, Any], absent: int = DEFAULT_WEIGHT) -> int:
    """Return an entry's weight: without one a backend has 1, and a target none beside others with weights."""
    weight = entry.get("weight")
    return weight if isinstance(weight, int) else absent


def rules_of(route: Manifest) -> list[Mapping[str, Any]]:
    """Return the rules of a route or rewrite, as they are."""
    found: list[Mapping[str, Any]] = route.get("spec", "rules", default=[])
    return found


def backends_to(rule: Mapping[str, Any], pool: Pool, home: str) -> tuple[int, ...]:
    """Return the indexes of the backendRefs that name the pool; a rule may name it more than once.

    `home` is the namespace of the route.
    """
    refs = enumerate(rule.get("backendRefs") or ())
    return tuple(index for index, ref in refs if named_by(ref, pool, home))


def rules_to(route: Manifest, pool: Pool) -> tuple[int, ...]:
    """Return the indexes of the rules that send requests to the pool."""
    home = route.identity.namespace
    return tuple(index for index, rule in enumerate(rules_of(route)) if backends_to(rule, pool, home))
