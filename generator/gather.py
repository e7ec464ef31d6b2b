"""Read the manifests that a plan names into bundles: each object once, with the place it came from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any

from generator.canonical import canonical
from generator.codes import CODES
from generator.diagnostics import Findings, Related
from generator.discretion import load_discreetly
from generator.load import read_source
from generator.manifests import Identity, Manifest, Origin, identity_of
from generator.model import Bundles, Plan, Ref
from generator.source import Document, Path

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})

APPLY_ORDER = (
    ("Namespace", "CustomResourceDefinition", "PriorityClass", "StorageClass"),
    ("ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
    ("ConfigMap", "Secret", "PersistentVolumeClaim", "ResourceClaimTemplate", "Service"),
    ("InferencePool", "InferenceObjective", "InferenceModelRewrite"),
    ("DestinationRule", "HealthCheckPolicy", "GCPBackendPolicy"),
    ("Deployment", "StatefulSet", "DaemonSet", "LeaderWorkerSet", "DisaggregatedSet", "Job"),
)
"""Kinds in the order in which they must exist (contract I4); kinds not named here come last."""

_RANK = {kind: rank for rank, kinds in enumerate(APPLY_ORDER) for kind in kinds}


def gather(plan: Plan, folder: FilePath, found: Findings) -> Bundles:
    """Give the manifests of every bundle of the plan, in canonical form and apply order.

    `folder` is the plan's own, as the user wrote it; nothing outside it is read. What is wrong is
    added to `found`; `Fault` is raised for a file that cannot be read.
    """
    bundles: Bundles = {}
    seen: dict[Identity, Manifest] = {}
    for sources in plan.sources:
        manifests = [
            manifest
            for path in sources.paths
            for document in _documents(path, folder, found)
            for manifest in _objects(document, sources.bundle, plan, found)
            if _is_new(manifest, seen, found)
        ]
        bundles[sources.bundle] = tuple(sorted(manifests, key=_apply_order))
    return bundles


def _apply_order(manifest: Manifest) -> tuple[int, Identity]:
    return (_RANK.get(manifest.kind, len(APPLY_ORDER)), manifest.identity)


def _documents(path: Ref, folder: FilePath, found: Findings) -> Iterator[Document]:
    root = os.path.realpath(folder)
    start = folder / path.value
    if not _is_inside(start, root):
        found.add(
            CODES["RP202"],
            f"`{path}` leads outside the folder of the plan",
            path.place,
            "copy what the rollout needs into the plan's folder",
        )
        return
    if not start.exists():
        found.add(
            CODES["RP201"], f"there is no `{path}` beside the plan", path.place, _nearest(start, folder)
        )
        return
    files = sorted(_files(start, root, set())) if start.is_dir() else [start]
    if not files:
        found.add(
            CODES["RP206"], f"`{path}` holds no YAML or JSON file", path.place, "add the manifests to it"
        )
    for file in files:
        if not _is_inside(file, root):
            found.add(
                CODES["RP202"],
                f"`{file.relative_to(folder).as_posix()}` is a link to outside the plan's folder",
                path.place,
                "replace the link by the file itself",
            )
            continue
        source = read_source(file, file.as_posix(), found)
        documents = load_discreetly(source, found) if source else ()
        if source and not documents and file == start:
            found.add(CODES["RP206"], f"`{path}` holds no object", path.place, "add the manifests to it")
        yield from documents


def _files(folder: FilePath, root: str, seen: set[str]) -> Iterator[FilePath]:
    """Give the files of a folder, links followed; a folder once, and a link to outside as it is."""
    seen.add(os.path.realpath(folder))
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and _is_inside(entry, root):
            if os.path.realpath(entry) not in seen:
                yield from _files(entry, root, seen)
        elif entry.suffix in _SUFFIXES or entry.is_dir():
            yield entry


def _is_inside(path: FilePath, root: str) -> bool:
    return os.path.commonpath([os.path.realpath(path), root]) == root


def _nearest(path: FilePath, folder: FilePath) -> str:
    names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    close = get_close_matches(path.name, names, n=1, cutoff=0.75)
    if not close:
        return "paths are relative to the plan's file"
    return f"did you mean `{(path.parent / close[0]).relative_to(folder).as_posix()}`?"


def _objects(
    document: Document, bundle: str, plan: Plan, found: Findings, path: Path = ()
) -> Iterator[Manifest]:
    data = document.data
    for step in path:
        data = data[step]
    origin = Origin(document=document, path=path)
    if not _is_text(data, "apiVersion") or not _is_text(data, "kind"):
        lacks = " and ".join(f"`{name}`" for name in ("apiVersion", "kind") if not _is_text(data, name))
        message = f"this is no Kubernetes object: it has no {lacks}"
        found.add(CODES["RP203"], message, origin.at(), "name only manifests under `manifests` and `routes`")
    elif data["apiVersion"].startswith("rollplan.dev/"):
        message = f"this {data['kind']} is no object of the cluster"
        hint = "keep manifests in a folder of their own, beside the plan"
        found.add(CODES["RP203"], message, origin.at("kind"), hint)
    elif str(data["kind"]).endswith("List") and isinstance(data.get("items"), list):
        for index in range(len(data["items"])):
            yield from _objects(document, bundle, plan, found, (*path, "items", index))
    elif _has_name(data, origin, found) and _is_public(data, origin, found):
        body = canonical(data, plan.namespace, plan.target.apis)
        yield Manifest(identity=identity_of(body), data=body, bundle=bundle, origin=origin)


def _is_text(data: Any, key: str) -> bool:
    return isinstance(data, dict) and isinstance(data.get(key), str) and bool(data[key])


def _has_name(data: dict[str, Any], origin: Origin, found: Findings) -> bool:
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if isinstance(name, str) and name:
        return True
    message, hint = "has no", "name it: a generated name would make another object at every apply"
    if name is not None:
        message, hint = "has no text as its", "put the name in double quotes"
    found.add(
        CODES["RP209"], f"this {data['kind']} {message} `metadata.name`", origin.at("metadata", "name"), hint
    )
    return False


def _is_public(data: dict[str, Any], origin: Origin, found: Findings) -> bool:
    fields = [name for name in ("data", "stringData") if data.get(name)]
    if data["kind"] != "Secret" or data["apiVersion"] != "v1" or not fields:
        return True
    found.add(
        CODES["RP207"],
        f"Secret `{data['metadata']['name']}` holds its values in plain text",
        origin.at_key(fields[0]),
        "leave it out (it is created apart from the rollout), or use a SealedSecret or an ExternalSecret",
    )
    return False


def _is_new(manifest: Manifest, seen: dict[Identity, Manifest], found: Findings) -> bool:
    first = seen.setdefault(manifest.identity, manifest)
    if first is manifest:
        return True
    same = first.bundle == manifest.bundle
    found.add(
        CODES["RP204" if same else "RP205"],
        f"`{manifest.identity}` is defined twice"
        if same
        else f"`{manifest.identity}` is in {first.bundle} and in {manifest.bundle}",
        manifest.origin.at("metadata", "name"),
        "keep one of them"
        if same
        else "give each version an object of its own, or move the one object to `shared`",
        Related(place=first.origin.at("metadata", "name"), label="the first one"),
    )
    return False
