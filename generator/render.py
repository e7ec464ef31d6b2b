"""Stages → tree of files: what is the same in every stage once, what differs in each stage's folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import Any

from generator.emit import emit
from generator.manifests import Identity, Manifest
from generator.model import Deletion, Rollout, Stage
from generator.rollout_json import rollout_json
from generator.runbook import runbook
from generator.templating import render_yaml

_NAME = re.compile(r"[a-z0-9][-.a-z0-9]{0,57}")
_BUNDLE_OF = {"routes": "shared"}
"""Routes belong to neither version (contract I3): they are gathered apart and rendered as shared."""

_GIT_ATTRIBUTES = """\
* text eol=lf
README.md linguist-generated
*.json linguist-generated
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """The files of one rollout by path, and the object that each manifest file holds."""

    files: Mapping[str, str]
    identities: Mapping[str, str]


def render(rollout: Rollout) -> Rendered:
    """Give every file of a rollout but its inventory.

    An object is emitted once for each form it takes, however many stages it takes part in.
    """
    house = _Folders(rollout)
    files = dict(house.bundles())
    for index, stage in enumerate(rollout.stages):
        folder = f"stages/{rollout.directory(index)}"
        files |= house.stage(folder, stage)
        files |= dict(_deletions(f"{folder}/delete", stage.deletions))
    files |= {f"rollback/{house.names[item.identity]}": house.text(item) for item in rollout.rollback.objects}
    files |= dict(_deletions("rollback/delete", rollout.rollback.removals))
    identities = {path: identity for path, identity in house.identities.items() if path in files}
    files |= {
        "README.md": runbook(rollout),
        "rollout.json": rollout_json(rollout),
        ".gitattributes": _GIT_ATTRIBUTES,
    }
    return Rendered(files=files, identities=identities)


class _Folders:
    """Decides for every object of a rollout which folder holds it, and writes it there."""

    def __init__(self, rollout: Rollout) -> None:
        self._texts: dict[int, str] = {}
        objects = [item for stage in rollout.stages for item in stage.objects]
        forms: dict[Identity, dict[str, Manifest]] = {}
        for item in objects:
            forms.setdefault(item.identity, {}).setdefault(self.text(item), item)
        self.names = file_names(forms)
        self._static = {
            identity: _home(item)
            for identity, texts in forms.items()
            if len(texts) == 1
            for item in texts.values()
        }
        self._objects = [next(iter(texts.values())) for texts in forms.values()]
        self.identities: dict[str, str] = {}

    def text(self, item: Manifest) -> str:
        """Emit an object, once for every value that its data is."""
        key = id(item.data)
        if key not in self._texts:
            self._texts[key] = emit(dict(item.data))
        return self._texts[key]

    def bundles(self) -> Iterator[tuple[str, str]]:
        """Give the objects that never change, and the kustomizations that list them."""
        folders: dict[str, list[str]] = {}
        for item in self._objects:
            home = self._static.get(item.identity)
            if home is not None:
                folders.setdefault(home, []).append(self.names[item.identity])
                yield self._file(home, item)
        for bundle, homes in groupby(sorted(folders), key=lambda home: home.split("/")[1]):
            parts = [home.split("/")[2] for home in homes if home.count("/") > 1]
            if parts:
                yield (
                    f"bundles/{bundle}/kustomization.yaml",
                    _kustomization([*folders.get(f"bundles/{bundle}", ()), *parts]),
                )
        for home, names in folders.items():
            if home.count("/") > 1 or not any(other.startswith(f"{home}/") for other in folders):
                yield f"{home}/kustomization.yaml", _kustomization(names)

    def stage(self, folder: str, stage: Stage) -> dict[str, str]:
        """Give a stage's own objects, and the kustomization that adds the bundles alive in it."""
        alive = {self._static[item.identity] for item in stage.objects if item.identity in self._static}
        own = [item for item in stage.objects if item.identity not in self._static]
        resources = [f"../../{home}" for home in self._fold(alive)]
        resources += [self.names[item.identity] for item in own]
        files = dict(self._file(folder, item) for item in own)
        files[f"{folder}/kustomization.yaml"] = _kustomization(resources, sort=True)
        return files

    def _fold(self, alive: set[str]) -> list[str]:
        """Name a bundle, rather than its parts, where all its parts are alive."""
        homes = dict.fromkeys(home for home in self._static.values())
        folded: dict[str, None] = {}
        for home in homes:
            bundle = "/".join(home.split("/")[:2])
            whole = all(other in alive for other in homes if other.split("/")[1] == home.split("/")[1])
            if home in alive:
                folded[bundle if whole else home] = None
        return list(folded)

    def _file(self, folder: str, item: Manifest) -> tuple[str, str]:
        path = f"{folder}/{self.names[item.identity]}"
        self.identities[path] = str(item.identity)
        return path, self.text(item)


def _home(item: Manifest) -> str:
    bundle = f"bundles/{_BUNDLE_OF.get(item.bundle, item.bundle)}"
    return f"{bundle}/{item.part}" if item.part else bundle


def _kustomization(resources: Iterable[str], *, sort: bool = False) -> str:
    return render_yaml("kustomization.yaml.j2", resources=list(resources), sorted=sort)


def _deletions(folder: str, deletions: tuple[Deletion, ...]) -> Iterator[tuple[str, str]]:
    for number, deletion in enumerate(deletions, 1):
        documents = [emit(_only_identity(item)) for item in deletion.objects]
        yield f"{folder}/{deletion.file_name(number)}", "---\n".join(documents)


def _only_identity(item: Manifest) -> dict[str, Any]:
    metadata = {"name": item.name} | (
        {"namespace": item.identity.namespace} if item.identity.namespace else {}
    )
    return {"apiVersion": item.data["apiVersion"], "kind": item.kind, "metadata": metadata}


def file_names(identities: Iterable[Identity]) -> dict[Identity, str]:
    """Give each object a file name: kind and name; more where two would be called the same."""
    ordered = sorted(identities)
    names = {identity: f"{identity.kind.lower()}-{identity.name}" for identity in ordered}
    counts: dict[str, int] = {}
    for name in names.values():
        counts[name] = counts.get(name, 0) + 1
    return {
        identity: f"{name if counts[name] == 1 and _NAME.fullmatch(name) else _hashed(identity)}.yaml"
        for identity, name in names.items()
    }


def _hashed(identity: Identity) -> str:
    plain = re.sub(r"[^-a-z0-9]+", "-", f"{identity.kind}-{identity.name}".lower())[:40].strip("-")
    return f"{plain}-{sha256(repr(identity).encode()).hexdigest()[:10]}"
