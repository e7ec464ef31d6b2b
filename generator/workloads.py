"""What a workload runs: its containers, replicas, accelerators and start-up budget."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import ceil, floor
from typing import Any

from generator.anatomy import pod_template
from generator.manifests import Manifest, dig
from generator.source import Path

ACCELERATORS = re.compile(
    r"(nvidia\.com/(gpu|mig-.+)|amd\.com/gpu|google\.com/tpu|habana\.ai/gaudi|gpu\.intel\.com/.+"
    r"|aws\.amazon\.com/neuron(core)?)"
)
"""Extended resources that count as accelerators."""

SERVER = "modelserver"
"""What the llm-d recipes call the container that serves (contract §1.7)."""

DEFAULT_SURGE = "25%"
"""What a Deployment adds during an update when its manifest does not say (apps/v1)."""


def containers(workload: Manifest) -> list[Mapping[str, Any]]:
    """Give the containers of a workload's pods, as the manifest has them."""
    found: list[Mapping[str, Any]] = workload.get(*pod_template(workload), "spec", "containers", default=[])
    return found


def container_paths(workload: Manifest) -> dict[str, tuple[Path, ...]]:
    """Give where containers stand, by name: several places, where leaders and workers or roles differ."""
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
        for index, container in enumerate(data.get("containers") or ()):
            yield (*path, "containers", index), container
        for key, value in data.items():
            if key != "containers":
                yield from _containers(value, (*path, key))


def main_container(workload: Manifest) -> str | None:
    """Give the name of the container that serves: modelserver, or the only one there is."""
    names = container_paths(workload)
    return SERVER if SERVER in names else next(iter(names)) if len(names) == 1 else None


def replicas(workload: Manifest) -> int:
    """Give the wanted replicas; 1, as the API server has it, when the manifest does not say."""
    return int(workload.get("spec", "replicas", default=1))


def pods_per_replica(workload: Manifest) -> int:
    """Give how many pods one replica is: the group's size, for a LeaderWorkerSet."""
    return int(workload.get("spec", "leaderWorkerTemplate", "size", default=1))


def accelerators(workload: Manifest) -> int:
    """Give the accelerators that one replica takes: of its leader and its workers, where it is a group."""
    pod = _accelerators(containers(workload))
    leader = workload.get("spec", "leaderWorkerTemplate", "leaderTemplate", "spec", "containers")
    first = pod if leader is None else _accelerators(leader)
    return first + pod * (pods_per_replica(workload) - 1)


def _accelerators(found: list[Mapping[str, Any]]) -> int:
    return sum(
        int(amount)
        for container in found
        for resource, amount in dig(container, "resources", "limits", default={}).items()
        if ACCELERATORS.fullmatch(resource) and str(amount).isdigit()
    )


def surge(workload: Manifest) -> int:
    """Give how many replicas an update adds for its time: maxSurge, rounded up (contract I17)."""
    if workload.get("spec", "strategy", "type") == "Recreate" or workload.kind == "StatefulSet":
        return 0
    value = workload.get("spec", "strategy", "rollingUpdate", "maxSurge", default=DEFAULT_SURGE)
    if workload.kind == "LeaderWorkerSet":
        configuration = ("spec", "rolloutStrategy", "rollingUpdateConfiguration", "maxSurge")
        value = workload.get(*configuration, default=0)
    return pods(value, replicas(workload), up=True)


def pods(value: int | str, of: int, *, up: bool) -> int:
    """Give a number of pods, or a percentage `of` them rounded up or down, as whole pods."""
    if isinstance(value, int):
        return value
    share = of * int(value.rstrip("%")) / 100
    return ceil(share) if up else floor(share)


def startup_budget(workload: Manifest) -> int:
    """Give the seconds that the slowest container may take until its probes give up on it."""
    return max((_budget(container) for container in containers(workload)), default=0)


def _budget(container: Mapping[str, Any]) -> int:
    probe = container.get("startupProbe") or container.get("readinessProbe") or {}
    period, failures = probe.get("periodSeconds", 10), probe.get("failureThreshold", 3)
    return int(probe.get("initialDelaySeconds", 0)) + int(period) * int(failures)
