"""Objects of the old group inference.networking.x-k8s.io: read always, written only where the cluster has it.

Within rollplan an old InferencePool is a new one, so that nothing else needs to handle the old form; it is
written in the form and group that the cluster has (field/versions, field/inference-pool).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from generator.kubernetes.rewrites import OBJECTIVE, REWRITE
from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.manifests import INFERENCE, LLM_D, Manifest, Origin, dig
from generator.model.plan import Bundles
from generator.model.rollout import Deletion, Rollout
from generator.model.target import Apis

OLD = "inference.networking.x-k8s.io"
OLD_POOLS_UNTIL = (1, 5)
"""The version of the Inference Extension that has no pools of the old group any more."""

_POOL = "InferencePool"
_TODAY = f"{INFERENCE}/v1"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """The versions of the Inference Extension that have an old kind: from `since` to before `until`."""

    since: tuple[int, int]
    until: tuple[int, int]
    today: str


_KINDS = {
    _POOL: _Kind(since=(0, 1), until=OLD_POOLS_UNTIL, today=_TODAY),
    REWRITE: _Kind(since=(1, 2), until=(1, 6), today=f"{LLM_D}/v1alpha2"),
    OBJECTIVE: _Kind(since=(1, 0), until=(1, 6), today=f"{LLM_D}/v1alpha2"),
}


def todays_group(data: Mapping[str, Any]) -> str:
    """Return the group of an object's kind; of an old kind, the group in which it is today."""
    api, kind = str(data.get("apiVersion", "")), _KINDS.get(str(data["kind"]))
    return (kind.today if kind and api.startswith(f"{OLD}/") else api).rpartition("/")[0]


def modern(data: dict[str, Any], version: tuple[int, int], origin: Origin) -> Reporting[dict[str, Any]]:
    """Return an object as the rest of rollplan knows it; `version` is the cluster's Inference Extension.

    An old object that the cluster cannot have any more becomes the new one; one that it cannot have yet is
    a finding. Pools are new ones until `as_served` writes them, wherever they are old in the cluster.
    """
    group = str(data["apiVersion"]).partition("/")[0]
    kind = _KINDS.get(str(data["kind"])) if group == OLD else None
    if kind:
        data = yield from _told(data, kind, version, origin)
    if group == OLD and data["kind"] == _POOL:
        data = {**data, "apiVersion": _TODAY, "spec": _renamed(data.get("spec") or {}, _MODERN)}
    return dict(_referring(data, OLD, INFERENCE, lambda _: True))


def _told(
    data: dict[str, Any], kind: _Kind, version: tuple[int, int], origin: Origin
) -> Reporting[dict[str, Any]]:
    name = f"{data['kind']} of `{data['apiVersion']}`"
    missing = f"Inference Extension v{version[0]}.{version[1]} has no {name}"
    place, about = origin.at("apiVersion"), f"{data['kind']}/{data['metadata']['name']}"
    if version < kind.since:
        hint = (
            f"write it as `apiVersion: {kind.today}`, or set the cluster's `target.apis.inferenceExtension`"
        )
        yield finding("RP558", f"{missing} yet: the API server would refuse it", place, hint, about=about)
    if version < kind.until:
        return data
    hint = f"write `apiVersion: {kind.today}` and its fields, as the stages do"
    yield finding("RP559", f"{missing} any more: it is read as `{kind.today}`", place, hint, about=about)
    return {**data, "apiVersion": kind.today}


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """How the cluster serves a pool: the group, and the field of its status that Gateways report in."""

    group: str
    parents: str


def served_pool(pool: Manifest, apis: Apis) -> Served:
    """Return how the cluster serves a pool, whose manifest may be an old one."""
    if _is_served_old(pool, apis):
        return Served(group=OLD, parents="parent")
    return Served(group=INFERENCE, parents="parents")


def as_served(rollout: Rollout) -> Rollout:
    """Return the rollout with old pools, and references to them, as the cluster has them."""
    pools = _old_pools((item for stage in rollout.stages for item in stage.objects), rollout.plan.target.apis)
    if not pools:
        return rollout

    def deletions(items: Iterable[Deletion]) -> tuple[Deletion, ...]:
        return tuple(replace(item, objects=_all(item.objects, pools)) for item in items)

    stages = tuple(
        replace(stage, objects=_all(stage.objects, pools), deletions=deletions(stage.deletions))
        for stage in rollout.stages
    )
    back = rollout.rollback
    back = replace(back, objects=_all(back.objects, pools), removals=deletions(back.removals))
    return replace(rollout, stages=stages, rollback=back)


def as_written(bundles: Bundles, apis: Apis) -> Bundles:
    """Return the bundles with old pools in the form in which their manifests have them."""
    pools = _old_pools((item for bundle in bundles.values() for item in bundle), apis)
    return {name: _all(bundle, pools) for name, bundle in bundles.items()} if pools else bundles


_Named = frozenset[tuple[str, str]]
"""Pools by namespace and name."""


def _old_pools(items: Iterable[Manifest], apis: Apis) -> _Named:
    """Return the pools that the cluster serves as old ones."""
    return frozenset((item.identity.namespace, item.name) for item in items if _is_served_old(item, apis))


def _is_served_old(item: Manifest, apis: Apis) -> bool:
    """Return whether an object is a pool from an old manifest, and the cluster has the old kind."""
    if item.kind != _POOL or apis.inference_extension >= _KINDS[_POOL].until:
        return False
    api = dig(item.origin.document.data, *item.origin.path, "apiVersion", default="")
    return str(api).startswith(f"{OLD}/")


def _all(items: Iterable[Manifest], pools: _Named) -> tuple[Manifest, ...]:
    return tuple(_as_served(item, pools) for item in items)


def _as_served(item: Manifest, pools: _Named) -> Manifest:
    home, data = item.identity.namespace, dict(item.data)
    if item.kind == _POOL and (home, item.name) in pools:
        data |= {"apiVersion": f"{OLD}/v1alpha2", "spec": _renamed(data["spec"], _LEGACY)}
        item = replace(item, identity=replace(item.identity, group=OLD))

    def is_old(ref: Mapping[str, Any]) -> bool:
        """Return whether a reference means an old pool; a grant without a name means all of its namespace."""
        there, name = ref.get("namespace") or home, ref.get("name")
        return (there, name) in pools if name else any(there == namespace for namespace, _ in pools)

    return replace(item, data=_referring(data, INFERENCE, OLD, is_old))


def _referring(data: Any, old: str, new: str, is_meant: Callable[[Mapping[str, Any]], bool]) -> Any:
    """Return any part of an object with its references to pools in another group."""
    if isinstance(data, list):
        return [_referring(item, old, new, is_meant) for item in data]
    if not isinstance(data, dict):
        return data
    found = {key: _referring(value, old, new, is_meant) for key, value in data.items()}
    if found.get("group") == old and found.get("kind") == _POOL and is_meant(found):
        found["group"] = new
    return found


def _is_flat(selector: Any) -> bool:
    return isinstance(selector, Mapping) and not isinstance(selector.get("matchLabels"), Mapping)


_Row = tuple[str, str, Callable[[Any], Any]]
_MODERN: tuple[_Row, ...] = (
    ("selector", "selector", lambda value: {"matchLabels": value} if _is_flat(value) else value),
    ("targetPortNumber", "targetPorts", lambda value: [{"number": value}]),
    ("extensionRef", "endpointPickerRef", lambda value: _renamed(value or {}, _PICKER)),
)
_LEGACY: tuple[_Row, ...] = (
    ("selector", "selector", lambda value: dig(value, "matchLabels", default={})),
    ("targetPorts", "targetPortNumber", lambda value: dig(value, 0, "number")),
    ("endpointPickerRef", "extensionRef", lambda value: _renamed(value or {}, _EXTENSION)),
    ("appProtocol", "", lambda value: value),
)
_PICKER: tuple[_Row, ...] = (("portNumber", "port", lambda value: {"number": value}),)
_EXTENSION: tuple[_Row, ...] = (("port", "portNumber", lambda value: dig(value, "number")),)
"""Field → what it is called in the other version (nothing, where that has none), and its value there."""


def _renamed(spec: Mapping[str, Any], rows: tuple[_Row, ...]) -> dict[str, Any]:
    known = {row[0]: row for row in rows}
    fields: dict[str, Any] = {}
    for key, value in spec.items():
        _, name, change = known.get(key, (key, key, lambda value: value))
        if name:
            fields[name] = change(value)
    return fields
