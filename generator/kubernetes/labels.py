"""Labels that llm-d reads, and those that controllers give to pods by themselves."""

from __future__ import annotations

from collections.abc import Mapping

ROLE = "llm-d.ai/role"
"""Whether pods prefill, decode, or do both."""

ENGINE = "llm-d.ai/engine-type"
MODEL_LABEL = "llm-d.ai/model"
GUIDE = "llm-d.ai/guide"
IGW_MODE = "llm-d.ai/igw-mode"
SERVING = "llm-d.ai/inference-serving"
ACCELERATOR_VARIANT, ACCELERATOR_VENDOR = "llm-d.ai/accelerator-variant", "llm-d.ai/accelerator-vendor"

APP_NAME, APP_INSTANCE = "app.kubernetes.io/name", "app.kubernetes.io/instance"
APP_COMPONENT, APP_PART_OF = "app.kubernetes.io/component", "app.kubernetes.io/part-of"

POD_NAME = "statefulset.kubernetes.io/pod-name"
"""What a StatefulSet tells its pods apart by."""

OWNER_NAME: Mapping[str, str] = {
    "DisaggregatedSet": "disaggregatedset.x-k8s.io/name",
    "LeaderWorkerSet": "leaderworkerset.sigs.k8s.io/name",
}
"""Kind → the label with its object's name that its controller gives to pods."""

_STATEFUL = ("apps.kubernetes.io/", "controller-revision-hash", "statefulset.kubernetes.io/")
_GIVEN: Mapping[str, tuple[str, ...]] = {
    "CronJob": ("batch.kubernetes.io/", "controller-uid", "job-name"),
    "DaemonSet": ("controller-revision-hash", "pod-template-generation"),
    "Deployment": ("pod-template-hash",),
    "DisaggregatedSet": ("disaggregatedset.x-k8s.io/", "leaderworkerset.sigs.k8s.io/", *_STATEFUL),
    "Job": ("batch.kubernetes.io/", "controller-uid", "job-name"),
    "LeaderWorkerSet": ("leaderworkerset.sigs.k8s.io/", *_STATEFUL),
    "ReplicaSet": ("pod-template-hash",),
    "StatefulSet": _STATEFUL,
}
"""Kind → how the labels begin that its controller gives to pods, and that no template has."""

_ANY_GIVEN = tuple({prefix for prefixes in _GIVEN.values() for prefix in prefixes})


def is_given(key: str, kind: str | None = None) -> bool:
    """Return whether a label is one that a controller gives to pods; that of a kind, or any."""
    return key.startswith(_ANY_GIVEN) and (kind is None or key.startswith(_GIVEN.get(kind, _ANY_GIVEN)))
