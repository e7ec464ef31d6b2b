"""Blue-green: a second InferencePool takes over the first one's traffic (contract §3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from generator.kubernetes.backends import Pool
from generator.kubernetes.routes import ROUTE_KINDS
from generator.model.findings import Findings
from generator.model.manifests import Manifest
from generator.model.plan import Bundles, Plan, total_of
from generator.model.rollout import Rollout
from generator.model.source import Ref
from generator.model.target import Gateway
from generator.stages.blue_green.client_names import Side
from generator.stages.blue_green.context import Scene
from generator.stages.blue_green.objects import Objects, sorted_out
from generator.stages.blue_green.overlap import prepare
from generator.stages.blue_green.parameters import BlueGreen, parse
from generator.stages.blue_green.rollout import rollout_of
from generator.stages.blue_green.sizes import Fleet
from generator.stages.blue_green.takeover import require_takeover
from generator.stages.budget import require_budget
from generator.stages.capacity import sized, unowned
from generator.stages.requirements import require_pool
from generator.stages.strategy import Strategy
from generator.stages.traffic.grants import require_grants
from generator.stages.traffic.pins import resolve
from generator.stages.traffic.requirements import (
    require_betas,
    require_exact,
    require_mirror,
    require_movable,
    require_routes,
)
from generator.stages.traffic.routes import shifted
from generator.stages.traffic.shift import BLUE, Moment, Shift
from generator.stages.version import Version


def plan_stages(plan: Plan, bundles: Bundles, found: Findings) -> Rollout:
    """Return the stages: deploy candidates, let beta users in, shift weights, drain, finalize, clean up."""
    terms = BlueGreen.of(plan)
    objects = sorted_out(plan, terms, bundles, found)
    bundle = {BLUE: objects.blue, **objects.candidates}
    named = {BLUE: terms.blue, **{candidate.name: candidate.pool for candidate in terms.candidates}}
    pools = {name: require_pool(bundle[name], pool, found) for name, pool in named.items()}
    shift = _shift(plan, terms, named, pools, objects.routes, found)
    _require_traffic(plan, terms, objects, shift, found)
    found.stop_if_errors()
    blue, *candidates = (
        Version(name=name, objects=bundle[name], pool=cast(Manifest, pool)) for name, pool in pools.items()
    )
    narrowed = prepare(blue, tuple(candidates), terms.narrow, found)
    objectives = _require_takeover(blue, tuple(candidates), terms, objects.shared, found)
    found.stop_if_errors()
    fleet = Fleet(
        blue=replace(blue, objects=narrowed),
        candidates=tuple(
            replace(
                version,
                objects=unowned(sized(version.objects, blue.objects, terms.capacity.of(version.name))),
            )
            for version in candidates
        ),
        capacity=terms.capacity,
        is_bound=_is_bound(objects.routes, shift, terms.winner),
    )
    rollout = rollout_of(
        Scene(
            plan=plan,
            terms=terms,
            gateway=cast(Gateway, plan.target.gateway),
            shift=shift,
            shared=objects.shared,
            today=blue.objects,
            fleet=fleet,
            routes=objects.routes,
            objectives=objectives,
        )
    )
    require_budget(rollout, terms.capacity.budget, found)
    return rollout


def _shift(
    plan: Plan,
    terms: BlueGreen,
    named: Mapping[str, Ref],
    found_pools: Mapping[str, Manifest | None],
    routes: tuple[Manifest, ...],
    found: Findings,
) -> Shift:
    """Return what moves where; a pool that is missing is taken to be where the plan is."""
    blue, *candidates = (
        Pool(
            version=version,
            name=named[version].value,
            namespace=pool.identity.namespace if pool else plan.namespace,
        )
        for version, pool in found_pools.items()
    )
    return Shift(
        blue=blue,
        candidates=tuple(candidates),
        total=total_of(terms.steps),
        pinned=resolve(terms.pins, routes, blue, ROUTE_KINDS, found),
    )


def _require_takeover(
    blue: Version,
    candidates: tuple[Version, ...],
    terms: BlueGreen,
    shared: tuple[Manifest, ...],
    found: Findings,
) -> dict[Pool, str]:
    """Hold each candidate against blue.

    Return the objective, by pool, that requests get on their way there.
    """
    old = Side(pool=blue.pool, objects=blue.objects + shared)
    made = {candidate.name: candidate.pool.place for candidate in terms.candidates if candidate.derivation}
    return {
        version.target: require_takeover(
            old,
            Side(pool=version.pool, objects=version.objects + shared, place=dict(made).get(version.name)),
            terms.objective,
            found,
        )
        for version in candidates
    }


def _is_bound(routes: tuple[Manifest, ...], shift: Shift, winner: str) -> bool:
    """Return whether blue gets requests that no weight counts: pinned ones, or copies."""

    def at(moment: Moment) -> list[Mapping[str, Any]]:
        return [shifted(route, shift, moment, named=False).data for route in routes]

    return bool(shift.pinned) or at(Moment()) != at(Moment(released=winner))


def _require_traffic(plan: Plan, terms: BlueGreen, objects: Objects, shift: Shift, found: Findings) -> None:
    routes = objects.routes
    require_routes(routes, shift, terms.blue, found)
    require_movable(routes, shift, found)
    pools = {candidate.name: candidate.pool for candidate in terms.candidates}
    require_grants(routes, objects.shared, shift, pools, found)
    require_mirror(terms.mirror, plan.target, found)
    require_exact(routes, shift, terms.blue, found)
    require_betas(routes, shift, terms.betas, found)


STRATEGY = Strategy(name="blue-green", modes=frozenset({"gateway"}), parse=parse, plan=plan_stages)
