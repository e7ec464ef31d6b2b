"""Make a router: InferencePool, endpoint picker and what the gateway needs (field/endpoint-picker)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from generator.gather.made.context import Context, labels, picker_mode, picker_pods
from generator.gather.made.gateway_policies import BACKUP, provider_policies
from generator.gather.made.monitors import picker_metrics
from generator.gather.made.picker import picker_config, picker_pod
from generator.gather.made.proxy import CLIENT_PORT, made_proxy, with_sidecar
from generator.gather.made.rbac import picker_rights
from generator.kubernetes.labels import POD_NAME
from generator.kubernetes.router import EXT_PROC_PORT, METRICS_PORT
from generator.model.made import Router
from generator.model.manifests import Manifest

_PORTS = [
    {"name": "grpc-ext-proc", "protocol": "TCP", "port": EXT_PROC_PORT, "appProtocol": "kubernetes.io/h2c"},
    {"name": "http-metrics", "protocol": "TCP", "port": METRICS_PORT},
]


def made_router(router: Router, context: Context) -> Iterator[Manifest]:
    """Return every object of a router."""
    yield from picker_rights(router, context)
    yield picker_config(router, context)
    yield from made_proxy(router, context)
    yield from _services(router, context)
    if router.has_pool:
        yield from _pool(router, context)
    yield from provider_policies(router, context)
    yield _picker(router, context)
    yield from picker_metrics(router, context)


def _services(router: Router, context: Context) -> Iterator[Manifest]:
    if not router.preferred_rate:
        ports = [*_PORTS, CLIENT_PORT] if with_sidecar(router, context) else _PORTS
        selector = picker_pods(router, context)
        yield context.make_for(router, "service", annotations={}, selector=selector, ports=ports)
        return
    exposed = {
        "cloud.google.com/neg": json.dumps({"exposed_ports": {EXT_PROC_PORT: {}}}, separators=(",", ":"))
    }
    for ordinal, suffix in enumerate(("", BACKUP)):
        selector = {POD_NAME: f"{context.picker}-{ordinal}"}
        values = {"name": f"{context.picker}{suffix}", "annotations": exposed, "selector": selector}
        yield context.make_for(router, "service", ports=_PORTS, **values)


def _pool(router: Router, context: Context) -> Iterator[Manifest]:
    """Return the pool and its objectives.

    Without its picker a gateway may send to any pod: not where some of them only prefill (I14),
    nor in standalone mode, where the proxy would believe an address that the client sends.
    """
    closed = context.standalone or context.disaggregated
    yield context.make_for(
        router,
        "inferencepool",
        name=context.pool,
        labels=labels(context, "inference-pool"),
        selector=dict(context.selector),
        ports=list(router.ports),
        service=f"{context.picker}{BACKUP if router.preferred_rate else ''}",
        failure_mode=router.failure_mode or ("FailClose" if closed else "FailOpen"),
    )
    for one in router.objectives:
        values = {"name": one.name, "priority": one.priority, "pool": context.pool}
        yield context.make_for(router, "inferenceobjective", **values)


def _picker(router: Router, context: Context) -> Manifest:
    """Return the picker's workload: one replica, since two would each know half the load (I12)."""
    common = {
        "labels": {**labels(context), **picker_mode(router)},
        "selector": picker_pods(router, context),
        "pod": picker_pod(router, context),
    }
    if router.preferred_rate:
        return context.make_for(router, "statefulset", replicas=2, service=context.picker, **common)
    once = {"strategy": {"type": "Recreate"}, "progress_deadline": 0}
    return context.make_for(router, "deployment", replicas=router.replicas, **once, **common)
