"""Policies that a gateway needs besides a pool and its picker, by provider (field/endpoint-picker)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from generator.gather.made.context import Context, labels
from generator.kubernetes.router import HEALTH_PORT
from generator.model.made import Router
from generator.model.manifests import INFERENCE, Manifest

BACKUP = "-backup"
"""What the Service of a preferred picker's stand-in adds to the name."""

_TIMEOUT = 300
"""Seconds that an answer may take on GKE, whose routes have no timeouts; the chart's own number."""


def provider_policies(router: Router, context: Context) -> Iterator[Manifest]:
    """Return the objects that the plan's gateway needs; an unknown one gets none."""
    gateway = context.target.gateway
    if gateway and not context.standalone and gateway.provider in POLICIES:
        yield from POLICIES[gateway.provider](router, context)


def _nothing(_: Router, __: Context) -> Iterator[Manifest]:
    return iter(())


def _istio(router: Router, context: Context) -> Iterator[Manifest]:
    host = f"{context.picker}.{context.namespace}.svc.cluster.local"
    yield context.make_for(router, "destinationrule", host=host)


def _gke(router: Router, context: Context) -> Iterator[Manifest]:
    """Return the pool its health check and its timeout, and the two pickers theirs where one is preferred."""
    pool = {"group": INFERENCE, "kind": "InferencePool", "name": context.pool}
    serves = {
        "timeoutSec": 2,
        "checkIntervalSec": 2,
        "config": {"type": "HTTP", "httpHealthCheck": {"requestPath": "/health", "port": router.ports[0]}},
    }
    answers = {"timeoutSec": _TIMEOUT, "logging": {"enabled": True}}
    common = {"name": context.pool, "labels": labels(context, "inference-pool"), "target": pool}
    yield context.make_for(router, "healthcheckpolicy", check=serves, **common)
    yield context.make_for(router, "gcpbackendpolicy", policy=answers, **common)
    if router.preferred_rate:
        yield from _preferred(router, context, router.preferred_rate)


def _preferred(router: Router, context: Context, rate: int) -> Iterator[Manifest]:
    """Return a rank for both pickers' Services, and a health check for the second, which the pool names."""
    for name, preference in ((context.picker, "PREFERRED"), (f"{context.picker}{BACKUP}", "DEFAULT")):
        balance = {"backendPreference": preference, "balancingMode": "RATE", "maxRatePerEndpoint": rate}
        policy = {"timeoutSec": _TIMEOUT, **balance, "capacityScalerPercent": 100}
        values = {"name": name, "target": {"group": "", "kind": "Service", "name": name}}
        yield context.make_for(router, "gcpbackendpolicy", policy=policy, **values)
    lives = {"type": "GRPC", "grpcHealthCheck": {"portSpecification": "USE_FIXED_PORT", "port": HEALTH_PORT}}
    yield context.make_for(router, "healthcheckpolicy", check={"config": lives}, **values)


POLICIES: Mapping[str, Callable[[Router, Context], Iterator[Any]]] = {
    "agentgateway": _nothing,
    "envoy-ai-gateway": _nothing,
    "gke": _gke,
    "istio": _istio,
    "kgateway": _nothing,
    "nginx-gateway-fabric": _nothing,
    "none": _nothing,
}
"""Provider → what it needs; `none` is for a gateway whose needs the user serves."""
