"""Objects of the group inference.networking.x-k8s.io: read always, written only where the cluster has it.

Within rollplan an old InferencePool is a new one, so that nothing else need know of it; it is written in the
form, and under the group, in which the cluster knows it (contract §0, §1.1, §1.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.gates import Instruction
from generator.model.manifests import INFERENCE, LLM_D, Manifest, Origin, dig
from generator.model.plan import Bundles
from generator.model.rollout import Deletion, Rollout

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
    "InferenceModelRewrite": _Kind(since=(1, 2), until=(1, 6), today=f"{LLM_D}/v1alpha2"),
    "InferenceObjective": _Kind(since=(1, 0), until=(1, 6), today=f"{LLM_D}/v1alpha2"),
}


def todays_group(data: Mapping[str, Any]) -> str:
    """Return the group of an object's kind; of an old kind, the group in which it is today."""
    api, kind = str(data.get("apiVersion", "")), _KINDS.get(str(data["kind"]))
    return (kind.today if kind and api.startswith(f"{OLD}/") else api).rpartition("/")[0]


def modern(data: dict[str, Any], version: tuple[int, int], origin: Origin) -> Reporting[dict[str, Any]]:
    """Return an object as the rest of rollplan knows it; `version` is the cluster's Inference Extension.

    An old object that the cluster cannot have any more becomes the new one; one that it cannot have yet is
    a finding. Pools are new ones until `lowered` writes them, wherever they are old in the cluster.
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
    said = f"Inference Extension v{version[0]}.{version[1]} has no {name}"
    place, about = origin.at("apiVersion"), f"{data['kind']}/{data['metadata']['name']}"
    if version < kind.since:
        hint = f"write it as `apiVersion: {kind.today}`, or say the version that the cluster has"
        yield finding("RP558", f"{said} yet: the API server would refuse it", place, hint, about=about)
    if version < kind.until:
        return data
    hint = f"write `apiVersion: {kind.today}` and its fields, as the stages do"
    yield finding("RP559", f"{said} any more: it is read as `{kind.today}`", place, hint, about=about)
    return {**data, "apiVersion": kind.today}


def lowered(rollout: Rollout) -> Rollout:
    """Return the rollout with old pools, and references to them, in the form that the cluster has them in."""
    version = rollout.plan.target.apis.inference_extension
    names = _old_pools((item for stage in rollout.stages for item in stage.objects), version)
    if not names:
        return rollout

    def deletions(items: Iterable[Deletion]) -> tuple[Deletion, ...]:
        return tuple(
            replace(item, objects=_all(item.objects, names), checks=_scripts(item.checks, names))
            for item in items
        )

    stages = tuple(
        replace(
            stage,
            objects=_all(stage.objects, names),
            deletions=deletions(stage.deletions),
            gate=replace(stage.gate, checks=_scripts(stage.gate.checks, names)),
        )
        for stage in rollout.stages
    )
    back = rollout.rollback
    back = replace(back, objects=_all(back.objects, names), removals=deletions(back.removals))
    return replace(rollout, stages=stages, rollback=back)


def as_written(bundles: Bundles, version: tuple[int, int]) -> Bundles:
    """Return the bundles with old pools in the form in which their manifests have them."""
    names = _old_pools((item for bundle in bundles.values() for item in bundle), version)
    return {name: _all(bundle, names) for name, bundle in bundles.items()} if names else bundles


def _old_pools(items: Iterable[Manifest], version: tuple[int, int]) -> frozenset[str]:
    """Return the names of pools that come from an old manifest, where the cluster has the old kind."""
    if version >= _KINDS[_POOL].until:
        return frozenset()
    return frozenset(item.name for item in items if item.kind == _POOL and _is_old(item))


def _is_old(item: Manifest) -> bool:
    api = dig(item.origin.document.data, *item.origin.path, "apiVersion", default="")
    return str(api).startswith(f"{OLD}/")


def _all(items: Iterable[Manifest], names: frozenset[str]) -> tuple[Manifest, ...]:
    return tuple(_lowered(item, names) for item in items)


def _lowered(item: Manifest, names: frozenset[str]) -> Manifest:
    data = dict(item.data)
    if item.kind == _POOL and item.name in names:
        data |= {"apiVersion": f"{OLD}/v1alpha2", "spec": _renamed(data["spec"], _LEGACY)}
        item = replace(item, identity=replace(item.identity, group=OLD))
    return replace(item, data=_referring(data, INFERENCE, OLD, names.__contains__))


def _scripts(checks: Iterable[Instruction], names: frozenset[str]) -> tuple[Instruction, ...]:
    """Return checks that ask for old pools by their group, and for their status by its old name."""
    found = []
    for check in checks:
        script = check.script
        for name in names:
            script = script.replace(f"inferencepool.{INFERENCE}/{name} ", f"inferencepool.{OLD}/{name} ")
        if script != check.script:
            check = replace(check, script=script.replace(".status.parents[", ".status.parent["))
        found.append(check)
    return tuple(found)


def _referring(data: Any, old: str, new: str, wanted: Callable[[str], bool]) -> Any:
    """Return any part of an object with its references to pools in another group."""
    if isinstance(data, list):
        return [_referring(item, old, new, wanted) for item in data]
    if not isinstance(data, dict):
        return data
    said = {key: _referring(value, old, new, wanted) for key, value in data.items()}
    if said.get("group") == old and said.get("kind") == _POOL and wanted(str(said.get("name"))):
        said["group"] = new
    return said


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
