"""Sort the objects of a version into its router and its model servers.

The router is the InferencePool with its endpoint picker and all that serves only the two; it comes
after the model servers and leaves after them (I4, I11).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from generator.kubernetes.commands import arguments_of
from generator.kubernetes.pods import WORKLOADS
from generator.kubernetes.policies import POLICIES, picker_service_name, targets_of
from generator.kubernetes.references import needs_of
from generator.kubernetes.rewrites import OBJECTIVE, REWRITE, pool_of
from generator.kubernetes.selectors import catches, selected, selector_of
from generator.kubernetes.workloads import containers
from generator.model.manifests import Manifest

SELECTOR_FLAG = "--endpoint-selector"
"""By which labels a picker without an InferencePool finds its pods."""

POOL_FLAGS = ("--pool-name", "--pool", "--inference-pool-name", "--inference-pool")
"""Which pool a picker chooses for, or a routing sidecar calls; the last takes `namespace/name` too."""

POOL_VARIABLES = frozenset({"INFERENCE_POOL", "INFERENCE_POOL_NAME"})
"""Environment variables that say the pool to a routing sidecar without a flag."""

EXT_PROC_PORT, HEALTH_PORT, METRICS_PORT = 9002, 9003, 9090
"""Ports of an endpoint picker: where gateways ask it, its own health, its metrics."""

MODEL = "model"
ROUTER = "router"


@dataclass(frozen=True, kw_only=True, slots=True)
class Picker:
    """The endpoint picker of a pool: its Service, the workloads behind it, and every Service of those."""

    service: Manifest | None
    workloads: tuple[Manifest, ...]
    services: tuple[Manifest, ...] = ()


def with_parts(manifests: tuple[Manifest, ...], pool: str) -> tuple[Manifest, ...]:
    """Return the manifests with `part` set to `model` or `router`, in the order given.

    What rollplan has made, and what is made of that, knows its part already.
    """
    router = {item.identity for item in _router(manifests, pool)}
    return tuple(
        replace(item, part=item.part or (ROUTER if item.identity in router else MODEL)) for item in manifests
    )


def find_pool(manifests: Iterable[Manifest], name: str) -> Manifest | None:
    """Return the InferencePool of this name, if it is there."""
    return next((item for item in manifests if item.kind == "InferencePool" and item.name == name), None)


def find_picker(manifests: tuple[Manifest, ...], pool: Manifest) -> Picker:
    """Follow a pool's endpointPickerRef to the Service and the workloads that it selects."""
    name = picker_service_name(pool)
    service = next((item for item in manifests if item.kind == "Service" and item.name == name), None)
    selector = selector_of(service) if service else None
    workloads = selected(manifests, selector) if selector else ()
    return Picker(service=service, workloads=workloads, services=_services(manifests, workloads))


def find_lone_picker(manifests: tuple[Manifest, ...]) -> Picker:
    """Return the endpoint picker that has no InferencePool, where there is one (field/endpoint-picker)."""
    workloads = tuple(item for item in manifests if item.kind in WORKLOADS and endpoint_selector(item))
    services = _services(manifests, workloads)
    return Picker(service=next(iter(services), None), workloads=workloads, services=services)


def _services(manifests: Iterable[Manifest], workloads: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    return tuple(
        item
        for item in manifests
        if item.kind == "Service" and any(catches(item, workload) for workload in workloads)
    )


def servers_of(manifests: tuple[Manifest, ...], pool: Manifest) -> tuple[Manifest, ...]:
    """Return the workloads whose pods the pool selects."""
    selector = selector_of(pool)
    return selected(manifests, selector) if selector else ()


_EQUALITY = re.compile(r"[^=,!() ]+=[^=,!() ]+(,[^=,!() ]+=[^=,!() ]+)*")


def endpoint_selector(workload: Manifest) -> dict[str, str]:
    """Return the labels by which a picker without an InferencePool finds its pods.

    None for other workloads.
    """
    values = (arguments_of(container).flag(SELECTOR_FLAG) for container in containers(workload))
    found = next((text for text in values if text and _EQUALITY.fullmatch(text)), "")
    return dict(pair.split("=") for pair in found.split(",") if pair)


def _router(manifests: tuple[Manifest, ...], name: str) -> Iterator[Manifest]:
    pool = find_pool(manifests, name)
    picker = find_picker(manifests, pool) if pool else find_lone_picker(manifests)
    yield from (item for item in (pool, picker.service, *picker.workloads) if item)
    servers = [item for item in manifests if item.kind in WORKLOADS and item not in picker.workloads]
    needed_by_servers = {need for server in servers for need in _needs(server)}
    needed_by_picker = {need for workload in picker.workloads for need in _needs(workload)}
    accounts = {name for kind, name in needed_by_picker if kind == "ServiceAccount"}
    for item in manifests:
        if (item.kind, item.name) in needed_by_servers:
            continue
        if (
            (item.kind, item.name) in needed_by_picker
            or (item.kind in _BELONGS and _BELONGS[item.kind](item, name, picker))
            or (item.kind in {"Role", "ClusterRole"} and _bound_to(item, manifests, accounts))
            or (item.kind in {"RoleBinding", "ClusterRoleBinding"} and _binds(item, accounts))
        ):
            yield item


def _needs(workload: Manifest) -> set[tuple[str, str]]:
    """Return kind and name of what a workload's pods use."""
    return {(need.kind, need.name) for need in needs_of(workload)}


def _bound_to(role: Manifest, manifests: tuple[Manifest, ...], accounts: set[Any]) -> bool:
    return any(
        _binds(item, accounts)
        and (item.get("roleRef", "kind"), item.get("roleRef", "name")) == (role.kind, role.name)
        for item in manifests
        if item.kind in {"RoleBinding", "ClusterRoleBinding"}
    )


def _binds(binding: Manifest, accounts: set[Any]) -> bool:
    subjects = binding.get("subjects", default=())
    return bool(subjects) and all(subject.get("name") in accounts for subject in subjects)


def _demands(item: Manifest) -> bool:
    return any((selector_of(item) or {}).values())


def _by_selector(item: Manifest, _: str, picker: Picker) -> bool:
    """Return whether an object catches the picker's pods; one that catches everything is for all."""
    return _demands(item) and any(catches(item, workload) for workload in picker.workloads)


def _by_target(policy: Manifest, pool: str, picker: Picker) -> bool:
    home = policy.identity.namespace
    services = (*picker.services, *([picker.service] if picker.service else []))
    names = {("Service", item.identity.namespace, item.name) for item in services}
    return bool(targets_of(policy) & {("InferencePool", home, pool), *names})


def _by_pool_ref(item: Manifest, pool: str, _: Picker) -> bool:
    return pool_of(item)[1] == pool


def _by_service_labels(monitor: Manifest, _: str, picker: Picker) -> bool:
    return _demands(monitor) and picker.service is not None and catches(monitor, picker.service)


def _by_scale_target(item: Manifest, _: str, picker: Picker) -> bool:
    return item.get("spec", "scaleTargetRef", "name") in {workload.name for workload in picker.workloads}


_BELONGS: dict[str, Callable[[Manifest, str, Picker], bool]] = {
    "Service": _by_selector,
    **dict.fromkeys(sorted(POLICIES), _by_target),
    REWRITE: _by_pool_ref,
    OBJECTIVE: _by_pool_ref,
    "ServiceMonitor": _by_service_labels,
    "PodMonitor": _by_selector,
    "PodMonitoring": _by_selector,
    "PodDisruptionBudget": _by_selector,
    "HorizontalPodAutoscaler": _by_scale_target,
}
"""Kind → does this object serve the pool and its endpoint picker alone?"""
