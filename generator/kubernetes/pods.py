"""A room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.model.manifests import Manifest, dig, selects
from generator.model.source import Path

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "LeaderWorkerSet", "DisaggregatedSet"})
SCALERS = frozenset({"HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler"})


def selected(manifests: tuple[Manifest, ...], selector: Mapping[str, Any]) -> tuple[Manifest, ...]:
    """Return the workloads whose pods an equality selector catches."""
    return tuple(item for item in manifests if item.kind in WORKLOADS and selects_pods(selector, item))


def pod_template(workload: Manifest) -> tuple[str, ...]:
    """Return the path of a workload's pod template; of its workers, for a LeaderWorkerSet."""
    if workload.kind == "LeaderWorkerSet":
        return ("spec", "leaderWorkerTemplate", "workerTemplate")
    return ("spec", "template")


def pod_labels(workload: Manifest) -> dict[str, Any]:
    """Return the labels of a workload's pods."""
    return dict(workload.get(*pod_template(workload), "metadata", "labels", default={}))


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

POD_NAME = "statefulset.kubernetes.io/pod-name"


def pod_names(workload: Manifest) -> tuple[str, ...]:
    """Return the names of the pods that a StatefulSet makes; other kinds choose names as they run."""
    if workload.kind != "StatefulSet":
        return ()
    count = workload.get("spec", "replicas", default=1)
    return tuple(f"{workload.name}-{ordinal}" for ordinal in range(count))


def selects_pods(selector: Mapping[str, Any], workload: Manifest) -> bool:
    """Return whether a selector catches pods of a workload, by the labels that its controller gives too."""
    own = {"leaderworkerset.sigs.k8s.io/name": workload.name} if workload.kind == "LeaderWorkerSet" else {}
    if selector.get(POD_NAME) in pod_names(workload):
        own[POD_NAME] = selector[POD_NAME]
    return any(
        selects(selector, workload.get(*path, "metadata", "labels", default={}) | own)
        for path in pod_templates(workload)
    )
