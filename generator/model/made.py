"""Fields `router` and `modelServers` of a plan: what rollplan makes for a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generator.model.manifests import Origin

Resources = Mapping[str, Mapping[str, str]]
"""Resource `requests` and `limits` of a container."""

DECODE, PREFILL = "decode", "prefill"
"""The roles of model servers: decode answers requests, prefill only prepares them."""

SIDECAR, SERVICE = "sidecar", "service"
"""Where the proxy of standalone mode runs: in the picker's pod, or in pods of its own."""

POD_MONITORING = "PodMonitoring"
"""The kind by which Google's managed Prometheus finds pods."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Monitoring:
    """Who reads metrics, how often, and whether only with a token."""

    kind: str
    interval: str
    auth: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """One InferenceObjective of the pool."""

    name: str
    priority: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """The proxy that clients talk to in standalone mode; `specified` if the plan sets it."""

    specified: bool
    type: str
    placement: str
    replicas: int
    image: str
    resources: Resources


@dataclass(frozen=True, kw_only=True, slots=True)
class Router:
    """The InferencePool and its endpoint picker; fields that the plan does not set are empty or None."""

    origin: Origin
    image: str
    replicas: int
    arguments: tuple[str, ...]
    resources: Resources
    selector: Mapping[str, str]
    ports: tuple[int, ...]
    failure_mode: str
    plugins: Mapping[str, Any]
    objectives: tuple[Objective, ...]
    monitoring: Monitoring | None
    preferred_rate: int | None
    has_pool: bool
    proxy: Proxy


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelServer:
    """One vLLM workload of the pool; a replica of several `nodes` is a group of a LeaderWorkerSet.

    `startup`, `linger` and `drain` are seconds: until a pod must have loaded its model, from the order to
    stop until vLLM hears of it, and from then until its last request must have ended.
    """

    origin: Origin
    name: str
    role: str
    model: str
    served: str
    image: str
    replicas: int
    nodes: int
    accelerator: str
    accelerators: int
    arguments: tuple[str, ...]
    environment: tuple[Mapping[str, Any], ...]
    resources: Resources
    node_selector: Mapping[str, str]
    tolerations: tuple[Mapping[str, Any], ...]
    affinity: Mapping[str, Any]
    labels: Mapping[str, str]
    token_secret: str
    claim: str
    size_limit: str
    startup: int
    linger: int
    drain: int
    routing_proxy: str
    monitoring: Monitoring | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestedObjects:
    """Everything that rollplan makes for one version, in addition to its manifests."""

    pool: str
    router: Router | None
    servers: tuple[ModelServer, ...]
