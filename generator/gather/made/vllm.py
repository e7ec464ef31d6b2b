"""The pods that run vLLM: arguments, environment, and how they start and stop (field/model-servers, I15)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from generator.gather.made.context import Context
from generator.gather.templates import make_part
from generator.kubernetes.commands import with_flags
from generator.model.made import DECODE, ModelServer

TEARDOWN = 30
"""Seconds that a pod has beyond preStop and draining, to tear the engine down."""

WORKER_DRAIN = 15
"""Seconds for a worker to end after its leader has drained: no request is its own."""

STARTUP_DELAY, STARTUP_PERIOD = 15, 30
"""Seconds before the first question whether the model is loaded, and between two."""

ENGINE_PORT = 8200
"""Where vLLM listens when a routing proxy has the pool's port."""

_KV_TRANSFER = (
    "--block-size=128",
    "--no-disable-hybrid-kv-cache-manager",
    '--kv-transfer-config={"kv_connector":"NixlConnector","kv_role":"kv_both"'
    ',"kv_load_failure_policy":"recompute"}',
)
"""What prefill and decode must agree on; a block whose pod has stopped is computed again (I15)."""

_MODELS = "/models"
"""Where the weights stand when they come from a claim."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pod:
    """One kind of pod of a workload; a worker of a group has no API, and so no port and no probes."""

    server: ModelServer
    context: Context
    labels: Mapping[str, str]
    arguments: tuple[str, ...]
    linger: int
    drain: int
    serves: bool = True
    spread: Mapping[str, str]

    def template(self) -> dict[str, Any]:
        """Return the pod's template."""
        server = self.server
        tolerated = [{"key": server.accelerator, "operator": "Exists", "effect": "NoSchedule"}]
        return make_part(
            "server-pod",
            labels=dict(self.labels),
            account=server.name,
            grace_seconds=self.linger + self.drain + TEARDOWN,
            node_selector=dict(server.node_selector),
            tolerations=list(server.tolerations) or (tolerated if server.accelerators else []),
            affinity=dict(server.affinity),
            spread=dict(self.spread),
            sidecars=[_routing_proxy(server, self.context)] if self._is_proxied else [],
            containers=[self._container()],
            volumes=list(_volumes(server)),
        )

    @property
    def _is_proxied(self) -> bool:
        return self.serves and is_proxied(self.server, self.context)

    def _container(self) -> dict[str, Any]:
        server = self.server
        return make_part(
            "modelserver",
            image=server.image,
            arguments=self._arguments(),
            environment=_environment(server, self.context),
            ports=list(_ports(server, self.context)) if self.serves else [],
            startup_delay=STARTUP_DELAY,
            startup_period=STARTUP_PERIOD,
            startup_failures=ceil((server.startup - STARTUP_DELAY) / STARTUP_PERIOD),
            linger_seconds=self.linger,
            resources=_resources(server),
            models=_MODELS if server.claim else "",
        )

    def _arguments(self) -> list[str]:
        """Return vLLM's arguments; without the last one it would abort what is in flight (I15)."""
        stop = f"--shutdown-timeout={self.drain}"
        return with_flags([*self.arguments, stop], self.server.arguments)


def server_pod(
    server: ModelServer, context: Context, labels: Mapping[str, str], spread: Mapping[str, str]
) -> dict[str, Any]:
    """Return the template of pods that hold a whole replica."""
    return _Pod(
        server=server,
        context=context,
        labels=labels,
        arguments=(*_model(server), *_api(server, context), *_engine(server, context)),
        linger=server.linger,
        drain=server.drain,
        spread=spread,
    ).template()


def group_pods(
    server: ModelServer, context: Context, leader: Mapping[str, str], worker: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Return the templates of a group: tensor parallel within a node, pipeline parallel between nodes.

    The whole group is told to stop at once, so workers wait until their leader has drained.
    """
    group = (
        f"--pipeline-parallel-size={server.nodes}",
        "--nnodes=$(LWS_GROUP_SIZE)",
        "--node-rank=$(LWS_WORKER_INDEX)",
        "--master-addr=$(LWS_LEADER_ADDRESS)",
        "--master-port=29500",
    )
    engine = (*_engine(server, context), *group)
    leads = _Pod(
        server=server,
        context=context,
        labels=leader,
        arguments=(*_model(server), *_api(server, context), *engine),
        linger=server.linger,
        drain=server.drain,
        spread={},
    )
    works = _Pod(
        server=server,
        context=context,
        labels=worker,
        arguments=(*_model(server), *engine, "--headless"),
        linger=server.linger + server.drain,
        drain=WORKER_DRAIN,
        serves=False,
        spread={},
    )
    return {"leader": leads.template(), "worker": works.template()}


def is_proxied(server: ModelServer, context: Context) -> bool:
    """Return whether a routing proxy stands before vLLM: in decode pods that have others prefill for them."""
    return context.disaggregated and server.role == DECODE


def _port(server: ModelServer, context: Context) -> int:
    return ENGINE_PORT if is_proxied(server, context) else context.port


def _model(server: ModelServer) -> tuple[str, str]:
    return server.model, f"--served-model-name={server.served}"


def _api(server: ModelServer, context: Context) -> Iterator[str]:
    yield f"--port={_port(server, context)}"
    yield "--disable-access-log-for-endpoints=/health,/metrics,/v1/models"


def _engine(server: ModelServer, context: Context) -> Iterator[str]:
    if server.accelerators:
        yield f"--tensor-parallel-size={server.accelerators}"
    if context.disaggregated:
        yield from _KV_TRANSFER


def _ports(server: ModelServer, context: Context) -> Iterator[dict[str, Any]]:
    yield {"name": "modelserver", "containerPort": _port(server, context), "protocol": "TCP"}
    if context.disaggregated:
        yield {"name": "nixl", "containerPort": 5600, "protocol": "TCP"}


def _routing_proxy(server: ModelServer, context: Context) -> dict[str, Any]:
    ports = [f"--port={context.port}", f"--vllm-port={ENGINE_PORT}"]
    return make_part("routing-proxy", image=server.routing_proxy, ports=ports, port=context.port)


def _environment(server: ModelServer, context: Context) -> list[Mapping[str, Any]]:
    token = {"secretKeyRef": {"name": server.token_secret, "key": "HF_TOKEN"}}
    own: list[Mapping[str, Any]] = [
        {"name": "HOME", "value": "/home/vllm"},
        {"name": "USER", "value": "vllm"},
        {"name": "HF_TOKEN", "valueFrom": token},
        {"name": "VLLM_NO_USAGE_STATS", "value": "1"},
    ]
    if server.claim:
        own.append({"name": "HF_HUB_CACHE", "value": _MODELS})
    if context.disaggregated:  # the address under which pods of the other role reach this one's KV blocks
        address = {"fieldRef": {"fieldPath": "status.podIP"}}
        own.append({"name": "VLLM_NIXL_SIDE_CHANNEL_HOST", "valueFrom": address})
    if server.nodes > 1:  # the group talks over the pod network's interface
        own += [{"name": f"{library}_SOCKET_IFNAME", "value": "eth0"} for library in ("GLOO", "NCCL")]
    variables = {variable["name"]: variable for variable in server.environment}
    return [*(variables.pop(one["name"], one) for one in own), *variables.values()]


def _resources(server: ModelServer) -> dict[str, Any]:
    """Return the resources with the accelerators, which are asked for and limited alike."""
    limits, requests = dict(server.resources["limits"]), dict(server.resources["requests"])
    if server.size_limit and "ephemeral-storage" not in {*limits, *requests}:
        requests["ephemeral-storage"] = server.size_limit
    if server.accelerators:
        both = {server.accelerator: str(server.accelerators)}
        limits, requests = limits | both, requests | both
    return {"requests": requests, **({"limits": limits} if limits else {})}


def _volumes(server: ModelServer) -> Iterator[dict[str, Any]]:
    """Return home, which holds weights and compiled code, and the memory that parallel workers share."""
    yield {"name": "home", "emptyDir": {"sizeLimit": server.size_limit} if server.size_limit else {}}
    yield {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "20Gi"}}
    if server.claim:
        yield {"name": "models", "persistentVolumeClaim": {"claimName": server.claim}}
