"""Decide where each object is rendered: once for all stages, or in the folder of each stage."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from generator.model.manifests import Identity, Manifest
from generator.model.rollout import Rollout, Stage

_PLAIN_NAME = re.compile(r"[a-z0-9][-.a-z0-9]{0,57}")

_BUNDLE_OF = {"routes": "shared"}
"""Routes belong to neither version (I3): they are gathered apart and rendered as shared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """`folders` has the bundle folder of each object that never changes; `names` every file's name."""

    rollout: Rollout
    names: Mapping[Identity, str]
    folders: Mapping[Identity, str]

    def files(self) -> dict[str, Manifest]:
        """Return the object that each manifest file holds, by path."""
        placed: dict[str, Manifest] = {}
        for index in range(len(self.rollout.stages)):
            placed |= self.stage_files(index)
        return placed | self.rollback_files()

    def stage_files(self, index: int) -> dict[str, Manifest]:
        """Return the file of every object of a stage."""
        own = self.rollout.folder(index)
        return {
            f"{self.folders.get(item.identity, own)}/{self.names[item.identity]}": item
            for item in self.rollout.stages[index].objects
        }

    def applied(self) -> tuple[tuple[str, ...], ...]:
        """Return the files of each stage in the order in which its kustomization applies them."""
        listed = self.kustomizations()
        folders = (self.rollout.folder(index) for index in range(len(self.rollout.stages)))
        return tuple(tuple(_expanded(folder, listed)) for folder in folders)

    def rollback_files(self) -> dict[str, Manifest]:
        """Return the file of every object that the rollback applies."""
        return {f"rollback/{self.names[item.identity]}": item for item in self.rollout.rollback.objects}

    def kustomizations(self) -> dict[str, list[str]]:
        """Return what each kustomization lists, by its folder: files, then folders, in apply order."""
        listed: dict[str, list[str]] = {}
        for identity, folder in self.folders.items():
            listed.setdefault(folder, []).append(self.names[identity])
        for folder in tuple(listed):
            bundle, part = _parent(folder)
            if part:
                listed.setdefault(bundle, []).append(part)
        for index, stage in enumerate(self.rollout.stages):
            listed[self.rollout.folder(index)] = self._resources(stage)
        return listed

    def _resources(self, stage: Stage) -> list[str]:
        """Name the bundles alive in a stage, whole where all their parts are, then the stage's own files."""
        folders = set(self.folders.values())
        alive = dict.fromkeys(
            self.folders[item.identity] for item in stage.objects if item.identity in self.folders
        )
        folded: dict[str, None] = {}
        for folder in alive:
            bundle, _ = _parent(folder)
            parts = {other for other in folders if _parent(other)[0] == bundle}
            folded[f"../../{bundle if parts <= set(alive) else folder}"] = None
        own = [self.names[item.identity] for item in stage.objects if item.identity not in self.folders]
        return [*folded, *own]


def _expanded(folder: str, listed: Mapping[str, list[str]]) -> Iterator[str]:
    """Return the files of a kustomization, and of the folders that it names, one after the other."""
    for name in listed[folder]:
        path = name.removeprefix("../../") if name.startswith("../../") else f"{folder}/{name}"
        if path in listed:
            yield from _expanded(path, listed)
        else:
            yield path


def lay_out(rollout: Rollout) -> Layout:
    """Decide which objects are the same in every stage they take part in, and name all files."""
    first: dict[Identity, Manifest] = {}
    changing: set[Identity] = set()
    lives: dict[Identity, list[int]] = {}
    for index, stage in enumerate(rollout.stages):
        for item in stage.objects:
            known = first.setdefault(item.identity, item)
            lives.setdefault(item.identity, []).append(index)
            if known.data is not item.data and known.data != item.data:
                changing.add(item.identity)
    still = {identity: (_folder(item), lives[identity]) for identity, item in first.items()}
    folders = _shared_out({identity: one for identity, one in still.items() if identity not in changing})
    return Layout(rollout=rollout, names=file_names(first), folders=folders)


def _shared_out(still: Mapping[Identity, tuple[str, list[int]]]) -> dict[Identity, str]:
    """Return each object's folder.

    A stage names folders whole, so what lives for other stages has its own.
    """
    kinds: dict[str, set[tuple[int, ...]]] = {}
    for folder, life in still.values():
        kinds.setdefault(folder, set()).add(tuple(life))
    ranks = {
        (folder, life): rank
        for folder, lives in kinds.items()
        for rank, life in enumerate(sorted(lives, key=lambda life: (-len(life), life)), 1)
    }
    return {
        identity: folder if ranks[folder, tuple(life)] == 1 else f"{folder}-{ranks[folder, tuple(life)]}"
        for identity, (folder, life) in still.items()
    }


def file_names(identities: Iterable[Identity]) -> dict[Identity, str]:
    """Return each object a file name: its kind and name, or a hash where that is not plain or not unique."""
    ordered = sorted(identities)
    names = {identity: f"{identity.kind.lower()}-{identity.name}" for identity in ordered}
    counts: dict[str, int] = {}
    for name in names.values():
        counts[name] = counts.get(name, 0) + 1
    return {
        identity: f"{name if counts[name] == 1 and _PLAIN_NAME.fullmatch(name) else _hashed(identity)}.yaml"
        for identity, name in names.items()
    }


def _hashed(identity: Identity) -> str:
    plain = re.sub(r"[^-a-z0-9]+", "-", f"{identity.kind}-{identity.name}".lower())[:40].strip("-")
    return f"{plain}-{sha256(repr(identity).encode()).hexdigest()[:10]}"


def _folder(item: Manifest) -> str:
    bundle = f"bundles/{_BUNDLE_OF.get(item.bundle, item.bundle)}"
    return f"{bundle}/{item.part}" if item.part else bundle


def _parent(folder: str) -> tuple[str, str]:
    """Split a home into its bundle's folder and the part inside it, which may be empty."""
    _, name, *part = folder.split("/")
    return f"bundles/{name}", "/".join(part)
