"""Where objects name each other: the fields that must follow when an object gets a new name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from generator.anatomy import WORKLOADS
from generator.manifests import Manifest

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
    *(("ConfigMap", f"{group}.*.env.*.valueFrom.configMapKeyRef.name") for group in _CONTAINERS),
    *(("Secret", f"{group}.*.env.*.valueFrom.secretKeyRef.name") for group in _CONTAINERS),
    *(("ConfigMap", f"{group}.*.envFrom.*.configMapRef.name") for group in _CONTAINERS),
    *(("Secret", f"{group}.*.envFrom.*.secretRef.name") for group in _CONTAINERS),
)
_PODS = (
    "spec.template",
    "spec.leaderWorkerTemplate.workerTemplate",
    "spec.leaderWorkerTemplate.leaderTemplate",
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

_RESOURCES = {
    "configmaps": "ConfigMap",
    "inferencepools": "InferencePool",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "secrets": "Secret",
    "serviceaccounts": "ServiceAccount",
    "services": "Service",
}
"""Plural in a Role's rule → the kind whose names its resourceNames are."""

_POOL_FLAG = re.compile(r"--?pool-name(=(?P<value>.*))?")


def follow(manifest: Manifest, names: Names, namespace: str) -> Manifest:
    """Give the object with every reference to a renamed object following it; its own name stays."""
    data: Any = manifest.data
    for kind, path in _paths(manifest.kind):
        data = _at(data, path.split("."), partial(_renamed, kind=kind, names=names))
    if manifest.kind in {"Role", "ClusterRole"}:
        data = {**data, "rules": [_rule(rule, names) for rule in data.get("rules") or ()]}
    services = {name: new for (kind, name), new in names.items() if kind == "Service"}
    data = {
        key: value if key == "metadata" else _hosts(value, services, namespace) for key, value in data.items()
    }
    return Manifest(
        identity=manifest.identity,
        data=data,
        bundle=manifest.bundle,
        origin=manifest.origin,
        part=manifest.part,
    )


def follow_pool(arguments: list[str], names: Names) -> list[str]:
    """Give an endpoint picker's arguments with `--pool-name` following the pool."""
    followed: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        flag = _POOL_FLAG.fullmatch(argument)
        if flag and flag["value"]:
            argument = argument.replace(
                flag["value"], names.get(("InferencePool", flag["value"]), flag["value"])
            )
        elif _POOL_FLAG.fullmatch(before) and "=" not in before:
            argument = names.get(("InferencePool", argument), argument)
        followed.append(argument)
    return followed


def _paths(kind: str) -> Iterator[tuple[str, str]]:
    yield from _FIELDS.get(kind, ())
    if kind in WORKLOADS:
        yield from ((named, f"{pod}.spec.{path}") for pod in _PODS for named, path in _POD)


def _renamed(parent: Mapping[str, Any], key: str, *, kind: str, names: Names) -> Any:
    value = parent[key]
    if not isinstance(value, str):
        return value
    named = str(parent.get("kind", "")) if kind == _SAID else kind
    first, dot, rest = value.partition(".")
    if key == "host" and dot:
        return f"{names.get((named, first), first)}.{rest}"
    return names.get((named, value), value)


def _at(data: Any, path: list[str], change: Callable[[Mapping[str, Any], str], Any]) -> Any:
    """Give a copy of the data with what `path` leads to changed; what is not there stays away."""
    step, rest = path[0].replace("~", "."), path[1:]
    if step == "*" and isinstance(data, list):
        return [_at(item, rest, change) for item in data]
    if not isinstance(data, dict) or step not in data:
        return data
    return {**data, step: _at(data[step], rest, change) if rest else change(data, step)}


def _rule(rule: Mapping[str, Any], names: Names) -> dict[str, Any]:
    kinds = [_RESOURCES[resource] for resource in rule.get("resources") or () if resource in _RESOURCES]
    if not rule.get("resourceNames") or not kinds:
        return dict(rule)
    renamed = [
        next((names[kind, name] for kind in kinds if (kind, name) in names), name)
        for name in rule["resourceNames"]
    ]
    return {**rule, "resourceNames": renamed}


def _hosts(value: Any, services: Mapping[str, str], namespace: str) -> Any:
    """Follow host names of Services (`name.namespace.svc`) wherever text holds them."""
    if isinstance(value, dict):
        return {key: _hosts(item, services, namespace) for key, item in value.items()}
    if isinstance(value, list):
        return [_hosts(item, services, namespace) for item in value]
    if not isinstance(value, str) or f".{namespace}" not in value:
        return value
    for name, new in services.items():
        pattern = rf"(?<![-.a-zA-Z0-9]){re.escape(name)}(?=\.{re.escape(namespace)}(?![-a-zA-Z0-9]))"
        value = re.sub(pattern, new, value)
    return value
