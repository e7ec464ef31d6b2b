"""The model servers of a pool: a Deployment each, or a LeaderWorkerSet for replicas of several nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from generator.gather.made.context import Context
from generator.gather.made.vllm import group_pods, server_pod
from generator.kubernetes import names
from generator.kubernetes.labels import (
    ACCELERATOR_VENDOR,
    APP_COMPONENT,
    APP_INSTANCE,
    APP_NAME,
    ENGINE,
    MODEL_LABEL,
    ROLE,
)
from generator.kubernetes.replicas import (
    MAX_SURGE,
    MAX_UNAVAILABLE,
    MIN_READY_SECONDS,
    roomy_deadline,
)
from generator.kubernetes.router import MODEL
from generator.kubernetes.workloads import PROGRESS_SECONDS
from generator.model.made import POD_MONITORING, ModelServer
from generator.model.manifests import Manifest

SERVES, WORKS = "model-server", "model-server-worker"
"""The component of pods with an API, and of those that only work for a leader."""


_VENDORS = {
    "amd.com": "amd",
    "aws.amazon.com": "aws",
    "google.com": "google",
    "gpu.intel.com": "intel",
    "habana.ai": "intel",
    "nvidia.com": "nvidia",
}
"""Domain of an accelerator's resource → who makes it, as llm-d's labels have it."""


def made_server(server: ModelServer, context: Context) -> Iterator[Manifest]:
    """Return a workload with its account, its disruption budget and its monitor."""
    labels = server_labels(server, context)
    common = {"name": server.name, "labels": labels}
    pods = {key: labels[key] for key in ("app", APP_INSTANCE)}
    origin = server.origin
    yield context.make("serviceaccount", MODEL, origin, mounted=False, **common)
    if server.nodes > 1:
        yield _groups(server, context, common)
    else:
        yield _deployment(server, context, common, pods)
    yield context.make("poddisruptionbudget", MODEL, origin, selector=pods, **common)
    if server.monitoring:
        kind = "podmonitoring" if server.monitoring.kind == POD_MONITORING else "podmonitor"
        values = {"port": "modelserver", "interval": server.monitoring.interval, "token": ""}
        yield context.make(kind, MODEL, origin, selector=pods | {APP_COMPONENT: SERVES}, **values, **common)


def server_labels(server: ModelServer, context: Context) -> dict[str, str]:
    """Return the labels of a workload and of its pods with an API.

    The pool's are among them; the plan's may say more, but not whose the pods are or what they do.
    """
    vendor = _VENDORS.get(server.accelerator.partition("/")[0], "")
    return {
        "app": names.label(context.pool),
        **context.selector,
        **({ACCELERATOR_VENDOR: vendor} if vendor and server.accelerators else {}),
        MODEL_LABEL: _as_label(server.model),
        **server.labels,
        APP_NAME: "vllm",
        APP_INSTANCE: server.name,
        APP_COMPONENT: SERVES,
        ENGINE: "vllm",
        ROLE: server.role,
    }


def _as_label(model: str) -> str:
    """Return the last part of a model's name in the characters that a label may have."""
    return re.sub(r"[^-._A-Za-z0-9]", "-", model.rstrip("/").rpartition("/")[2])[:63].strip("-._")


def _deployment(
    server: ModelServer, context: Context, common: Mapping[str, Any], pods: Mapping[str, str]
) -> Manifest:
    """Return a Deployment whose progress deadline leaves time to load the model (I16)."""
    workload = context.make(
        "deployment",
        MODEL,
        server.origin,
        **common,
        replicas=server.replicas,
        min_ready=MIN_READY_SECONDS,
        progress_deadline=PROGRESS_SECONDS,
        strategy={
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": MAX_SURGE, "maxUnavailable": MAX_UNAVAILABLE},
        },
        selector=dict(pods),
        pod=server_pod(server, context, common["labels"], pods),
    )
    return workload.put(roomy_deadline(workload, MIN_READY_SECONDS), "spec", "progressDeadlineSeconds")


def _groups(server: ModelServer, context: Context, common: Mapping[str, Any]) -> Manifest:
    """Return a LeaderWorkerSet; its workers have no API, and another component by which to tell them."""
    leader = common["labels"]
    worker = leader | {APP_COMPONENT: WORKS}
    return context.make(
        "leaderworkerset",
        MODEL,
        server.origin,
        **common,
        replicas=server.replicas,
        size=server.nodes,
        **group_pods(server, context, leader, worker),
    )
