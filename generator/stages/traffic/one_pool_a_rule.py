"""Gateways that take one InferencePool a rule: pools without weight leave the rule (field/gateways)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from generator.kubernetes.gateways import IMPLEMENTATIONS, Splitting
from generator.kubernetes.routes import ROUTE_KINDS, portions, rules_of
from generator.model.manifests import Manifest
from generator.model.rollout import Rollout


def one_pool_a_rule(rollout: Rollout) -> Rollout:
    """Return the rollout in a form that its gateway takes.

    Elsewhere both pools stay in a rule, at weight 0 too, so that the data plane keeps knowing them; a
    gateway that takes one pool can go from the one to the other in a single step alone.
    """
    gateway = rollout.plan.target.gateway
    known = IMPLEMENTATIONS.get(gateway.provider) if gateway else None
    if (
        known is None
        or gateway is None
        or known.behaviour(gateway.version).splitting is not Splitting.CUTOVER
    ):
        return rollout
    stages = tuple(replace(stage, objects=_alone(stage.objects)) for stage in rollout.stages)
    back = replace(rollout.rollback, objects=_alone(rollout.rollback.objects))
    return replace(rollout, stages=stages, rollback=back)


def _alone(objects: Iterable[Manifest]) -> tuple[Manifest, ...]:
    return tuple(_route(item) if item.kind in ROUTE_KINDS else item for item in objects)


def _route(route: Manifest) -> Manifest:
    rules = [_rule(route.kind, rule) for rule in rules_of(route)]
    return route if rules == rules_of(route) else route.put(rules, "spec", "rules")


def _rule(kind: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    parts = portions(kind, rule)
    kept = [part.entry for part in parts if part.entry.get("kind") != "InferencePool" or part.weight]
    return {**rule, "backendRefs": kept} if kept and len(kept) < len(parts) else dict(rule)
