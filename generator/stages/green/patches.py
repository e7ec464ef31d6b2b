"""Patches of objects: strategic merge for built-in kinds, and JSON 6902."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generator.kubernetes.list_keys import merge_keys

_DEFAULTS = {"protocol": "TCP"}
_DIRECTIVE = "$patch"


class PatchError(Exception):
    """A patch that cannot be applied; the message says why."""


def apply(data: Mapping[str, Any], patch: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Any:
    """Apply a merge patch or JSON 6902 operations to an object; what it is called must stay.

    Raises PatchError for a patch that fails, that deletes the object, or that makes another of it.
    """
    if isinstance(patch, Mapping) and _directive(patch) == "delete":
        raise PatchError("it deletes the object")
    patched = merge(data, patch) if isinstance(patch, Mapping) else apply_6902(dict(data), list(patch))
    for values, (field, value) in zip(_identity(patched), _identity(data), strict=True):
        if values != (field, value):
            raise PatchError(f"it changes `{field}`, and with it the object")
    return patched


def _identity(data: Any) -> list[tuple[str, Any]]:
    fields = data if isinstance(data, Mapping) else {}
    metadata = fields.get("metadata") if isinstance(fields.get("metadata"), Mapping) else {}
    top = [(key, fields.get(key)) for key in ("apiVersion", "kind")]
    return top + [(f"metadata.{key}", (metadata or {}).get(key)) for key in ("name", "namespace")]


def merge(data: Any, patch: Any, field: str = "") -> Any:
    """Apply a strategic merge patch: mappings merge, null deletes, keyed lists merge item by item.

    `$patch: delete` and `$patch: replace` do what they say, in a mapping or as an item of a list; other
    lists are replaced. Lists in pods are told by their names, so they merge in custom resources, too.
    Raises PatchError for a directive that is none of these.
    """
    if isinstance(patch, Mapping):
        return _merge_mapping(data if isinstance(data, Mapping) else {}, patch)
    if isinstance(patch, list):
        return _merge_list(data if isinstance(data, list) else [], patch, field)
    return patch


def _merge_mapping(data: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    merged = {} if _directive(patch) == "replace" else dict(data)
    for key, value in patch.items():
        if value is None or (isinstance(value, Mapping) and _directive(value) == "delete"):
            merged.pop(key, None)
        elif key != _DIRECTIVE:
            merged[key] = merge(merged.get(key), value, key)
    return merged


def _directive(patch: Mapping[str, Any]) -> str:
    unknown = [key for key in patch if str(key).startswith("$") and key != _DIRECTIVE]
    directive = str(patch.get(_DIRECTIVE, "merge"))
    if unknown or directive not in {"delete", "merge", "replace"}:
        raise PatchError(f"there is no directive `{unknown[0] if unknown else f'$patch: {directive}'}`")
    return directive


def _merge_list(data: list[Any], patch: list[Any], field: str) -> list[Any]:
    rest = [item for item in patch if item != {_DIRECTIVE: "replace"}]
    if any(isinstance(item, Mapping) and _directive(item) == "replace" for item in rest):
        raise PatchError("`$patch: replace` in a list is an item of its own: it replaces the whole list")
    keys = merge_keys(field, rest)
    if len(rest) < len(patch) or not keys:
        return [merge(None, item) for item in rest]
    merged: dict[Any, Any] = {_key(item, keys, index): item for index, item in enumerate(data)}
    for item in rest:
        key = next((known for known in merged if _same(known, item, keys)), _key(item, keys, -1))
        if _directive(item) == "delete":
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), item)
    return list(merged.values())


def _key(item: Mapping[str, Any], keys: tuple[str, ...], index: int) -> tuple[Any, ...]:
    """Return what an item is known by; one without its first key is known by its place."""
    if keys[0] not in item:
        return (index,)
    return tuple(item.get(key, _DEFAULTS.get(key)) for key in keys)


def _same(known: tuple[Any, ...], item: Mapping[str, Any], keys: tuple[str, ...]) -> bool:
    """Return whether a patch's item is for the one known so; further keys count where the patch says them."""
    values = _key(item, keys, -1)
    return len(known) == len(values) and all(
        old == new
        for old, new, key in zip(known, values, keys, strict=True)
        if key in item or key in _DEFAULTS
    )


def apply_6902(data: Any, operations: list[Mapping[str, Any]]) -> Any:
    """Apply JSON 6902 operations in order; raise PatchError for the first that cannot be."""
    from jsonpatch import JsonPatch, JsonPatchException
    from jsonpointer import JsonPointerException

    try:
        return JsonPatch(operations).apply(data)
    except (JsonPatchException, JsonPointerException) as error:
        raise PatchError(str(error)) from error
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise PatchError("a path of it leads through a value that is no mapping and no list") from error
