"""Sort the manifests of a blue-green rollout into versions, routes and shared objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import cast

from generator.gather.templates import make
from generator.kubernetes.backends import names_pools
from generator.kubernetes.router import with_parts
from generator.kubernetes.routes import ROUTE_KINDS
from generator.model.findings import Reporting
from generator.model.manifests import Manifest
from generator.model.plan import Bundles, Plan
from generator.model.target import Gateway
from generator.stages.blue_green.parameters import BlueGreen
from generator.stages.blue_green.shared_kinds import without_shared_kinds
from generator.stages.green.derive import derive
from generator.stages.traffic.shift import BLUE

_ROUTES, _SHARED = "routes", "shared"


@dataclass(frozen=True, kw_only=True, slots=True)
class SortedObjects:
    """Blue's objects, those of each candidate by its name, what they share, and their routes."""

    blue: tuple[Manifest, ...]
    candidates: Mapping[str, tuple[Manifest, ...]]
    shared: tuple[Manifest, ...]
    routes: tuple[Manifest, ...]


def sort_objects(plan: Plan, parameters: BlueGreen, bundles: Bundles) -> Reporting[SortedObjects]:
    """Sort the manifests, and derive the candidates that the plan makes from blue.

    A route that went with a version would take the traffic along, so routes go apart, wherever they
    were found (I3).
    """
    routes = tuple(
        replace(item, bundle=_ROUTES)
        for name, bundle in bundles.items()
        for item in bundle
        if name == _ROUTES or _is_route(item)
    )
    rest = {name: tuple(item for item in bundle if not _is_route(item)) for name, bundle in bundles.items()}
    parted = {name: without_shared_kinds(rest[name]) for name in rest if name not in (_ROUTES, _SHARED)}
    own = {name: bundle for name, (bundle, _) in parted.items()}
    shared = sum((common for _, common in parted.values()), rest.get(_SHARED, ()))
    own[BLUE] = with_parts(own[BLUE], parameters.blue.value)
    for candidate in parameters.candidates:
        if candidate.derivation:
            taken = (*shared, *routes, *(item for name in own if name != BLUE for item in own[name]))
            derived = yield from derive(own[BLUE], candidate.derivation, plan.namespace, taken)
            own[candidate.name] = derived.green
            shared += derived.shared
            own[BLUE] = _without(own[BLUE], derived.shared)
    return SortedObjects(
        blue=own[BLUE],
        candidates={
            candidate.name: with_parts(own[candidate.name], candidate.pool.value)
            for candidate in parameters.candidates
        },
        shared=shared,
        routes=(*routes, *_made_routes(plan, parameters)),
    )


def _is_route(item: Manifest) -> bool:
    """Return whether an object sends requests to pools: a route, or one of another kind that names some."""
    return item.kind in ROUTE_KINDS or names_pools(item)


def _without(bundle: tuple[Manifest, ...], moved: Iterable[Manifest]) -> tuple[Manifest, ...]:
    gone = {item.identity for item in moved}
    return tuple(item for item in bundle if item.identity not in gone)


def _made_routes(plan: Plan, parameters: BlueGreen) -> tuple[Manifest, ...]:
    if parameters.new_route is None:
        return ()
    route, gateway = parameters.new_route, cast(Gateway, plan.target.gateway)
    made = make(
        "httproute",
        _ROUTES,
        route.origin,
        name=route.name,
        namespace=plan.namespace,
        gateway=gateway.name,
        gateway_namespace=gateway.namespace,
        hostnames=route.hostnames,
        path_prefix=route.path_prefix,
        request_timeout=route.request_timeout,
        pool=parameters.blue.value,
    )
    return (made,)
