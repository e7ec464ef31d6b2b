"""Fields in which objects name other objects: they change when an object gets a new name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.kubernetes.pods import pod_templates
from generator.model.manifests import Manifest
from generator.model.source import Path

Names = Mapping[tuple[str, str], str]
"""Kind and name of an object → its new name."""

_CONTAINERS = ("containers", "initContainers")
_POD = (
    ("ServiceAccount", "serviceAccountName"),
    ("ServiceAccount", "serviceAccount"),
    ("Secret", "imagePullSecrets.*.name"),
    ("ConfigMap", "volumes.*.configMap.name"),
    ("Secret", "volumes.*.secret.secretName"),
    ("PersistentVolumeClaim", "volumes.*.persistentVolumeClaim.claimName"),
    ("ConfigMap", "volumes.*.projected.sources.*.configMap.name"),
    ("Secret", "volumes.*.projected.sources.*.secret.name"),
    ("ResourceClaimTemplate", "resourceClaims.*.resourceClaimTemplateName"),
    ("ResourceClaim", "resourceClaims.*.resourceClaimName"),
    ("Secret", "volumes.*.csi.nodePublishSecretRef.name"),
    *(("ConfigMap", f"{group}.*.env.*.valueFrom.configMapKeyRef.name") for group in _CONTAINERS),
    *(("Secret", f"{group}.*.env.*.valueFrom.secretKeyRef.name") for group in _CONTAINERS),
    *(("ConfigMap", f"{group}.*.envFrom.*.configMapRef.name") for group in _CONTAINERS),
    *(("Secret", f"{group}.*.envFrom.*.secretRef.name") for group in _CONTAINERS),
)
_SAID = "kind"
"""Stands for a kind: the reference says it itself, in the field beside its name."""

_FIELDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "InferencePool": ((_SAID, "spec.endpointPickerRef.name"), ("Service", "spec.endpointPickerRef.name")),
    "InferenceModelRewrite": (("InferencePool", "spec.poolRef.name"),),
    "InferenceObjective": (("InferencePool", "spec.poolRef.name"),),
    "RoleBinding": ((_SAID, "roleRef.name"), (_SAID, "subjects.*.name")),
    "ClusterRoleBinding": ((_SAID, "roleRef.name"), (_SAID, "subjects.*.name")),
    "HealthCheckPolicy": ((_SAID, "spec.targetRef.name"),),
    "GCPBackendPolicy": ((_SAID, "spec.targetRef.name"),),
    "BackendTLSPolicy": ((_SAID, "spec.targetRefs.*.name"),),
    "HorizontalPodAutoscaler": ((_SAID, "spec.scaleTargetRef.name"),),
    "ScaledObject": ((_SAID, "spec.scaleTargetRef.name"), ("Deployment", "spec.scaleTargetRef.name")),
    "VerticalPodAutoscaler": ((_SAID, "spec.targetRef.name"),),
    "StatefulSet": (("Service", "spec.serviceName"),),
    "ServiceMonitor": (
        ("Secret", "spec.endpoints.*.authorization.credentials.name"),
        ("Secret", "spec.endpoints.*.bearerTokenSecret.name"),
        ("Service", "spec.jobLabel"),
    ),
    "PodMonitoring": (
        ("Secret", "spec.endpoints.*.authorization.credentials.secret.name"),
        ("Secret", "spec.endpoints.*.basicAuth.password.secret.name"),
    ),
    "Secret": (("ServiceAccount", "metadata.annotations.kubernetes~io/service-account~name"),),
    "DestinationRule": (("Service", "spec.host"),),
}
"""Kind → the fields in which it names others: the kind named, and the path; `*` is every list item."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """One field of an object that names another object: of which kind, by which name, and where."""

    kind: str
    name: str
    path: Path


def named_by(manifest: Manifest) -> Iterator[Reference]:
    """Return every reference by name of an object and of its pods; host names and texts are left out."""
    for kind, path in _FIELDS.get(manifest.kind, ()):
        yield from _named(manifest.data, path.split("."), (), kind)
    for template in pod_templates(manifest):
        pod = manifest.get(*template, "spec")
        for kind, path in _POD:
            yield from _named(pod, path.split("."), (*template, "spec"), kind)


def _named(data: Any, steps: list[str], path: Path, kind: str) -> Iterator[Reference]:
    step, rest = steps[0].replace("~", "."), steps[1:]
    if step == "*" and isinstance(data, list):
        for index, item in enumerate(data):
            yield from _named(item, rest, (*path, index), kind)
    elif isinstance(data, dict) and data.get(step):
        if rest:
            yield from _named(data[step], rest, (*path, step), kind)
        elif isinstance(data[step], str):
            said = str(data.get("kind", "")) if kind == _SAID else kind
            yield Reference(kind=said, name=data[step], path=(*path, step))
