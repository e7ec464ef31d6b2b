"""Replicas of a workload: their accelerators, and how many an update adds, removes or replaces at once.

A DisaggregatedSet counts role by role; every other kind is one group of replicas of one size.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from generator.kubernetes.pods import pod_template, pod_templates
from generator.kubernetes.workloads import (
    PROGRESS_SECONDS,
    longest_grace,
    replica_paths,
    replicas,
    startup_budget,
)
from generator.model.manifests import Manifest, dig
from generator.model.source import Path

ACCELERATORS = re.compile(
    r"(nvidia\.com/(gpu|mig-.+)|amd\.com/gpu|google\.com/tpu|habana\.ai/gaudi|gpu\.intel\.com/.+"
    r"|aws\.amazon\.com/neuron(core)?)"
)
"""Extended resources that count as accelerators."""

_PACES: Mapping[str, tuple[tuple[str, ...], int | str, int | str]] = {
    "DaemonSet": (("updateStrategy", "rollingUpdate"), 0, 1),
    "Deployment": (("strategy", "rollingUpdate"), "25%", "25%"),
    "DisaggregatedSet": (("rolloutStrategy", "rollingUpdateConfiguration"), 0, 1),
    "LeaderWorkerSet": (("rolloutStrategy", "rollingUpdateConfiguration"), 0, 1),
    "StatefulSet": (("updateStrategy", "rollingUpdate"), 0, 1),
}
"""Kind → where it says its maxSurge and maxUnavailable, and what they are when it does not."""

_PARTITIONS: Mapping[str, Path] = {
    "StatefulSet": ("spec", "updateStrategy", "rollingUpdate", "partition"),
    "LeaderWorkerSet": ("spec", "rolloutStrategy", "rollingUpdateConfiguration", "partition"),
}
"""Kind → where it says from which ordinal on its replicas are new."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Replicas of one size; an update adds `surge` of them, and `unavailable` are missing meanwhile."""

    replicas: int
    accelerators: int
    surge: int
    unavailable: int


def groups(workload: Manifest) -> tuple[Group, ...]:
    """Return the groups of a workload: one, or one for each role of a DisaggregatedSet."""
    slices = int(workload.get("spec", "slices", default=1))
    found = []
    for path in replica_paths(workload):
        count = int(workload.get(*path, default=1)) * slices
        spec = workload.get(*path[:-1], default={})
        surge, unavailable = _pace(workload.kind, spec, count)
        found.append(
            Group(
                replicas=count,
                accelerators=_in_a_replica(workload, spec),
                surge=surge,
                unavailable=unavailable,
            )
        )
    return tuple(found)


def _pace(kind: str, spec: Mapping[str, Any], count: int) -> tuple[int, int]:
    """Return how many replicas an update adds, rounded up, and may be missing, rounded down (I17)."""
    if dig(spec, "strategy", "type") == "Recreate":
        return 0, count
    path, *defaults = _PACES[kind]
    settings = dig(spec, *path, default={})
    added = _pods(settings.get("maxSurge", defaults[0]), count, up=True)
    gone = _pods(settings.get("maxUnavailable", defaults[1]), count, up=False)
    return added, min(count, gone if added or gone else 1)


def _pods(value: int | str, of: int, *, up: bool) -> int:
    """Return a number of pods, or a percentage `of` them rounded up or down, as whole pods."""
    if isinstance(value, int):
        return value
    share = of * int(value.rstrip("%")) / 100
    return ceil(share) if up else floor(share)


def _in_a_replica(workload: Manifest, spec: Mapping[str, Any]) -> int:
    """Return the accelerators of one replica; the leader of a group may take others than a worker."""
    group = spec.get("leaderWorkerTemplate")
    if not isinstance(group, Mapping):
        return _limits(workload.get(*pod_template(workload), "spec", "containers", default=[]))
    workers = _limits(dig(group, "workerTemplate", "spec", "containers", default=[]))
    leader = dig(group, "leaderTemplate", "spec", "containers")
    return (workers if leader is None else _limits(leader)) + workers * (int(group.get("size", 1)) - 1)


def _limits(containers: Sequence[Mapping[str, Any]]) -> int:
    return sum(
        int(amount)
        for container in containers
        for resource, amount in dig(container, "resources", "limits", default={}).items()
        if ACCELERATORS.fullmatch(resource) and str(amount).isdigit()
    )


def held(workload: Manifest, per_replica: int | None, *, updating: bool = False) -> int:
    """Return the accelerators that a workload holds, or the most that it holds while it is updated.

    `per_replica` is what the plan says of a replica; its limits count where the plan says nothing.
    """
    return sum(
        (group.replicas + (group.surge if updating else 0))
        * (group.accelerators if per_replica is None else per_replica)
        for group in groups(workload)
    )


def replaced(after: Manifest, before: Manifest) -> int:
    """Return how many replicas a change of a workload replaces: those from its partition on, if any."""
    if any(after.get(*path) != before.get(*path) for path in pod_templates(after)):
        return max(0, replicas(after) - _partition(after))
    return max(0, min(_partition(before), replicas(after)) - _partition(after))


def _partition(workload: Manifest) -> int:
    path = _PARTITIONS.get(workload.kind)
    return int(workload.get(*path, default=0)) if path else 0


def missing(workload: Manifest, count: int) -> int:
    """Return how many replicas are missing at most while this many are replaced."""
    return min(count, sum(group.unavailable for group in groups(workload)))


def seconds_to_start(workload: Manifest, count: int = 0) -> int:
    """Return the seconds in which a workload starts, or in which it replaces this many replicas.

    Replicas come in waves, and each may take the whole startup budget; one that is replaced ends first.
    """
    wave = startup_budget(workload) + int(workload.get("spec", "minReadySeconds", default=0))
    if not count:
        one_by_one = workload.kind == "StatefulSet"
        one_by_one &= workload.get("spec", "podManagementPolicy", default="OrderedReady") == "OrderedReady"
        return wave * (max(1, replicas(workload)) if one_by_one else 1)
    return (wave + longest_grace(workload)) * max(
        ceil(min(count, group.replicas) / max(1, group.surge + group.unavailable))
        for group in groups(workload)
    )


MAX_SURGE = "25%"
MAX_UNAVAILABLE = 0
MIN_READY_SECONDS = 30
SPARE_SECONDS = 300
"""What the progress deadline leaves beyond the startup budget: pulling an image, scheduling."""


def roomy_deadline(workload: Manifest, min_ready_seconds: int) -> int:
    """Return a progress deadline that leaves a pod time to load its model (I16)."""
    return max(PROGRESS_SECONDS, startup_budget(workload) + min_ready_seconds + SPARE_SECONDS)
