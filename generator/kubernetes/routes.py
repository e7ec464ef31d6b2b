"""Rules of routes: which backends they send to, and with which weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.kubernetes.backends import Pool, named_by
from generator.model.manifests import Manifest

IDLE_SECONDS = 300
"""How long a pool must be idle to count as drained, when no route says how long a request may take."""

ROUTE_KINDS = frozenset({"HTTPRoute", "GRPCRoute"})
"""Kinds whose rules can be shifted weight by weight; others that name a pool move as a whole."""


def rules_of(route: Manifest) -> list[Mapping[str, Any]]:
    """Return the rules of a route, as they are."""
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


DEFAULT_WEIGHT = 1
"""The weight of a backendRef that says none, as the API server has it."""


def weight_of(ref: Mapping[str, Any]) -> int:
    """Return a backend's weight; the API server's own, in kinds whose defaults are not written out."""
    weight = ref.get("weight")
    return DEFAULT_WEIGHT if weight is None else int(weight)
