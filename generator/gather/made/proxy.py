"""The proxy of standalone mode: in the picker's pod, or in pods of its own (field/endpoint-picker)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from generator.gather.made.context import Context, labels
from generator.gather.templates import make_part, make_text
from generator.model.made import SERVICE, SIDECAR, Router
from generator.model.manifests import Manifest

LINGER = 120
"""Seconds that picker and proxy stay when told to stop: responses stream through both (I11)."""

GRACE = LINGER + 30
"""Seconds until their pod is killed: what they do after LINGER must fit."""

CLIENT_PORT = {"name": "http", "protocol": "TCP", "port": 8081, "targetPort": 8081}
"""Where clients come in."""


def with_sidecar(router: Router, context: Context) -> bool:
    """Return whether the proxy runs in the picker's pod."""
    return context.standalone and router.proxy.placement == SIDECAR


def made_proxy(router: Router, context: Context) -> Iterator[Manifest]:
    """Return the proxy's configuration, and where it has pods of its own, those and their Service.

    The chart calls every proxy's ConfigMap alike, so two releases in a namespace collide; here it has the
    pool's name.
    """
    if not context.standalone:
        return
    _, file, config = _TYPES[router.proxy.type]
    own = {"name": context.proxy, "labels": labels(context, "proxy")}
    yield context.make_for(router, "configmap", files={file: config(router, context)}, **own)
    if router.proxy.placement == SERVICE:
        yield from _service(router, context)


def _service(router: Router, context: Context) -> Iterator[Manifest]:
    selector = {"llm-d-router-proxy": context.proxy}
    own = {"name": context.proxy, "labels": {**labels(context, "proxy"), **selector}, "selector": selector}
    yield context.make_for(router, "service", annotations={}, ports=[CLIENT_PORT], **own)
    template = make_part(
        "router-pod",
        labels=own["labels"],
        account="",
        mounted=False,
        grace_seconds=GRACE,
        spread=selector,
        containers=[proxy_container(router, context)],
        volumes=[proxy_volume(context)],
    )
    yield context.make_for(
        router,
        "deployment",
        replicas=router.proxy.replicas,
        strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        progress_deadline=0,
        pod=template,
        **own,
    )
    yield context.make_for(router, "poddisruptionbudget", **own)


def proxy_container(router: Router, context: Context) -> dict[str, Any]:
    """Return the proxy's container."""
    proxy = router.proxy
    return make_part(
        _TYPES[proxy.type][0],
        image=proxy.image,
        cluster=context.pool,
        linger_seconds=LINGER,
        resources=dict(proxy.resources),
    )


def proxy_volume(context: Context) -> dict[str, Any]:
    """Return the volume of the proxy's configuration."""
    return {"name": "proxy-config", "configMap": {"name": context.proxy}}


def _envoy(router: Router, context: Context) -> str:
    beside = router.proxy.placement == SIDECAR
    host = "127.0.0.1" if beside else f"{context.picker}.{context.namespace}.svc.cluster.local"
    discovery = "STATIC" if beside else "STRICT_DNS"
    return make_text("envoy", picker=host, discovery=discovery)


def _agentgateway(router: Router, context: Context) -> str:
    return make_text(
        "agentgateway",
        backend=f"{context.namespace}/{context.pool}",
        service=context.pool,
        namespace=context.namespace,
        port=router.ports[0],
        ports=list(router.ports),
    )


_TYPES: Mapping[str, tuple[str, str, Callable[[Router, Context], str]]] = {
    "envoy": ("envoy-proxy", "envoy.yaml", _envoy),
    "agentgateway": ("agentgateway-proxy", "config.yaml", _agentgateway),
}
"""Type of the proxy → its container, the file that it reads, and what that says."""
