"""Derive green from blue: the same objects under other names, with other labels in every selector.

What the plan changes is changed first, in blue's names; then each object gets its new name, every
reference follows, and the labels that selectors go by get new values (I1, I2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from generator.kubernetes.commands import with_values
from generator.kubernetes.pods import pod_names, pod_template
from generator.kubernetes.references import Names
from generator.kubernetes.router import SELECTOR_FLAG, find_picker, find_pool, servers_of
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.manifests import Manifest, identity_of
from generator.model.source import Ref
from generator.stages.green.changes import Changes, Patch, changed, patched
from generator.stages.green.follow import follow
from generator.stages.green.labels import Pair, distinguishing, relabel
from generator.stages.green.names import new_names, suffix_of

_MONITORS = frozenset({"PodMonitor", "ServiceMonitor", "PodMonitoring"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Derived:
    """Green's objects; and those of blue that both versions share from now on."""

    green: tuple[Manifest, ...]
    shared: tuple[Manifest, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Derivation:
    """What the plan says of a green that is made from blue; `version` is what it calls this green."""

    blue: Ref
    green: Ref
    version: str
    changes: tuple[Changes, ...]
    patches: tuple[Patch, ...]


def derive(
    blue: tuple[Manifest, ...],
    derivation: Derivation,
    namespace: str,
    taken: tuple[Manifest, ...],
) -> Reporting[Derived]:
    """Return green's objects; what cannot be told apart from blue is a finding.

    `blue` holds what is blue's alone, and `taken` the other objects of the rollout. Monitors that catch
    the pods of both versions stay one object and become shared: a copy would count every pod twice.
    """
    pools = (derivation.blue.value, derivation.green.value)
    copied = yield from patched((yield from changed(blue, derivation.changes)), derivation.patches)
    suffix = suffix_of(*pools, derivation.version)
    names = new_names(copied, pools, suffix, taken)
    pairs, hopeless = distinguishing(copied, _label_values(copied, names), suffix, taken)
    monitors = tuple(item for item in hopeless if item.kind in _MONITORS)
    yield from _refuse_overlap((item for item in hopeless if item not in monitors), derivation)
    pool = find_pool(copied, derivation.blue.value)
    pickers = find_picker(copied, pool).workloads if pool else ()
    if pool:
        yield from _require_members(blue, copied, pool, derivation)
    yield from _refuse_bound(blue, copied, derivation)
    green = tuple(
        replace(_copy(item, names, pairs, namespace, is_picker=item in pickers), bundle=derivation.version)
        for item in copied
        if item not in monitors
    )
    yield from _refuse_taken(green, (*blue, *taken), derivation)
    originals = {item.identity: item for item in blue}
    shared = tuple(replace(originals[item.identity], bundle="shared", part="") for item in monitors)
    return Derived(green=green, shared=shared)


def _require_members(
    blue: tuple[Manifest, ...],
    copied: tuple[Manifest, ...],
    pool: Manifest,
    derivation: Derivation,
) -> Reporting[None]:
    """Check that what the plan changes leaves green's pods in green's pool, as blue's are in blue's."""
    today = next(item for item in blue if item.identity == pool.identity)
    kept = {item.identity for item in servers_of(copied, pool)}
    selector = pool.get("spec", "selector", "matchLabels", default={})
    for item in servers_of(blue, today):
        if item.identity not in kept:
            entries = (
                entry for entry in derivation.changes if entry.fields.get("labels", {}).keys() & selector
            )
            place = next((entry.place for entry in entries), derivation.green.place)
            pairs = ", ".join(f"{key}: {value}" for key, value in selector.items())
            yield finding(
                "RP336",
                f"the pods of {item.kind} `{item.name}` leave the pool, which selects {pairs}",
                place,
                "leave these labels as they are (rollplan keeps the versions apart itself), or patch the "
                "pool's selector with them",
                Related(place=pool.origin.at("spec", "selector"), label="the selector"),
            )


def _refuse_bound(
    blue: Iterable[Manifest], copied: Iterable[Manifest], derivation: Derivation
) -> Reporting[None]:
    """Refuse a copy of a claim that still names blue's volume: it is bound to blue's claim."""
    bound = {item.get("spec", "volumeName") for item in blue if item.kind == "PersistentVolumeClaim"}
    for item in copied:
        if item.kind == "PersistentVolumeClaim" and item.get("spec", "volumeName") in bound - {None}:
            yield finding(
                "RP337",
                f"green's copy of PersistentVolumeClaim `{item.name}` requests volume "
                f"`{item.get('spec', 'volumeName')}`, which blue's claim has",
                item.origin.at("spec", "volumeName"),
                "name another volume with a patch, or none (`merge: {spec: {volumeName: null}}`) to get "
                "a new one; a claim that is ReadWriteMany is shared instead",
                Related(place=derivation.green.place, label="green is derived here"),
            )


def _label_values(manifests: Iterable[Manifest], names: Names) -> dict[str, str]:
    """Return the names that may stand as labels, and what they become: of objects, and of numbered pods."""
    values = {item.name: names[item.kind, item.name] for item in manifests}
    for item in manifests:
        for pod in pod_names(item):
            values[pod] = f"{names[item.kind, item.name]}{pod.removeprefix(item.name)}"
    return values


def _copy(
    item: Manifest, names: Names, pairs: Mapping[Pair, str], namespace: str, *, is_picker: bool
) -> Manifest:
    followed = follow(item, names, namespace)
    data: dict[str, Any] = {
        key: value if key in {"data", "binaryData"} else relabel(value, pairs)
        for key, value in followed.data.items()
    }
    data["metadata"] = {**data["metadata"], "name": names[item.kind, item.name]}
    green = replace(followed, identity=identity_of(data), data=data)
    return _with_arguments(green, pairs) if is_picker else green


def _with_arguments(picker: Manifest, pairs: Mapping[Pair, str]) -> Manifest:
    """Return a picker whose `--endpoint-selector` demands the labels of green's pods."""

    def renamed(selector: str) -> str:
        split = (pair.partition("=")[::2] for pair in selector.split(","))
        return ",".join(f"{key}={pairs.get((key, value), value)}" if value else key for key, value in split)

    path = (*pod_template(picker), "spec", "containers")
    for index, container in enumerate(picker.get(*path, default=[])):
        picker = picker.put(with_values(container, {SELECTOR_FLAG}, renamed), *path, index)
    return picker


def _refuse_taken(
    green: Iterable[Manifest], others: Iterable[Manifest], derivation: Derivation
) -> Reporting[None]:
    known = {item.identity: item for item in others}
    for item in green:
        if item.identity in known:
            yield finding(
                "RP205",
                f"`{item.identity}` would be in {item.bundle}, and is in "
                f"{known[item.identity].bundle} already",
                derivation.green.place,
                f"give {item.bundle}'s pool another name",
                Related(place=item.origin.at("metadata", "name"), label="made from this one"),
            )


def _refuse_overlap(hopeless: Iterable[Manifest], derivation: Derivation) -> Reporting[None]:
    for item in hopeless:
        yield finding(
            "RP313",
            f"the selector of {item.kind} `{item.name}` is not specific to blue: it matches green's pods too",
            item.origin.at("spec", "selector"),
            "give blue's pods and selector a label of their own first, such as app",
            Related(place=derivation.green.place, label="green is derived here"),
        )
