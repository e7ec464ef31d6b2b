"""Check that a pool selects its pods, and that prefill and decode match (field/inference-pool, I18)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from generator.gather.made.context import Context
from generator.gather.made.model_servers import SERVES, server_labels
from generator.kubernetes.commands import Arguments
from generator.kubernetes.labels import APP_COMPONENT
from generator.kubernetes.pods import WORKLOADS, pod_labels, roles_of
from generator.kubernetes.router import ROUTER
from generator.kubernetes.selectors import matches, selects_pods
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.made import DECODE, PREFILL, ModelServer, RequestedObjects
from generator.model.manifests import Manifest
from generator.model.source import Place


def require_matching(
    requested: RequestedObjects, objects: tuple[Manifest, ...], context: Context, pool: Place
) -> Reporting[None]:
    """Check that the pool selects its model servers and no workers, and that prefill has decode pods.

    `objects` are all of the version, and `pool` is where it says by which labels it selects.
    """
    workloads = tuple(item for item in objects if item.kind in WORKLOADS and item.part != ROUTER)
    pairs = ", ".join(f"{key}: {value}" for key, value in context.selector.items())
    for server in requested.servers:
        fault = _fault(server, context)
        if fault:
            what, hint = fault
            pods = Related(place=server.origin.at(), label="these pods")
            yield finding("RP222", f"pool `{context.pool}` ({pairs}) {what}", pool, hint, pods)
    caught = any(selects_pods({"matchLabels": context.selector}, item) for item in workloads)
    if requested.router and not requested.servers and not caught:
        message = f"pool `{context.pool}` ({pairs}) selects no model server"
        yield finding("RP222", message, pool, _labels_of(workloads))
    yield from _require_pairs(requested.servers, workloads)


def _fault(server: ModelServer, context: Context) -> tuple[str, str] | None:
    """Report what is wrong between the pool and a made model server, and how to fix it."""
    if not matches({"matchLabels": context.selector}, server_labels(server, context)):
        return f"does not select the pods of `{server.name}`", "let its `selector` and their `labels` agree"
    if server.nodes > 1 and APP_COMPONENT not in context.selector:
        what = f"selects the workers of `{server.name}` too, which answer no request"
        return what, f"add `{APP_COMPONENT}: {SERVES}` to its selector"
    return None


def _labels_of(workloads: tuple[Manifest, ...]) -> str:
    if not workloads:
        return "add `modelServers`, or the manifests of the model servers"
    labels = ", ".join(f"{key}: {value}" for key, value in sorted(pod_labels(workloads[0]).items()))
    return f"set `router.selector`; the pods of `{workloads[0].name}` carry {labels or 'no labels'}"


_KV_FLAGS = ("--block-size", "--dtype", "--kv-cache-dtype", "--kv-transfer-config")

_PAIRED: Mapping[str, Callable[[ModelServer], Any]] = {
    "model": lambda server: server.model,
    "servedModelName": lambda server: server.served,
    "image": lambda server: server.image,
    "args": lambda server: [Arguments(words=server.arguments).flag(flag) for flag in _KV_FLAGS],
}
"""Field → what prefill and decode must have alike, or KV blocks of one are of no use to the other."""


def _require_pairs(servers: tuple[ModelServer, ...], workloads: tuple[Manifest, ...]) -> Reporting[None]:
    decoding = any(DECODE in roles_of(item) for item in workloads)
    for prefill in (server for server in servers if server.role == PREFILL):
        if not decoding:
            message = f"`{prefill.name}` has role prefill, and there are no decode pods to pair it with"
            hint = "add a model server with `role: decode`"
            yield finding("RP224", message, prefill.origin.at("role"), hint)
        for decode in (server for server in servers if server.role == DECODE):
            for field, value in _PAIRED.items():
                if value(prefill) != value(decode):
                    yield finding(
                        "RP224",
                        f"`{prefill.name}` and `{decode.name}` differ in `{field}`",
                        prefill.origin.at(field),
                        "set the same in both: they exchange the KV blocks of one model",
                        Related(place=decode.origin.at(field), label="what decodes"),
                    )
