"""The order in which kinds are applied: what others need comes first (I4)."""

from __future__ import annotations

from generator.kubernetes.policies import POLICIES
from generator.kubernetes.rewrites import OBJECTIVE, REWRITE
from generator.model.manifests import Manifest

APPLY_ORDER = (
    ("Namespace", "CustomResourceDefinition", "PriorityClass", "StorageClass"),
    ("ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
    ("ConfigMap", "Secret", "PersistentVolumeClaim", "ResourceClaimTemplate", "Service"),
    ("InferencePool", OBJECTIVE, REWRITE),
    tuple(sorted(POLICIES)),
    ("Deployment", "StatefulSet", "DaemonSet", "LeaderWorkerSet", "DisaggregatedSet", "Job"),
)
"""Kinds in the order in which they must exist (I4); kinds not named here come last."""

_RANK = {kind: rank for rank, kinds in enumerate(APPLY_ORDER) for kind in kinds}


def apply_rank(manifest: Manifest) -> int:
    """Return the place of an object's kind in the order of applying (I4)."""
    return _RANK.get(manifest.kind, len(APPLY_ORDER))
