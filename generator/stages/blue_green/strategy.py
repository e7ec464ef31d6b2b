"""Blue-green: a second InferencePool takes over the first one's traffic (field/blue-green)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from generator.kubernetes.backends import Pool
from generator.kubernetes.routes import ROUTE_KINDS
from generator.model.findings import Reporting, unless_errors
from generator.model.manifests import Manifest
from generator.model.plan import Bundles, Plan, total_of
from generator.model.rollout import Rollout
from generator.model.source import Ref
from generator.model.target import Gateway
from generator.stages.blue_green.client_names import PoolView
from generator.stages.blue_green.context import Context
from generator.stages.blue_green.objects import SortedObjects, sort_objects
from generator.stages.blue_green.overlap import narrow
from generator.stages.blue_green.parameters import BlueGreen, parse
from generator.stages.blue_green.replacement import require_replacement
from generator.stages.blue_green.rollout import rollout_of
from generator.stages.blue_green.sizes import Fleet
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Prepared:
    """What the plan names, found among the manifests."""

    plan: Plan
    objects: SortedObjects
    blue: Version
    candidates: tuple[Version, ...]
    shift: Shift


def prepare(plan: Plan, bundles: Bundles) -> Reporting[_Prepared | None]:
    """Sort the manifests, and find the pools of all versions and the routes between them."""
    parameters = BlueGreen.of(plan)
    objects = yield from sort_objects(plan, parameters, bundles)
    bundle = {BLUE: objects.blue, **objects.candidates}
    named = {BLUE: parameters.blue, **{candidate.name: candidate.pool for candidate in parameters.candidates}}
    pools = {}
    for name, pool in named.items():
        pools[name] = yield from require_pool(bundle[name], pool)
    shift = yield from _shift(plan, parameters, named, pools, objects.routes)
    yield from _require_traffic(plan, parameters, objects, shift)
    versions = [Version(name=name, objects=bundle[name], pool=pool) for name, pool in pools.items() if pool]
    if len(versions) < len(pools):
        return None
    blue, *candidates = versions
    return _Prepared(plan=plan, objects=objects, blue=blue, candidates=tuple(candidates), shift=shift)


def _scene(parts: _Prepared) -> Reporting[Context]:
    plan, objects, blue, candidates = parts.plan, parts.objects, parts.blue, parts.candidates
    parameters = BlueGreen.of(plan)
    narrowed = yield from narrow(blue, candidates, parameters.narrow)
    objectives = yield from _require_replacement(blue, candidates, parameters, objects.shared)
    fleet = Fleet(
        blue=replace(blue, objects=narrowed),
        candidates=tuple(
            replace(
                version,
                objects=unowned(sized(version.objects, blue.objects, parameters.capacity.of(version.name))),
            )
            for version in candidates
        ),
        capacity=parameters.capacity,
        is_bound=_is_bound(objects.routes, parts.shift, parameters.winner),
    )
    return Context(
        plan=plan,
        parameters=parameters,
        gateway=cast(Gateway, plan.target.gateway),
        shift=parts.shift,
        shared=objects.shared,
        today=blue.objects,
        fleet=fleet,
        routes=objects.routes,
        objectives=objectives,
    )


def plan_stages(parts: _Prepared) -> Reporting[Rollout | None]:
    """Return the stages: deploy candidates, let beta users in, shift weights, drain, finalize, clean up."""
    context = yield from unless_errors(_scene(parts))
    if context is None:
        return None
    rollout = rollout_of(context)
    yield from require_budget(rollout, context.parameters.capacity.budget)
    return rollout


def _shift(
    plan: Plan,
    parameters: BlueGreen,
    named: Mapping[str, Ref],
    found_pools: Mapping[str, Manifest | None],
    routes: tuple[Manifest, ...],
) -> Reporting[Shift]:
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
        total=total_of(parameters.steps),
        pinned=(yield from resolve(parameters.pins, routes, blue, ROUTE_KINDS)),
    )


def _require_replacement(
    blue: Version,
    candidates: tuple[Version, ...],
    parameters: BlueGreen,
    shared: tuple[Manifest, ...],
) -> Reporting[dict[Pool, str]]:
    """Hold each candidate against blue.

    Return the objective, by pool, that requests get on their way there.
    """
    old = PoolView(pool=blue.pool, objects=blue.objects + shared)
    made = {
        candidate.name: candidate.pool.place for candidate in parameters.candidates if candidate.derivation
    }
    objectives = {}
    for version in candidates:
        new = PoolView(pool=version.pool, objects=version.objects + shared, place=made.get(version.name))
        objectives[version.target] = yield from require_replacement(old, new, parameters.objective)
    return objectives


def _is_bound(routes: tuple[Manifest, ...], shift: Shift, winner: str) -> bool:
    """Return whether blue gets requests that no weight counts: pinned ones, or copies."""

    def at(moment: Moment) -> list[Mapping[str, Any]]:
        return [shifted(route, shift, moment, named=False).data for route in routes]

    return bool(shift.pinned) or at(Moment()) != at(Moment(released=winner))


def _require_traffic(
    plan: Plan, parameters: BlueGreen, objects: SortedObjects, shift: Shift
) -> Reporting[None]:
    routes = objects.routes
    yield from require_routes(routes, shift, parameters.blue)
    yield from require_movable(routes, shift)
    pools = {candidate.name: candidate.pool for candidate in parameters.candidates}
    yield from require_grants(routes, objects.shared, shift, pools)
    yield from require_mirror(parameters.mirror, plan.target)
    yield from require_exact(routes, shift, parameters.blue)
    yield from require_betas(routes, shift, parameters.betas)


STRATEGY = Strategy(
    name="blue-green", modes=frozenset({"gateway"}), parse=parse, prepare=prepare, plan=plan_stages
)
