"""Green from blue: the same objects under other names, told apart from blue by every selector.

What the plan changes is changed first, in blue's names; then each object gets its new name, every
reference follows, and the labels that selectors go by get new values (contract I1, I2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from generator.anatomy import find_picker, find_pool, pod_template
from generator.changes import Changes, Patch, changed, patched
from generator.codes import CODES
from generator.diagnostics import Findings, Related
from generator.labels import Pair, distinguishing, relabel
from generator.manifests import Manifest, identity_of
from generator.model import Ref
from generator.references import Names, follow, follow_pool

NAME, PICKER_NAME = 63, 40
"""Characters that a name may have; that the part before an endpoint picker's `-epp` may have (§1.6)."""

_MONITORS = frozenset({"PodMonitor", "ServiceMonitor", "PodMonitoring"})
_SELECTOR_FLAG = re.compile(r"--?endpoint-selector(=.*)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Derived:
    """Green's objects; and those of blue that both versions share from now on."""

    green: tuple[Manifest, ...]
    shared: tuple[Manifest, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Derivation:
    """What the plan says of a green that is made from blue."""

    blue: Ref
    green: Ref
    changes: tuple[Changes, ...]
    patches: tuple[Patch, ...]


def derive(blue: tuple[Manifest, ...], derivation: Derivation, namespace: str, found: Findings) -> Derived:
    """Give green's objects; what cannot be told apart from blue is a finding.

    Volumes that many pods may write, and monitors that catch the pods of both versions, stay one
    object and become shared: a copy would be empty, or count every pod twice.
    """
    suffix = suffix_of(derivation.blue.value, derivation.green.value)
    kept = tuple(item for item in blue if _is_common(item))
    copied = changed(tuple(item for item in blue if item not in kept), derivation.changes, found)
    copied = patched(copied, derivation.patches, found)
    names = _names(copied, derivation, suffix)
    pairs, hopeless = distinguishing(copied, {old: new for (_, old), new in names.items()}, suffix)
    monitors = tuple(item for item in hopeless if item.kind in _MONITORS)
    _refuse_overlap((item for item in hopeless if item not in monitors), derivation, found)
    pool = find_pool(copied, derivation.blue.value)
    pickers = find_picker(copied, pool).workloads if pool else ()
    green = tuple(
        _copy(item, names, pairs, namespace, is_picker=item in pickers)
        for item in copied
        if item not in monitors
    )
    originals = {item.identity: item for item in blue}
    shared = (*kept, *(originals[item.identity] for item in monitors))
    return Derived(green=green, shared=tuple(replace(item, bundle="shared") for item in shared))


def suffix_of(blue: str, green: str) -> str:
    """Give what green's names have beyond blue's: what its pool's name has, where that is so."""
    return green.removeprefix(blue) if green.startswith(f"{blue}-") else "-green"


def _is_common(item: Manifest) -> bool:
    modes = item.get("spec", "accessModes", default=())
    return item.kind == "PersistentVolumeClaim" and bool({"ReadWriteMany", "ReadOnlyMany"} & set(modes))


def _names(manifests: Iterable[Manifest], derivation: Derivation, suffix: str) -> Names:
    return {(item.kind, item.name): _new_name(item.name, derivation, suffix) for item in manifests}


def _new_name(name: str, derivation: Derivation, suffix: str) -> str:
    """Give an object's new name: green's pool in the place of blue's, or else a suffix, and no collision."""
    token = rf"(?<![a-zA-Z0-9]){re.escape(derivation.blue.value)}(?![a-zA-Z0-9])"
    renamed, times = re.subn(token, derivation.green.value, name)
    if name.endswith("-epp"):
        base = renamed.removesuffix("-epp") if times else name.removesuffix("-epp") + suffix
        return f"{fit(base, PICKER_NAME)}-epp"
    return fit(renamed if times else name + suffix, NAME)


def fit(name: str, limit: int) -> str:
    """Give a name within a limit; a hash of the whole stands for what is cut off."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - 9].rstrip('-.')}-{sha256(name.encode()).hexdigest()[:8]}"


def _copy(
    item: Manifest, names: Names, pairs: Mapping[Pair, str], namespace: str, *, is_picker: bool
) -> Manifest:
    followed = follow(item, names, namespace)
    data: dict[str, Any] = {
        key: value if key in {"data", "binaryData"} else relabel(value, pairs)
        for key, value in followed.data.items()
    }
    data["metadata"] = {**data["metadata"], "name": names[item.kind, item.name]}
    green = replace(followed, identity=identity_of(data), data=data, bundle="green")
    return _with_arguments(green, names, pairs) if is_picker else green


def _with_arguments(picker: Manifest, names: Names, pairs: Mapping[Pair, str]) -> Manifest:
    path = (*pod_template(picker), "spec", "containers")
    for index, container in enumerate(picker.get(*path, default=[])):
        if container.get("args"):
            arguments = follow_pool(list(map(str, container["args"])), names)
            picker = picker.put(_follow_selector(arguments, pairs), *path, index, "args")
    return picker


def _follow_selector(arguments: list[str], pairs: Mapping[Pair, str]) -> list[str]:
    followed: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if _SELECTOR_FLAG.fullmatch(argument) or (_SELECTOR_FLAG.fullmatch(before) and "=" not in before):
            for (key, value), new in pairs.items():
                argument = re.sub(rf"{re.escape(f'{key}={value}')}(?=,|\Z)", f"{key}={new}", argument)
        followed.append(argument)
    return followed


def _refuse_overlap(hopeless: Iterable[Manifest], derivation: Derivation, found: Findings) -> None:
    for item in hopeless:
        found.add(
            CODES["RP313"],
            f"the selector of {item.kind} `{item.name}` says what pods are, not whose: it catches green's",
            item.origin.at("spec", "selector"),
            "give blue's pods and selector a label of their own first, such as app",
            Related(place=derivation.green.place, label="green is derived here"),
        )
