"""Blue-green: a second InferencePool takes over the first one's traffic (contract §3.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from generator.anatomy import with_parts
from generator.budget import require_budget
from generator.capacity import Capacity, parse_capacity, sized, unowned
from generator.changes import parse_changes, parse_patches
from generator.codes import CODES
from generator.commons import without_commons
from generator.derive import Derivation, derive
from generator.diagnostics import Findings
from generator.fields import Fields
from generator.make import make
from generator.manifests import Manifest, Origin
from generator.model import Bundles, Gate, Gateway, Plan, Ref, Rollout, Step
from generator.requirements import require_beta, require_exact, require_pool, require_routes
from generator.routes import ROUTE_KINDS, Beta, Shift
from generator.steps import GateTable, parse_steps
from generator.strategies.blue_green_stages import BlueGreenStages
from generator.strategies.strategy import Strategy
from generator.weights import scale


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRoute:
    """The HTTPRoute that rollplan makes when the plan brings none."""

    name: str
    hostnames: tuple[str, ...]
    path_prefix: str
    request_timeout: str
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class BlueGreen:
    """The parameters of a blue-green rollout."""

    blue: Ref
    green: Ref
    steps: tuple[Step, ...]
    beta: Beta | None
    beta_gate: Gate
    new_route: NewRoute | None
    derivation: Derivation | None
    capacity: Capacity


def parse(spec: Fields, gates: GateTable, found: Findings) -> BlueGreen:
    """Read the parameters; a beta step is at most one and comes first."""
    items = list(spec.child("strategy").items("steps"))
    for item in items[1:]:
        if item.has("beta"):
            found.add(
                CODES["RP111"],
                "the beta step comes after another step",
                item.place,
                "make it the first step, and the only one of its kind: beta users come before any weight",
            )
    first = items[0] if items[0].has("beta") else None
    return BlueGreen(
        blue=spec.child("blue").ref("pool"),
        green=spec.child("green").ref("pool"),
        steps=_steps(items, gates, found),
        beta=_beta(first) if first else None,
        beta_gate=Gate(soak=first.text("soak"), metrics=gates.pick(first.refs("gates"))) if first else Gate(),
        new_route=_new_route(spec) if spec.has("route") else None,
        capacity=parse_capacity(spec.child("strategy").child("capacity")),
        derivation=_derivation(spec) if spec.child("green").has("from") else None,
    )


def _steps(items: list[Fields], gates: GateTable, found: Findings) -> tuple[Step, ...]:
    weighted = [item for item in items if item.has("weight")]
    if not weighted:
        found.add(CODES["RP112"], "no step has a weight", items[0].place, "add steps up to `{weight: 100}`")
    return parse_steps(weighted, gates, found)


def _beta(step: Fields) -> Beta:
    header = step.child("beta").child("header")
    return Beta(name=header.text("name"), value=header.text("value"))


def _new_route(spec: Fields) -> NewRoute:
    fields = spec.child("route")
    return NewRoute(
        name=fields.text("name"),
        hostnames=tuple(ref.value for ref in fields.refs("hostnames")),
        path_prefix=fields.text("pathPrefix", "/"),
        request_timeout=fields.text("requestTimeout"),
        origin=Origin(document=fields.document, path=fields.path),
    )


def _derivation(spec: Fields) -> Derivation:
    green = spec.child("green")
    return Derivation(
        blue=spec.child("blue").ref("pool"),
        green=green.ref("pool"),
        changes=parse_changes(green),
        patches=parse_patches(green),
    )


def plan_stages(plan: Plan, bundles: Bundles, found: Findings) -> Rollout:
    """Give the stages: deploy green, let beta users in, shift weights, drain blue, finalize, clean up."""
    parameters: BlueGreen = plan.strategy
    blue, routes = _without_routes(bundles["blue"])
    blue, common = without_commons(blue)
    routes += bundles.get("routes", ()) + _made_routes(plan, parameters)
    blue = with_parts(blue, parameters.blue.value)
    green, green_common = without_commons(bundles.get("green", ()))
    shared = bundles.get("shared", ()) + common + green_common
    if parameters.derivation:
        derived = derive(blue, parameters.derivation, plan.namespace, shared + routes, found)
        green, shared = derived.green, shared + derived.shared
        moved = {item.identity for item in derived.shared}
        blue = tuple(item for item in blue if item.identity not in moved)
    shift = Shift(
        blue=parameters.blue.value,
        green=parameters.green.value,
        total=scale(step.weight for step in parameters.steps),
    )
    blue_pool = require_pool(blue, parameters.blue, found)
    green_pool = require_pool(green, parameters.green, found)
    require_routes(routes, shift, parameters.blue, found)
    require_exact(routes, shift, parameters.blue, found)
    if parameters.beta:
        require_beta(routes, shift, parameters.beta, found)
    found.stop_if_errors()
    rollout = BlueGreenStages(
        plan=plan,
        steps=parameters.steps,
        beta=parameters.beta,
        beta_gate=parameters.beta_gate,
        gateway=cast(Gateway, plan.target.gateway),
        shift=shift,
        capacity=parameters.capacity,
        shared=shared,
        blue=blue,
        green=unowned(sized(with_parts(green, shift.green), blue, parameters.capacity)),
        blue_pool=cast(Manifest, blue_pool),
        green_pool=cast(Manifest, green_pool),
        routes=routes,
    ).rollout()
    if parameters.capacity.budget:
        require_budget(rollout, parameters.capacity.budget, found)
    return rollout


def _without_routes(bundle: tuple[Manifest, ...]) -> tuple[tuple[Manifest, ...], tuple[Manifest, ...]]:
    """Take the routes out of a version's objects: one that went with blue would take the traffic along."""
    routes = tuple(replace(item, bundle="routes") for item in bundle if item.kind in ROUTE_KINDS)
    return tuple(item for item in bundle if item.kind not in ROUTE_KINDS), routes


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
