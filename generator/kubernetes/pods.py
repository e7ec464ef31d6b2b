"""Pods of workloads: their templates, labels and names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from generator.kubernetes.labels import ROLE
from generator.model.manifests import Manifest, dig
from generator.model.source import Path

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "LeaderWorkerSet", "DisaggregatedSet"})
SCALERS = frozenset({"HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler"})


def pod_template(workload: Manifest) -> tuple[str, ...]:
    """Return the path of a workload's pod template; of its workers, for a LeaderWorkerSet."""
    if workload.kind == "LeaderWorkerSet":
        return ("spec", "leaderWorkerTemplate", "workerTemplate")
    return ("spec", "template")


def pod_labels(workload: Manifest) -> dict[str, Any]:
    """Return the labels of a workload's pods."""
    return dict(workload.get(*pod_template(workload), "metadata", "labels", default={}))


def roles_of(workload: Manifest) -> frozenset[str]:
    """Return the roles that the labels of a workload's pods name: prefill, decode, or both in one."""
    found = (workload.get(*path, "metadata", "labels", ROLE) for path in pod_templates(workload))
    return frozenset(str(role) for role in found if role)


def pod_templates(workload: Manifest) -> tuple[Path, ...]:
    """Return the path of every pod template: leaders and workers, or the roles of a DisaggregatedSet."""
    return tuple(_templates(workload.get("spec", default={}), ("spec",)))


def _templates(data: Any, path: Path) -> Iterator[Path]:
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from _templates(item, (*path, index))
    elif isinstance(data, dict):
        if isinstance(dig(data, "spec", "containers"), list):
            yield path
            return
        for key, value in data.items():
            yield from _templates(value, (*path, key))


CONTAINER_GROUPS = ("containers", "initContainers", "ephemeralContainers")
"""Where a pod keeps its containers; a sidecar that must outlive the others is an initContainer."""


def pod_names(workload: Manifest) -> tuple[str, ...]:
    """Return the names of the pods that a StatefulSet makes; other kinds choose names as they run."""
    if workload.kind != "StatefulSet":
        return ()
    count = workload.get("spec", "replicas", default=1)
    return tuple(f"{workload.name}-{ordinal}" for ordinal in range(count))


def is_pod_name(workload: Manifest, name: str) -> bool:
    """Return whether a workload has a pod of this name; without `replicas`, an autoscaler sets their number.

    Pods of a StatefulSet are `NAME-ORDINAL`; those of a LeaderWorkerSet, which makes StatefulSets, are
    `NAME-GROUP` and `NAME-GROUP-WORKER`; those of a DisaggregatedSet begin with its name.
    """
    if workload.kind == "LeaderWorkerSet":
        return re.fullmatch(rf"{re.escape(workload.name)}(-\d+){{1,2}}", name) is not None
    if workload.kind != "StatefulSet":
        return name.startswith(f"{workload.name}-")
    base, _, ordinal = name.rpartition("-")
    count = workload.get("spec", "replicas")
    return base == workload.name and ordinal.isdigit() and (count is None or int(ordinal) < count)
