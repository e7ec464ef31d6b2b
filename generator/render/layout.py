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
    """`homes` has the bundle folder of each object that never changes; `names` every file's name."""

    rollout: Rollout
    names: Mapping[Identity, str]
    homes: Mapping[Identity, str]

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
            f"{self.homes.get(item.identity, own)}/{self.names[item.identity]}": item
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
        for identity, home in self.homes.items():
            listed.setdefault(home, []).append(self.names[identity])
        for home in tuple(listed):
            bundle, part = _parent(home)
            if part:
                listed.setdefault(bundle, []).append(part)
        for index, stage in enumerate(self.rollout.stages):
            listed[self.rollout.folder(index)] = self._resources(stage)
        return listed

    def _resources(self, stage: Stage) -> list[str]:
        """Name the bundles alive in a stage, whole where all their parts are, then the stage's own files."""
        homes = set(self.homes.values())
        alive = dict.fromkeys(
            self.homes[item.identity] for item in stage.objects if item.identity in self.homes
        )
        folded: dict[str, None] = {}
        for home in alive:
            bundle, _ = _parent(home)
            parts = {other for other in homes if _parent(other)[0] == bundle}
            folded[f"../../{bundle if parts <= set(alive) else home}"] = None
        own = [self.names[item.identity] for item in stage.objects if item.identity not in self.homes]
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
    still = {identity: (_home(item), lives[identity]) for identity, item in first.items()}
    homes = _shared_out({identity: one for identity, one in still.items() if identity not in changing})
    return Layout(rollout=rollout, names=file_names(first), homes=homes)


def _shared_out(still: Mapping[Identity, tuple[str, list[int]]]) -> dict[Identity, str]:
    """Return each object's folder.

    A stage names folders whole, so what lives for other stages has its own.
    """
    kinds: dict[str, set[tuple[int, ...]]] = {}
    for home, life in still.values():
        kinds.setdefault(home, set()).add(tuple(life))
    ranks = {
        (home, life): rank
        for home, lives in kinds.items()
        for rank, life in enumerate(sorted(lives, key=lambda life: (-len(life), life)), 1)
    }
    return {
        identity: home if ranks[home, tuple(life)] == 1 else f"{home}-{ranks[home, tuple(life)]}"
        for identity, (home, life) in still.items()
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


def _home(item: Manifest) -> str:
    bundle = f"bundles/{_BUNDLE_OF.get(item.bundle, item.bundle)}"
    return f"{bundle}/{item.part}" if item.part else bundle


def _parent(home: str) -> tuple[str, str]:
    """Split a home into its bundle's folder and the part inside it, which may be empty."""
    _, name, *part = home.split("/")
    return f"bundles/{name}", "/".join(part)
