"""What a workload runs: its containers, replicas, accelerators and start-up budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.kubernetes.commands import arguments_of
from generator.kubernetes.pods import CONTAINER_GROUPS, pod_template, pod_templates
from generator.model.manifests import Manifest
from generator.model.source import Path

SERVER = "modelserver"
"""What the llm-d recipes call the container that serves (field/model-servers)."""


def containers(workload: Manifest) -> list[Mapping[str, Any]]:
    """Return the containers of a workload's pods, as the manifest has them."""
    found: list[Mapping[str, Any]] = workload.get(*pod_template(workload), "spec", "containers", default=[])
    return found


def container_paths(workload: Manifest) -> dict[str, tuple[Path, ...]]:
    """Return where containers stand, by name: several places, where leaders and workers or roles differ."""
    found: dict[str, tuple[Path, ...]] = {}
    for path, container in _containers(workload.get("spec", default={}), ("spec",)):
        name = str(container.get("name"))
        found[name] = (*found.get(name, ()), path)
    return found


def _containers(data: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from _containers(item, (*path, index))
    elif isinstance(data, dict):
        for group in CONTAINER_GROUPS:
            for index, container in enumerate(data.get(group) or ()):
                yield (*path, group, index), container
        for key, value in data.items():
            if key not in CONTAINER_GROUPS:
                yield from _containers(value, (*path, key))


def main_container(workload: Manifest) -> str | None:
    """Return the name of the container that serves: modelserver, or the only one there is."""
    names = [name for name, paths in container_paths(workload).items() if paths[0][-2] == "containers"]
    return SERVER if SERVER in names else names[0] if len(names) == 1 else None


def replica_paths(workload: Manifest) -> tuple[Path, ...]:
    """Return where a workload says how many replicas it has: once, or in each role of a DisaggregatedSet."""
    if workload.kind != "DisaggregatedSet":
        return (("spec", "replicas"),)
    roles: list[Mapping[str, Any]] = workload.get("spec", "roles", default=[])
    # Its v1 has a whole LeaderWorkerSet's spec in a role, v1alpha1 had the fields in the role itself.
    inside = [("spec",) if isinstance(role.get("spec"), Mapping) else () for role in roles]
    return tuple(("spec", "roles", index, *inner, "replicas") for index, inner in enumerate(inside))


def elects_leader(workload: Manifest) -> bool:
    """Return whether only one replica ever becomes ready, as with endpoint pickers that elect a leader."""
    return any(arguments_of(one).is_on("--ha-enable-leader-election") for one in containers(workload))


def replicas(workload: Manifest) -> int:
    """Return the wanted replicas; 1, as the API server has it, when the manifest does not say.

    Those of a DisaggregatedSet are those of all roles, in each of its slices.
    """
    slices = int(workload.get("spec", "slices", default=1))
    return slices * sum(int(workload.get(*path, default=1)) for path in replica_paths(workload))


_PODS = {
    "DaemonSet": "[a-z0-9]{5}",
    "Deployment": "[a-z0-9]+-[a-z0-9]{5}",
    "LeaderWorkerSet": "[0-9]+(-[0-9]+)?",
    "StatefulSet": "[0-9]+",
}
"""Kind → what the names of its pods have after its own name."""


def pod_pattern(workload: Manifest) -> str:
    """Return a regular expression for the names of a workload's pods, which no longer name's pods match."""
    return f"{workload.name.replace('.', '[.]')}-{_PODS.get(workload.kind, '.+')}"


GRACE = "terminationGracePeriodSeconds"
_GRACE_SECONDS = 30


def grace_of(pod: Mapping[str, Any]) -> int:
    """Return the seconds that a pod has to stop; 30, as the API server has it, when its spec does not say."""
    return int(pod.get(GRACE, _GRACE_SECONDS))


def longest_grace(workload: Manifest) -> int:
    """Return the seconds that the slowest pod of a workload has to stop."""
    pods = (workload.get(*path, "spec", default={}) for path in pod_templates(workload))
    return max(map(grace_of, pods), default=_GRACE_SECONDS)


PROGRESS_SECONDS = 600
"""The progress deadline of a Deployment that says none (apps/v1)."""


def progress_deadline(workload: Manifest) -> int:
    """Return the seconds after which a Deployment without progress counts as failed."""
    return int(workload.get("spec", "progressDeadlineSeconds", default=PROGRESS_SECONDS))


def startup_budget(workload: Manifest) -> int:
    """Return the seconds that the slowest container may take until its probes give up on it.

    Every pod template counts: in a LeaderWorkerSet the leader alone may have probes.
    """
    spec = workload.get("spec", default={})
    return max((_budget(container) for _, container in _containers(spec, ())), default=0)


def _budget(container: Mapping[str, Any]) -> int:
    probe = container.get("startupProbe") or container.get("readinessProbe") or {}
    period, failures = probe.get("periodSeconds", 10), probe.get("failureThreshold", 3)
    return int(probe.get("initialDelaySeconds", 0)) + int(period) * int(failures)
