"""Apply `set` and `patches` of a plan to green's objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.kubernetes.commands import with_flags
from generator.kubernetes.pods import WORKLOADS, pod_templates
from generator.kubernetes.shell_scripts import script_in
from generator.kubernetes.workloads import SERVER, container_paths, main_container
from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.manifests import Manifest
from generator.model.source import Path, Place, Ref
from generator.plan.fields import Fields
from generator.stages.green.patches import PatchError, apply, merge

_POD_FIELDS = ("nodeSelector", "tolerations", "affinity")
_CONTAINER_FIELDS = {"image", "args", "env", "resources"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """One entry of `set`: the workload (all that serve, where empty), its container, and new values."""

    workload: Ref | None
    container: Ref | None
    fields: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Patch:
    """One entry of `patches`: the objects it is for, and a merge or JSON 6902 operations."""

    kind: str
    name: str
    body: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    place: Place


def parse_changes(fields: Fields) -> tuple[Changes, ...]:
    """Read `set`."""
    return tuple(
        Changes(
            workload=item.ref("workload") if item.has("workload") else None,
            container=item.ref("container") if item.has("container") else None,
            fields={key: value for key, value in item.data.items() if key not in {"workload", "container"}},
            place=item.place,
        )
        for item in fields.items("set")
    )


def parse_patches(fields: Fields) -> tuple[Patch, ...]:
    """Read `patches`."""
    return tuple(
        Patch(
            kind=item.child("target").text("kind"),
            name=item.child("target").text("name"),
            body=item.get("merge") if item.has("merge") else item.get("json6902"),
            place=item.place,
        )
        for item in fields.items("patches")
    )


def changed(manifests: tuple[Manifest, ...], changes: Iterable[Changes]) -> Reporting[tuple[Manifest, ...]]:
    """Return the manifests with each entry of `set` applied; one that meets nothing is a finding."""
    for change in changes:
        meant = [item.identity for item in manifests if _is_meant(item, change)]
        if not meant:
            what = (
                f"no workload is called `{change.workload}`"
                if change.workload
                else "there is no model server"
            )
            names = sorted(item.name for item in manifests if item.kind in WORKLOADS)
            place = change.workload.place if change.workload else change.place
            yield finding("RP307", what, place, f"there is {', '.join(names) or 'none'}")
        after = []
        for item in manifests:
            after.append((yield from _change(item, change)) if item.identity in meant else item)
        manifests = tuple(after)
    return manifests


def patched(manifests: tuple[Manifest, ...], patches: Iterable[Patch]) -> Reporting[tuple[Manifest, ...]]:
    """Return the manifests with each patch applied; one without any effect is a finding."""
    for patch in patches:
        meant = [item for item in manifests if (item.kind, item.name) == (patch.kind, patch.name)]
        if not meant:
            names = sorted(item.name for item in manifests if item.kind == patch.kind)
            message = f"the patch matches nothing: there is no {patch.kind} `{patch.name}`"
            yield finding(
                "RP314", message, patch.place, f"there is {', '.join(names) or 'none of this kind'}"
            )
        after = []
        for item in manifests:
            after.append((yield from _patch(item, patch)) if item in meant else item)
        manifests = tuple(after)
    return manifests


def _is_meant(item: Manifest, change: Changes) -> bool:
    if item.kind not in WORKLOADS:
        return False
    return item.name == change.workload.value if change.workload else item.part == "model"


def _change(item: Manifest, change: Changes) -> Reporting[Manifest]:
    fields = change.fields
    if "replicas" in fields:
        item = item.put(fields["replicas"], "spec", "replicas")
    for key in _POD_FIELDS:
        for template in pod_templates(item) if key in fields else ():
            item = item.put(fields[key], *template, "spec", key)
    for key, value in fields.get("labels", {}).items():
        item = _labelled(item, key, value)
    for path in (yield from places(item, change)):
        item = with_container(item, path, fields)
    return item


def _is_script(container: Mapping[str, Any]) -> bool:
    """Return whether a shell reads the container's first argument: further ones are none of the server's."""
    command, args = ([str(word) for word in container.get(key) or ()] for key in ("command", "args"))
    script = script_in([*command, *args])
    return script is not None and (script >= len(command) or "$@" not in command[script])


def _labelled(item: Manifest, key: str, value: str) -> Manifest:
    paths: list[Path] = [("metadata", "labels")]
    paths += [(*template, "metadata", "labels") for template in pod_templates(item)]
    if key in item.get("spec", "selector", "matchLabels", default={}):
        paths.append(("spec", "selector", "matchLabels"))
    for path in paths:
        item = item.put(value, *path, key)
    return item


def places(item: Manifest, change: Changes) -> Reporting[tuple[Path, ...]]:
    """Return where the container that a change is for stands in a workload; a missing one is a finding."""
    known = container_paths(item)
    name = change.container.value if change.container else main_container(item)
    if name in known:
        scripts = [path for path in known[name] if "args" in change.fields and _is_script(item.get(*path))]
        if scripts:
            yield finding(
                "RP310",
                f"container `{name}` of {item.kind} `{item.name}` runs a shell script: arguments do nothing",
                change.place,
                "change the script itself with a patch, or what it reads with `env`",
            )
        return known[name]
    if change.container or _CONTAINER_FIELDS & set(change.fields):
        yield finding(
            "RP308",
            f"{item.kind} `{item.name}` has no container `{name or SERVER}`",
            (change.container or change).place,
            f"its containers are {', '.join(known) or 'unknown'}",
        )
    return ()


def with_container(item: Manifest, path: Path, fields: Mapping[str, Any]) -> Manifest:
    """Return a workload whose container at `path` has the new image, resources, env and arguments."""
    container: dict[str, Any] = dict(item.get(*path))
    for key in ("image", "resources"):
        if key in fields:
            container[key] = merge(container.get(key), fields[key], key)
    if "env" in fields:
        # a variable is replaced whole: merged, a value would join the valueFrom of before
        new = {variable["name"]: variable for variable in fields["env"]}
        kept = [new.pop(old.get("name"), old) for old in container.get("env") or ()]
        container["env"] = [*kept, *new.values()]
    if "args" in fields:
        container["args"] = with_flags(container.get("args") or [], fields["args"])
    return item.put(container, *path)


def _patch(item: Manifest, patch: Patch) -> Reporting[Manifest]:
    try:
        data = apply(item.data, patch.body)
    except PatchError as error:
        message = f"the patch cannot be applied: {error}"
        yield finding("RP315", message, patch.place, "compare it with the manifest")
        return item
    if data == item.data:
        message = f"the patch changes nothing in {item.kind} `{item.name}`"
        yield finding("RP310", message, patch.place, "remove it, or correct it")
    return item.put(data)
