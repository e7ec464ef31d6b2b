"""Refuse flags of a made pod that rollplan sets itself, and engines that cannot drain."""

from __future__ import annotations

import re
from collections.abc import Mapping

from generator.kubernetes.commands import flag_of
from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.made import ModelServer, RequestedObjects

_NAMED = "the router's fields say it"
_ROUTER_FLAGS: Mapping[str, str] = {
    "--config-file": "use `plugins`",
    "--config-text": "use `plugins`",
    "--endpoint-selector": "use `selector`",
    "--endpoint-target-ports": "use `targetPorts`",
    "--grpc-health-port": _NAMED,
    "--grpc-port": _NAMED,
    "--ha-enable-leader-election": "use `replicas`",
    "--metrics-endpoint-auth": "use `monitoring.auth`",
    "--metrics-port": _NAMED,
    "--pool-group": _NAMED,
    "--pool-name": "use `pool`",
    "--pool-namespace": _NAMED,
    "--secure-serving": _NAMED,
}
_SERVER_FLAGS: Mapping[str, str] = {
    "--headless": "use `nodes`",
    "--master-addr": "use `nodes`",
    "--master-port": "use `nodes`",
    "--model": "use `model`",
    "--nnodes": "use `nodes`",
    "--node-rank": "use `nodes`",
    "--port": "use the router's `targetPorts`",
    "--served-model-name": "use `servedModelName`",
    "--shutdown-timeout": "use `drainSeconds`",
}
"""Flags that other parts of what is made hang on → what to use instead."""


def require_flags(requested: RequestedObjects) -> Reporting[None]:
    """Check that arguments set no flag that rollplan sets, and that each engine can drain (I15)."""
    for server in requested.servers:
        yield from _require_draining(server)
    groups = (
        [(requested.router.arguments, requested.router.origin, _ROUTER_FLAGS)] if requested.router else []
    )
    groups += [(server.arguments, server.origin, _SERVER_FLAGS) for server in requested.servers]
    for arguments, origin, flags in groups:
        for index, argument in enumerate(arguments):
            flag = flag_of(argument)
            if flag in flags:
                message = f"`{flag}` is set by rollplan: probes, ports or other objects depend on it"
                yield finding("RP225", message, origin.at("args", index), flags[flag])


_VLLM = re.compile(r"(?:^|/)vllm[^:@]*:v?(?P<major>\d+)\.(?P<minor>\d+)")
_DRAINS = (0, 18)
"""The first version of vLLM that knows `--shutdown-timeout` (I15)."""


def _require_draining(server: ModelServer) -> Reporting[None]:
    tag = _VLLM.search(server.image)
    if tag and (int(tag["major"]), int(tag["minor"])) < _DRAINS:
        yield finding(
            "RP226",
            f"vLLM {tag['major']}.{tag['minor']} cannot finish its requests when its pod is stopped",
            server.origin.at("image"),
            "use v0.18 or later, or write the model server as a manifest",
        )
