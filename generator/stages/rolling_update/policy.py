"""Update settings of each kind of workload, every default written out (field/rolling-update, I16, I17)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from generator.kubernetes.replicas import MAX_SURGE, MAX_UNAVAILABLE, MIN_READY_SECONDS, roomy_deadline
from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.manifests import Manifest
from generator.model.source import Place
from generator.plan.fields import Fields

_NONE = frozenset({"0", "0%"})

PARTITIONED = frozenset({"StatefulSet", "LeaderWorkerSet"})
"""Kinds that update the replicas from an ordinal on, and leave those below it as they are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The update settings of the plan; None and empty where it sets none."""

    max_surge: int | str | None
    max_unavailable: int | str | None
    min_ready_seconds: int
    deadline: int | None
    partitions: tuple[int, ...]
    places: Mapping[str, Place]


def parse_policy(fields: Fields) -> Reporting[Policy]:
    """Read the policy from the strategy's fields; it must let a pod come or go."""
    surge, unavailable = fields.get("maxSurge", MAX_SURGE), fields.get("maxUnavailable", MAX_UNAVAILABLE)
    if {str(surge), str(unavailable)} <= _NONE:
        yield finding(
            "RP106",
            "`maxSurge` and `maxUnavailable` are both 0: no pod could ever be replaced",
            fields.document.at((*fields.path, "maxSurge")),
            "let `maxSurge` be at least 1, or `maxUnavailable` where no accelerator is spare",
        )
    return Policy(
        max_surge=fields.get("maxSurge"),
        max_unavailable=fields.get("maxUnavailable"),
        min_ready_seconds=int(fields.get("minReadySeconds", MIN_READY_SECONDS)),
        deadline=fields.get("progressDeadlineSeconds"),
        partitions=tuple(item.data for item in fields.items("partitions")),
        places={name: fields.document.at_key((*fields.path, name)) for name in _PACE if fields.has(name)},
    )


_PACE = ("maxSurge", "maxUnavailable", "minReadySeconds", "progressDeadlineSeconds")
_TAKES = {
    "DaemonSet": frozenset[str](),
    "Deployment": frozenset(_PACE),
    "DisaggregatedSet": frozenset[str](),
    "LeaderWorkerSet": frozenset({"maxSurge", "maxUnavailable"}),
    "StatefulSet": frozenset({"minReadySeconds"}),
}
"""Kind → the settings of the plan that reach its objects; others would be read and forgotten."""


def require_taken(workload: Manifest, policy: Policy) -> Reporting[None]:
    """Check that the kind of the workload has every setting that the plan gives."""
    for name, place in policy.places.items():
        if name not in _TAKES[workload.kind]:
            known = ", ".join(f"`{other}`" for other in sorted(_TAKES[workload.kind]))
            yield finding(
                "RP335",
                f"{_INSTEAD[workload.kind]}, and `{name}` would change nothing",
                place,
                f"leave out `{name}`; of these settings it takes {known or 'none'}",
            )


_INSTEAD = {
    "DaemonSet": "a DaemonSet is updated as its manifest says",
    "DisaggregatedSet": "a DisaggregatedSet is updated as its roles say",
    "LeaderWorkerSet": "a LeaderWorkerSet replaces groups as soon as they can go",
    "StatefulSet": "a StatefulSet replaces one pod after the other, from its partition on",
}
"""Kinds whose update the plan cannot change → how they are updated."""


def with_policy(workload: Manifest, policy: Policy, *, partition: int) -> Manifest:
    """Return a workload that states its update policy itself; kinds without one stay as they are."""
    rows = _POLICIES.get(workload.kind)
    for path, value in (rows(workload, policy, partition) if rows else {}).items():
        workload = workload.put(value, *path)
    return workload


_Rows = Mapping[tuple[str, ...], Any]


def _or(value: int | str | None, default: int | str) -> int | str:
    return default if value is None else value


def _deployment(workload: Manifest, policy: Policy, _: int) -> _Rows:
    surge, unavailable = _or(policy.max_surge, MAX_SURGE), _or(policy.max_unavailable, MAX_UNAVAILABLE)
    return {
        ("spec", "strategy"): {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable},
        },
        ("spec", "minReadySeconds"): policy.min_ready_seconds,
        ("spec", "progressDeadlineSeconds"): policy.deadline
        or roomy_deadline(workload, policy.min_ready_seconds),
    }


def _stateful_set(_: Manifest, policy: Policy, partition: int) -> _Rows:
    return {
        ("spec", "updateStrategy"): {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}},
        ("spec", "minReadySeconds"): policy.min_ready_seconds,
    }


def _leader_worker_set(workload: Manifest, policy: Policy, partition: int) -> _Rows:
    """Keep the manifest's settings; the API's own default removes a replica before it adds one."""
    path = ("spec", "rolloutStrategy")
    places = workload.get(*path, "rollingUpdateConfiguration", default={})
    configuration = {
        "partition": partition,
        "maxUnavailable": _or(policy.max_unavailable, places.get("maxUnavailable", 1)),
        "maxSurge": _or(policy.max_surge, places.get("maxSurge", 0)),
    }
    return {path: {"type": "RollingUpdate", "rollingUpdateConfiguration": configuration}}


_POLICIES: Mapping[str, Callable[[Manifest, Policy, int], _Rows]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "LeaderWorkerSet": _leader_worker_set,
}
"""Kind → the fields of its update policy; a DisaggregatedSet has none, its controller pairs revisions."""
