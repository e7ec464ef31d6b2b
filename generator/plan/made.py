"""The plan's `router` and `modelServers` as values, with everything that it leaves out filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.kubernetes import names
from generator.kubernetes.engines import SERVER_PORT
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.made import (
    DECODE,
    SIDECAR,
    ModelServer,
    Monitoring,
    Objective,
    Proxy,
    RequestedObjects,
    Resources,
    Router,
)
from generator.model.manifests import Origin
from generator.plan.fields import Fields

PICKER_IMAGE = "ghcr.io/llm-d/llm-d-router-endpoint-picker"
ROUTING_PROXY_IMAGE = "ghcr.io/llm-d/llm-d-router-disagg-sidecar"

_PROXY_IMAGES = {
    "envoy": "docker.io/envoyproxy/envoy:distroless-v1.33.2",
    "agentgateway": "cr.agentgateway.dev/agentgateway:v1.1.0",
}
"""Proxy of standalone mode → the image that the guides pin."""

_PICKER_RESOURCES: Resources = {"requests": {"cpu": "4", "memory": "8Gi"}, "limits": {"memory": "16Gi"}}
"""What the guides give to an endpoint picker (field/endpoint-picker), and the chart to a proxy."""

_SERVER_RESOURCES: Resources = {"requests": {"cpu": "8", "memory": "64Gi"}}
"""What a model server asks for beside its accelerators."""

_INTERVAL = "15s"


def read_requested(bundle: Fields, router_version: str) -> Reporting[RequestedObjects | None]:
    """Read what a version asks rollplan to make; None where it brings everything itself."""
    if not bundle.has("router") and not bundle.has("modelServers"):
        return None
    pool, tag = bundle.text("pool"), _tag(router_version)
    servers = tuple(_server(fields, pool, tag) for fields in bundle.items("modelServers"))
    return RequestedObjects(
        pool=pool,
        router=_router(bundle.child("router"), tag) if bundle.has("router") else None,
        servers=(yield from _distinct(servers)),
    )


def _tag(version: str) -> str:
    """Return a version as the tag of an image: with all three numbers."""
    numbers = version.removeprefix("v").split(".")
    return "v" + ".".join((*numbers, "0")[:3])


def _router(fields: Fields, tag: str) -> Router:
    preferred = fields.child("preferredBackends")
    return Router(
        origin=_origin(fields),
        image=fields.text("image", f"{PICKER_IMAGE}:{tag}"),
        replicas=int(fields.get("replicas", 1)),
        arguments=_texts(fields, "args"),
        resources=_resources(fields, _PICKER_RESOURCES),
        selector=fields.child("selector").data,
        ports=tuple(fields.get("targetPorts", (SERVER_PORT,))),
        failure_mode=fields.text("failureMode"),
        plugins=fields.child("plugins").data,
        objectives=tuple(
            Objective(name=item.text("name"), priority=int(item.get("priority")))
            for item in fields.items("objectives")
        ),
        monitoring=_monitoring(fields),
        preferred_rate=preferred.get("maxRatePerEndpoint", 100) if fields.has("preferredBackends") else None,
        has_pool=bool(fields.get("createPool", True)),
        proxy=_proxy(fields.child("proxy"), specified=fields.has("proxy")),
    )


def _proxy(fields: Fields, *, specified: bool) -> Proxy:
    type_ = fields.text("type", "envoy")
    return Proxy(
        specified=specified,
        type=type_,
        placement=fields.text("placement", SIDECAR),
        replicas=int(fields.get("replicas", 3)),
        image=fields.text("image", _PROXY_IMAGES[type_]),
        resources=_resources(fields, _PICKER_RESOURCES),
    )


def _monitoring(fields: Fields) -> Monitoring | None:
    if not fields.has("monitoring"):
        return None
    monitoring = fields.child("monitoring")
    return Monitoring(
        kind=monitoring.text("kind"),
        interval=monitoring.text("interval", _INTERVAL),
        auth=bool(monitoring.get("auth", False)),
    )


def _server(fields: Fields, pool: str, tag: str) -> ModelServer:
    role, model = fields.text("role", DECODE), fields.text("model")
    accelerators, cache = fields.child("accelerators"), fields.child("cache")
    return ModelServer(
        origin=_origin(fields),
        name=fields.text("name", names.server(pool, role)),
        role=role,
        model=model,
        served=fields.text("servedModelName", model),
        image=fields.text("image"),
        replicas=int(fields.get("replicas", 1)),
        nodes=int(fields.get("nodes", 1)),
        accelerator=accelerators.text("resource", "nvidia.com/gpu"),
        accelerators=int(accelerators.get("count", 1)),
        arguments=_texts(fields, "args"),
        environment=tuple(item.data for item in fields.items("env")),
        resources=_resources(fields, _SERVER_RESOURCES),
        node_selector=_mapping(fields, "nodeSelector"),
        tolerations=tuple(item.data for item in fields.items("tolerations")),
        affinity=_mapping(fields, "affinity"),
        labels=_mapping(fields, "labels"),
        token_secret=fields.text("tokenSecret", "llm-d-hf-token"),
        claim=cache.text("claimName"),
        size_limit=cache.text("sizeLimit"),
        startup=int(fields.get("startupSeconds", 3600)),
        linger=int(fields.get("preStopSeconds", 15)),
        drain=int(fields.get("drainSeconds", 120)),
        routing_proxy=fields.text("routingProxyImage", f"{ROUTING_PROXY_IMAGE}:{tag}"),
        monitoring=_monitoring(fields),
    )


def _distinct(servers: tuple[ModelServer, ...]) -> Reporting[tuple[ModelServer, ...]]:
    """Return the first workload of each name; a second one is a finding: two of one role must be named."""
    first: dict[str, ModelServer] = {}
    for server in servers:
        other = first.setdefault(server.name, server)
        if other is not server:
            yield finding(
                "RP109",
                f"two model servers are called `{server.name}`",
                server.origin.at("name"),
                "give each a `name` of its own; without one the role names it",
                Related(place=other.origin.at("name"), label="the first one"),
            )
    return tuple(first.values())


def _origin(fields: Fields) -> Origin:
    return Origin(document=fields.document, path=fields.path)


def _resources(fields: Fields, default: Resources) -> Resources:
    """Return requests and limits: the plan's, and the default of what the plan says nothing of.

    They stand as text, as the API server stores them; a number would be sent anew at every apply.
    """
    specified = {key: fields.child("resources").child(key).data for key in ("requests", "limits")}
    known = {name for amounts in specified.values() for name in amounts}
    return {
        key: {name: amount for name, amount in default.get(key, {}).items() if name not in known}
        | {name: str(amount) for name, amount in amounts.items()}
        for key, amounts in specified.items()
    }


def _mapping(fields: Fields, name: str) -> Mapping[str, Any]:
    data: Mapping[str, Any] = fields.child(name).data
    return data


def _texts(fields: Fields, name: str) -> tuple[str, ...]:
    return tuple(str(item.data) for item in fields.items(name))
