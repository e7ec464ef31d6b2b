"""References to backends: find and replace the InferencePools that an object sends requests to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.model.manifests import INFERENCE, Manifest, dig, put
from generator.model.source import Path

_ONE, _MANY = "backendRef", "backendRefs"
"""Fields of routes, and of objects like them, that name a backend or a list of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """An InferencePool: the version of the rollout that it belongs to, and what references call it."""

    version: str
    name: str
    namespace: str

    def __str__(self) -> str:
        """Return the pool's name."""
        return self.name


def named_by(ref: Any, pool: Pool, home: str) -> bool:
    """Return whether a reference in an object of the namespace `home` means the pool."""
    wanted: dict[str, Any] = {"group": INFERENCE, "kind": "InferencePool", "name": pool.name}
    is_pool = isinstance(ref, Mapping) and wanted.items() <= ref.items()
    return is_pool and (ref.get("namespace") or home) == pool.namespace


def aimed(ref: Mapping[str, Any], pool: Pool, home: str) -> dict[str, Any]:
    """Return a reference with a pool in the place of the one it names, and nothing else changed.

    A pool beside the object that refers to it needs no namespace, another one does.
    """
    if (ref.get("namespace") or home) == pool.namespace:
        return {**ref, "name": pool.name}
    kept = {key: value for key, value in ref.items() if key != "namespace"}
    there = {} if pool.namespace == home else {"namespace": pool.namespace}
    head: dict[str, Any] = {key: kept.pop(key) for key in ("group", "kind") if key in kept}
    return {**head, **there, **kept, "name": pool.name}


def names_pools(item: Manifest) -> bool:
    """Return whether an object sends requests to InferencePools."""
    kinds = (dig(item.data, *found, "kind") for found in _backends(item.data, ()))
    return any(kind == "InferencePool" for kind in kinds)


def references(item: Manifest, pool: Pool, *path: str | int) -> Iterator[Path]:
    """Return the path of every reference to the pool in an object, or in what stands at `path` of it."""
    home = item.identity.namespace
    for found in _backends(item.get(*path), path):
        if named_by(item.get(*found), pool, home):
            yield found


def retargeted(item: Manifest, blue: Pool, pool: Pool, *path: str | int) -> Any:
    """Return what stands at `path` of an object with a pool in the place of blue in its filters.

    Filters get copies of requests: they have no weights that could move little by little.
    """
    filters = (found for found in references(item, blue, *path) if found[-1] == _ONE)
    return _aim(item, pool, path, filters)


def replaced(item: Manifest, blue: Pool, pool: Pool) -> Manifest:
    """Return an object with a pool in the place of blue in every reference."""
    return item.put(_aim(item, pool, (), references(item, blue)))


def _aim(item: Manifest, pool: Pool, path: Path, found: Iterable[Path]) -> Any:
    data = item.get(*path)
    for inner in (reference[len(path) :] for reference in found):
        data = put(data, aimed(dig(data, *inner), pool, item.identity.namespace), *inner)
    return data


def _backends(data: Any, path: Path) -> Iterator[Path]:
    """Return the path of every backend that an object names, wherever it stands."""
    items = enumerate(data) if isinstance(data, list) else data.items() if isinstance(data, Mapping) else ()
    for key, value in items:
        here = (*path, key)
        if key == _ONE and isinstance(value, Mapping):
            yield here
        if key == _MANY and isinstance(value, list):
            yield from ((*here, index) for index in range(len(value)))
        yield from _backends(value, here)
