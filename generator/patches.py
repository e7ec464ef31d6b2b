"""Patches of objects: strategic merge for built-in kinds, and JSON 6902."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
}
"""List → the field by which strategic merge tells its items apart (Kubernetes API, patchMergeKey)."""

_PORTS = ("containerPort", "port")
"""Ports are told apart by the number that they have in a container, or in a Service."""

_DIRECTIVE = "$patch"


class PatchError(Exception):
    """A patch that cannot be applied; the message says why."""


def merge(data: Any, patch: Any, field: str = "") -> Any:
    """Apply a strategic merge patch: mappings merge, null deletes, keyed lists merge item by item.

    `$patch: delete` and `$patch: replace` in a mapping do what they say; other lists are replaced.
    """
    if isinstance(patch, dict):
        return _merge_mapping(data if isinstance(data, dict) else {}, patch)
    if isinstance(patch, list) and isinstance(data, list):
        key = _merge_key(field, patch)
        return _merge_list(data, patch, key) if key else patch
    return patch


def _merge_mapping(data: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    if patch.get(_DIRECTIVE) == "replace":
        return {key: value for key, value in patch.items() if key != _DIRECTIVE}
    merged = dict(data)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif key != _DIRECTIVE:
            merged[key] = merge(merged.get(key), value, key)
    return merged


def _merge_key(field: str, items: list[Any]) -> str | None:
    if not all(isinstance(item, dict) for item in items):
        return None
    if field == "ports":
        return next((key for key in _PORTS if all(key in item for item in items)), None)
    key = _KEYS.get(field)
    return key if key and all(key in item for item in items) else None


def _merge_list(data: list[Any], patch: list[Any], key: str) -> list[Any]:
    merged = {item.get(key): item for item in data}
    for item in patch:
        if item.get(_DIRECTIVE) == "delete":
            merged.pop(item[key], None)
        else:
            merged[item[key]] = merge(merged.get(item[key]), item)
    return list(merged.values())


def apply_6902(data: Any, operations: list[Mapping[str, Any]]) -> Any:
    """Apply JSON 6902 operations in order; raise PatchError for the first that cannot be."""
    from jsonpatch import JsonPatch, JsonPatchException
    from jsonpointer import JsonPointerException

    try:
        return JsonPatch(operations).apply(data)
    except (JsonPatchException, JsonPointerException) as error:
        raise PatchError(str(error)) from error
