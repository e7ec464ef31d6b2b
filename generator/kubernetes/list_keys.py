"""How items of lists are told apart: keys of lists that merge, and identities in other lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_MERGED: Mapping[str, tuple[str, ...]] = {
    "claims": ("name",),
    "containers": ("name",),
    "env": ("name",),
    "ephemeralContainers": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "resourceClaims": ("name",),
    "secrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
"""List → the fields by which strategic merge tells its items apart (Kubernetes API, list map keys)."""

_PORTS = ("containerPort", "port")
"""Ports are told apart by the number that they have in a container, or in a Service, and the protocol."""

_REFERENCE = ("group", "kind", "namespace", "name", "port", "sectionName")

IDENTITIES: Mapping[str, tuple[str, ...]] = {
    **_MERGED,
    "backendRefs": _REFERENCE,
    "conditions": ("type",),
    "filters": ("type",),
    "headers": ("name", "value"),
    "items": ("key",),
    "listeners": ("name",),
    "metrics": ("name",),
    "parentRefs": _REFERENCE,
    "ports": (*_PORTS, "protocol"),
    "queryParams": ("name", "value"),
    "roles": ("name",),
    "rules": ("name", "matches"),
    "subjects": ("kind", "namespace", "name"),
    "targetPorts": ("number",),
    "targetRefs": _REFERENCE,
    "targets": ("modelRewrite",),
    "tolerations": ("key", "operator", "value", "effect"),
}
"""List → the fields that tell one item from another; items of other lists have their place alone."""


def merge_keys(field: str, items: Sequence[Any]) -> tuple[str, ...]:
    """Return the fields by which items merge into the list `field`; none where they replace it."""
    if not all(isinstance(item, Mapping) for item in items):
        return ()
    if field == "ports":
        number = next((key for key in _PORTS if items and all(key in item for item in items)), None)
        return (number, "protocol") if number else ()
    keys = _MERGED.get(field, ())
    return keys if all(keys[0] in item for item in items if keys) else ()
