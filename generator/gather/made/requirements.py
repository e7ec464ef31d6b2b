"""What a router that rollplan makes must fit: the target, the manifests, and itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from generator.gather.made.context import Context
from generator.gather.made.gateway_policies import POLICIES
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.made import SIDECAR, RequestedObjects, Router
from generator.model.manifests import Manifest
from generator.model.plan import Plan

_REWRITING = "lora-adapter"
"""The strategy that needs rewrites: a picker without an InferencePool reads none (field/model-rewrite)."""


def require_fit(
    requested: RequestedObjects, pool: Manifest | None, plan: Plan, context: Context
) -> Reporting[None]:
    """Check that the router can be made for this target, and beside these manifests."""
    if requested.router and pool:
        yield finding(
            "RP220",
            f"the manifests have InferencePool `{requested.pool}`, and `router` makes it too",
            requested.router.origin.at_key(),
            "remove `router`, or the pool and its endpoint picker from the manifests",
            Related(place=pool.origin.at("metadata", "name"), label="the pool in the manifests"),
        )
    if requested.router and not pool:
        yield from _require_provider(requested.router, context)
        request = _RouterRequest(requested=requested, router=requested.router, plan=plan, context=context)
        for row in _MISFITS:
            if row.is_met(request):
                place = requested.router.origin.at_key(row.field)
                yield finding("RP223", row.message, place, row.hint)


def _require_provider(router: Router, context: Context) -> Reporting[None]:
    gateway = context.target.gateway
    if context.standalone or (gateway and gateway.provider in POLICIES):
        return
    named = f"gateway provider `{gateway.provider}`" if gateway and gateway.provider else "the plan's gateway"
    yield finding(
        "RP221",
        f"what {named} needs besides the pool is not known, so nothing is made for it",
        router.origin.at_key(),
        f"set `target.gateway.provider` to one of {', '.join(POLICIES)}; with `none` you add what "
        "the gateway needs",
        about=gateway or "",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _RouterRequest:
    """What a misfit is told by."""

    requested: RequestedObjects
    router: Router
    plan: Plan
    context: Context

    @property
    def is_gke(self) -> bool:
        """Return whether the Gateway is one of GKE's."""
        gateway = self.context.target.gateway
        return not self.context.standalone and gateway is not None and gateway.provider == "gke"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Misfit:
    """One way in which a router does not fit: the field that asks for it, when, and what to do."""

    field: str
    is_met: Callable[[_RouterRequest], bool]
    message: str
    hint: str


_MISFITS = (
    _Misfit(
        field="proxy",
        is_met=lambda request: request.router.proxy.specified and not request.context.standalone,
        message="`proxy` is for standalone mode: in gateway mode the Gateway is the proxy",
        hint="remove `proxy`, or set `target.mode: standalone`",
    ),
    _Misfit(
        field="createPool",
        is_met=lambda request: not request.router.has_pool and not request.context.standalone,
        message="a Gateway reaches model servers through an InferencePool alone",
        hint="remove `createPool`",
    ),
    _Misfit(
        field="createPool",
        is_met=lambda request: not request.router.has_pool and request.plan.type == _REWRITING,
        message="without an InferencePool the endpoint picker reads no rewrites, by which adapters shift",
        hint="remove `createPool`, and use the envoy proxy",
    ),
    _Misfit(
        field="objectives",
        is_met=lambda request: bool(request.router.objectives) and not request.router.has_pool,
        message="without an InferencePool there is nothing that objectives could be for",
        hint="remove `objectives` or `createPool`",
    ),
    _Misfit(
        field="proxy",
        is_met=lambda request: (
            request.router.proxy.type == "agentgateway"
            and (request.router.has_pool or request.router.proxy.placement != SIDECAR)
        ),
        message="agentgateway in standalone mode runs beside a picker that has no InferencePool",
        hint="add `createPool: false` and leave `placement` out, or use envoy",
    ),
    _Misfit(
        field="preferredBackends",
        is_met=lambda request: request.router.preferred_rate is not None and not request.is_gke,
        message="preferred backends are a feature of GKE's gateways",
        hint="remove `preferredBackends`; with `replicas: 2` the second picker is a standby",
    ),
    _Misfit(
        field="replicas",
        is_met=lambda request: request.router.preferred_rate is not None and request.router.replicas > 1,
        message="with preferred backends both pickers work, so there is no standby",
        hint="remove `replicas` or `preferredBackends`",
    ),
    _Misfit(
        field="targetPorts",
        is_met=lambda request: len(request.router.ports) > 1 and bool(request.requested.servers),
        message="the model servers that rollplan makes listen on one port",
        hint="set one target port, or write the model servers as manifests",
    ),
)
