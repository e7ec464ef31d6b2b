"""Read the stages from a tree of files, every object by the guarded loader.

The files are given as text by path, wherever they were read; nothing outside them is looked at.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from generator.gitops.compare.model import Series, Snapshot
from generator.load.reader import load_manifests
from generator.model.findings import Fault
from generator.model.manifests import Manifest, Origin, dig, identity_of
from generator.model.source import Document, Source, quoted
from generator.pipeline import Collector

KUSTOMIZATION = "kustomization.yaml"
_KNOWN = frozenset({"apiVersion", "kind", "resources", "sortOptions"})
"""What a kustomization of ours says; one that says more would have to be built."""

_DEPTH = 8
_GATE = ("soak", "metrics")


def read_tree(name: str, files: Mapping[str, str]) -> Series:
    """Return the stages of a rendered plan, and its rollback as one more.

    Raises `Rejected` for a file that is no YAML, `Fault` for a tree that rollplan does not render.
    """
    tree = _Tree(name, files)
    folders = sorted({path.split("/")[1] for path in files if path.startswith("stages/") and "/" in path[7:]})
    stages = [tree.snapshot(f"stages/{folder}", folder) for folder in folders]
    if any(path.startswith("rollback/") for path in files):
        stages.append(tree.snapshot("rollback", "rollback"))
    return Series(name=_plan_name(files) or posixpath.basename(name), stages=tuple(stages))


def read_stage(name: str, files: Mapping[str, str], folder: str) -> Series:
    """Return one folder of a tree as a series of one: a stage, `live`, or any folder of manifests."""
    snapshot = _Tree(name, files).snapshot(folder, posixpath.basename(folder) or posixpath.basename(name))
    return Series(name=_plan_name(files) or snapshot.name, stages=(snapshot,), single=True)


def read_file(name: str, text: str) -> Series:
    """Return the objects of one manifest file as a stage."""
    tree = _Tree("", {name: text})
    snapshot = Snapshot(name=name, objects={item.identity: item for item in tree.objects(name)})
    return Series(name=name, stages=(snapshot,), single=True)


class _Tree:
    """The files of one tree; each is loaded once, however many stages list it."""

    def __init__(self, name: str, files: Mapping[str, str]) -> None:
        self._name = name
        self._files = files
        self._loaded: dict[str, tuple[Manifest, ...]] = {}
        self._gates = _gates(files)

    def snapshot(self, folder: str, name: str) -> Snapshot:
        """Read one stage: what its kustomization lists, or every file where it has none."""
        listed = [item for path in self._listed(folder, 0) for item in self.objects(path)]
        deleted = sorted(path for path in self._below(folder) if _in_delete(path, folder))
        return Snapshot(
            name=name,
            objects={item.identity: item for item in listed},
            deletions=tuple(item.identity for path in deleted for item in self.objects(path)),
            gate=self._gates.get(name, {}),
        )

    def objects(self, path: str) -> tuple[Manifest, ...]:
        """Return the objects of one file."""
        if path not in self._loaded:
            documents = self._documents(path)
            self._loaded[path] = tuple(
                item
                for document in documents
                for item in _manifests(document.data, Origin(document=document))
            )
        return self._loaded[path]

    def _below(self, folder: str) -> Iterator[str]:
        return (path for path in self._files if not folder or path.startswith(f"{folder}/"))

    def _listed(self, folder: str, depth: int) -> Iterator[str]:
        file = posixpath.join(folder, KUSTOMIZATION)
        if depth > _DEPTH:
            raise Fault(f"the kustomizations around {quoted(self._shown(folder))} lead in a circle")
        if file not in self._files:
            yield from sorted(path for path in self._below(folder) if _is_manifest(path, folder))
            return
        for entry in self._resources(file):
            path = posixpath.normpath(posixpath.join(folder, entry))
            if path in self._files:
                yield path
            elif any(self._below(path)) and path != "." and not path.startswith(".."):
                yield from self._listed(path, depth + 1)
            else:
                raise Fault(f"{quoted(self._shown(file))} lists {quoted(entry)}, which is not in the tree")

    def _resources(self, file: str) -> list[str]:
        documents = self._documents(file)
        data = documents[0].data if len(documents) == 1 else None
        entries = data.get("resources", []) if isinstance(data, dict) else None
        if not isinstance(data, dict) or data.keys() - _KNOWN or not isinstance(entries, list):
            shown = quoted(self._shown(file))
            raise Fault(f"{shown} is no kustomization that rollplan renders; build it, and compare that")
        return [str(entry) for entry in entries]

    def _documents(self, path: str) -> tuple[Document, ...]:
        found = Collector()
        documents = found.collect(load_manifests(Source(name=self._shown(path), text=self._files[path])))
        found.stop_if_errors()
        return documents

    def _shown(self, path: str) -> str:
        return posixpath.join(self._name, path)


def _manifests(data: Any, origin: Origin) -> Iterator[Manifest]:
    """Return the objects of a document, those of a List one by one; what is no object is left out."""
    if isinstance(data, dict) and str(data.get("kind", "")).endswith("List"):
        items = data.get("items")
        for item in items if isinstance(items, list) else ():
            yield from _manifests(item, origin)
    elif isinstance(data, dict) and data.get("kind") and dig(data, "metadata", "name"):
        identity = identity_of({"apiVersion": "", **data})
        yield Manifest(identity=identity, data=data, bundle="", origin=origin)


def _is_manifest(path: str, folder: str) -> bool:
    return path.endswith((".yaml", ".yml", ".json")) and not _in_delete(path, folder)


def _in_delete(path: str, folder: str) -> bool:
    return path.startswith(posixpath.join(folder, "delete/"))


def _rollout(files: Mapping[str, str]) -> Any:
    try:
        return json.loads(files.get("rollout.json", "{}"))
    except (ValueError, RecursionError):
        return {}


def _plan_name(files: Mapping[str, str]) -> str:
    name = dig(_rollout(files), "plan", "name")
    return name if isinstance(name, str) else ""


def _gates(files: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return what people set of each stage's gate, by stage: its soak and its metrics by name."""
    found: dict[str, dict[str, Any]] = {}
    stages = dig(_rollout(files), "stages", default=[])
    for stage in stages if isinstance(stages, list) else ():
        gate = dig(stage, "gate", default={})
        if isinstance(gate, dict):
            found[str(dig(stage, "name"))] = {key: gate[key] for key in _GATE if gate.get(key)}
    return found
