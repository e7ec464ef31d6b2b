"""Blue-green: a second InferencePool takes over the first one's traffic (contract §3.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from generator.anatomy import with_parts
from generator.budget import require_budget
from generator.capacity import sized, unowned
from generator.commons import without_commons
from generator.continuity import Side
from generator.derive import derive
from generator.diagnostics import Findings
from generator.make import make
from generator.manifests import Manifest
from generator.model import Bundles, Gateway, Plan, Rollout
from generator.narrow import prepare
from generator.requirements import require_beta, require_exact, require_mirror, require_pool, require_routes
from generator.routes import ROUTE_KINDS, Shift
from generator.strategies.blue_green_plan import BlueGreen, parse
from generator.strategies.blue_green_stages import BlueGreenStages
from generator.strategies.strategy import Strategy
from generator.takeover import require_takeover
from generator.weights import scale


@dataclass(frozen=True, kw_only=True, slots=True)
class Versions:
    """The manifests of a rollout by what they are to it: two versions, what they share, their routes."""

    blue: tuple[Manifest, ...]
    green: tuple[Manifest, ...]
    shared: tuple[Manifest, ...]
    routes: tuple[Manifest, ...]


def plan_stages(plan: Plan, bundles: Bundles, found: Findings) -> Rollout:
    """Give the stages: deploy green, let beta users in, shift weights, drain blue, finalize, clean up."""
    parameters: BlueGreen = plan.strategy
    versions = _versions(plan, parameters, bundles, found)
    shift = Shift(
        blue=parameters.blue.value,
        green=parameters.green.value,
        total=scale(step.weight for step in parameters.steps),
    )
    pools = (
        require_pool(versions.blue, parameters.blue, found),
        require_pool(versions.green, parameters.green, found),
    )
    _require_traffic(plan, parameters, versions.routes, shift, found)
    found.stop_if_errors()
    blue_pool, green_pool = cast(tuple[Manifest, Manifest], pools)
    prepared = prepare(versions.blue, versions.green, (blue_pool, green_pool), parameters.narrow, found)
    objectives = _require_takeover(versions, parameters, (blue_pool, green_pool), found)
    found.stop_if_errors()
    rollout = BlueGreenStages(
        plan=plan,
        terms=parameters,
        gateway=cast(Gateway, plan.target.gateway),
        shift=shift,
        shared=versions.shared,
        today=versions.blue,
        blue=prepared,
        green=unowned(sized(versions.green, versions.blue, parameters.capacity)),
        blue_pool=blue_pool,
        green_pool=green_pool,
        routes=versions.routes,
        objectives=objectives,
    ).rollout()
    require_budget(rollout, parameters.capacity.budget, found)
    return rollout


def _versions(plan: Plan, parameters: BlueGreen, bundles: Bundles, found: Findings) -> Versions:
    """Sort the manifests: a route that went with blue would take the traffic along, so routes go apart."""
    routes = tuple(replace(item, bundle="routes") for item in bundles["blue"] if item.kind in ROUTE_KINDS)
    routes += bundles.get("routes", ()) + _made_routes(plan, parameters)
    blue, common = without_commons(tuple(item for item in bundles["blue"] if item.kind not in ROUTE_KINDS))
    blue = with_parts(blue, parameters.blue.value)
    green, green_common = without_commons(bundles.get("green", ()))
    shared = bundles.get("shared", ()) + common + green_common
    if parameters.derivation:
        derived = derive(blue, parameters.derivation, plan.namespace, shared + routes, found)
        green, shared = derived.green, shared + derived.shared
        moved = {item.identity for item in derived.shared}
        blue = tuple(item for item in blue if item.identity not in moved)
    return Versions(blue=blue, green=with_parts(green, parameters.green.value), shared=shared, routes=routes)


def _require_takeover(
    versions: Versions, parameters: BlueGreen, pools: tuple[Manifest, Manifest], found: Findings
) -> dict[str, str]:
    blue, green = versions.blue + versions.shared, versions.green + versions.shared
    place = parameters.green.place if parameters.derivation else None
    return require_takeover(
        Side(pool=pools[0], objects=blue),
        Side(pool=pools[1], objects=green, place=place),
        parameters.objective,
        found,
    )


def _require_traffic(
    plan: Plan, parameters: BlueGreen, routes: tuple[Manifest, ...], shift: Shift, found: Findings
) -> None:
    require_routes(routes, shift, parameters.blue, found)
    require_mirror(parameters.mirror, plan.target, found)
    require_exact(routes, shift, parameters.blue, found)
    if parameters.beta:
        require_beta(routes, shift, parameters.beta, found)


def _made_routes(plan: Plan, parameters: BlueGreen) -> tuple[Manifest, ...]:
    if parameters.new_route is None:
        return ()
    route, gateway = parameters.new_route, cast(Gateway, plan.target.gateway)
    made = make(
        "httproute",
        "routes",
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


STRATEGY = Strategy(name="blue-green", modes=frozenset({"gateway"}), parse=parse, plan=plan_stages)
