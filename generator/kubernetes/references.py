"""Where objects and pods name each other: what must follow a new name, and what pods need to start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.kubernetes.pods import CONTAINER_GROUPS
from generator.model.manifests import CLUSTER_SCOPED, Identity, Manifest
from generator.model.source import Path

Names = Mapping[tuple[str, str], str]
"""Kind and name of an object → its new name."""

_VOLUMES = (
    ("ConfigMap", "configMap.name"),
    ("ConfigMap", "projected.sources.*.configMap.name"),
    ("PersistentVolumeClaim", "persistentVolumeClaim.claimName"),
    ("Secret", "secret.secretName"),
    ("Secret", "projected.sources.*.secret.name"),
    ("Secret", "csi.nodePublishSecretRef.name"),
    ("SecretProviderClass", "csi.volumeAttributes.secretProviderClass"),
    ("Secret", "azureFile.secretName"),
    *(("Secret", f"{kind}.secretRef.name") for kind in ("cephfs", "flexVolume", "iscsi", "rbd", "scaleIO")),
    ("StorageClass", "ephemeral.volumeClaimTemplate.spec.storageClassName"),
)
_ENVIRONMENT = (
    ("ConfigMap", "env.*.valueFrom.configMapKeyRef.name"),
    ("Secret", "env.*.valueFrom.secretKeyRef.name"),
    ("ConfigMap", "envFrom.*.configMapRef.name"),
    ("Secret", "envFrom.*.secretRef.name"),
)
_POD = (
    ("ServiceAccount", "serviceAccountName"),
    ("ServiceAccount", "serviceAccount"),
    ("Secret", "imagePullSecrets.*.name"),
    ("PriorityClass", "priorityClassName"),
    ("RuntimeClass", "runtimeClassName"),
    ("ResourceClaimTemplate", "resourceClaims.*.resourceClaimTemplateName"),
    ("ResourceClaim", "resourceClaims.*.resourceClaimName"),
    *((kind, f"volumes.*.{path}") for kind, path in _VOLUMES),
    *((kind, f"{group}.*.{path}") for group in CONTAINER_GROUPS for kind, path in _ENVIRONMENT),
)
"""What the spec of a pod names: the kind, and the path; `*` is every list item."""

_OWN = "?"
"""Stands before the kind that is meant where a reference has no field `kind` beside its name."""

_FIELDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "InferencePool": (("?Service", "spec.endpointPickerRef.name"),),
    "InferenceModelRewrite": (("InferencePool", "spec.poolRef.name"),),
    "InferenceObjective": (("InferencePool", "spec.poolRef.name"),),
    "RoleBinding": (("?", "roleRef.name"), ("?", "subjects.*.name")),
    "ClusterRoleBinding": (("?", "roleRef.name"), ("?", "subjects.*.name")),
    "HealthCheckPolicy": (("?", "spec.targetRef.name"),),
    "GCPBackendPolicy": (("?", "spec.targetRef.name"),),
    "BackendTLSPolicy": (("?", "spec.targetRefs.*.name"),),
    "HorizontalPodAutoscaler": (("?", "spec.scaleTargetRef.name"),),
    "ScaledObject": (("?Deployment", "spec.scaleTargetRef.name"),),
    "VerticalPodAutoscaler": (("?", "spec.targetRef.name"),),
    "StatefulSet": (
        ("Service", "spec.serviceName"),
        ("StorageClass", "spec.volumeClaimTemplates.*.spec.storageClassName"),
    ),
    "ServiceAccount": (("Secret", "imagePullSecrets.*.name"), ("Secret", "secrets.*.name")),
    "PersistentVolumeClaim": (
        ("StorageClass", "spec.storageClassName"),
        ("PersistentVolume", "spec.volumeName"),
    ),
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
"""Kind → the fields in which it names others, as in a pod's; `~` is a dot within a step."""

_START = frozenset({"PersistentVolumeClaim", "ServiceAccount", "StatefulSet"})
"""Kinds whose own fields name what pods that use them cannot start without."""

_GROUPS = {
    "PriorityClass": "scheduling.k8s.io",
    "ResourceClaim": "resource.k8s.io",
    "ResourceClaimTemplate": "resource.k8s.io",
    "RuntimeClass": "node.k8s.io",
    "SecretProviderClass": "secrets-store.csi.x-k8s.io",
    "StorageClass": "storage.k8s.io",
}
"""Kind that pods name → its group; all others are of the core."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """One field of an object that names another object: of which kind, by which name, and where.

    Pods start without an object that is `optional`.
    """

    kind: str
    name: str
    path: Path
    optional: bool = False

    def identity(self, namespace: str) -> Identity:
        """Return what is named, as seen from a namespace; of kinds that pods name."""
        home = "" if self.kind in CLUSTER_SCOPED else namespace
        return Identity(group=_GROUPS.get(self.kind, ""), kind=self.kind, namespace=home, name=self.name)


def references_of(manifest: Manifest) -> Iterator[Reference]:
    """Return every reference by name of an object and of its pods; host names and texts are left out."""
    for kind, steps in _STEPS.get(manifest.kind, ()):
        yield from _named(manifest.data, steps, (), kind)
    yield from _in_pods(manifest.data, ())


def needs_of(manifest: Manifest) -> Iterator[Reference]:
    """Return what an object's pods need to start, or pods that use it: a ServiceAccount, or a claim."""
    for kind, steps in _STEPS.get(manifest.kind, ()) if manifest.kind in _START else ():
        if kind != "Service":
            yield from _named(manifest.data, steps, (), kind)
    yield from _in_pods(manifest.data, ())


def _in_pods(data: Any, path: Path) -> Iterator[Reference]:
    """Return what pods name, wherever an object holds the spec of a pod."""
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from _in_pods(item, (*path, index))
    elif isinstance(data, Mapping):
        if isinstance(data.get("containers"), list):
            for kind, steps in _POD_STEPS:
                yield from _named(data, steps, path, kind)
            return
        for key, value in data.items():
            yield from _in_pods(value, (*path, key))


def _named(data: Any, steps: tuple[str, ...], path: Path, kind: str) -> Iterator[Reference]:
    step, rest = steps[0], steps[1:]
    if step == "*" and isinstance(data, list):
        for index, item in enumerate(data):
            yield from _named(item, rest, (*path, index), kind)
    elif isinstance(data, Mapping) and data.get(step):
        if rest:
            yield from _named(data[step], rest, (*path, step), kind)
        elif isinstance(data[step], str):
            target_kind = str(data.get("kind") or kind[1:]) if kind.startswith(_OWN) else kind
            name = data[step].partition(".")[0] if step == "host" else data[step]
            optional = data.get("optional") is True
            yield Reference(kind=target_kind, name=name, path=(*path, step), optional=optional)


_Steps = tuple[tuple[str, tuple[str, ...]], ...]


def _steps(fields: tuple[tuple[str, str], ...]) -> _Steps:
    return tuple((kind, tuple(step.replace("~", ".") for step in path.split("."))) for kind, path in fields)


_STEPS: Mapping[str, _Steps] = {kind: _steps(fields) for kind, fields in _FIELDS.items()}
_POD_STEPS = _steps(_POD)
