"""Rendered trees as tests read them: with PyYAML, and without a line of the program under test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.paths import ROOT

Object = dict[str, Any]
Name = tuple[str, str, str, str]

CLUSTER_SCOPED = {"ClusterRole", "ClusterRoleBinding", "GatewayClass", "Namespace", "StorageClass"}
EXAMPLES = sorted(path.name for path in (ROOT / "plans").iterdir() if path.is_dir())


def texts(folder: Path) -> dict[str, str]:
    """Every file below a folder by its relative path, to the byte."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in files}


def objects(*files: Path) -> list[Object]:
    """The objects of some files, in order."""
    return [item for file in files for item in yaml.safe_load_all(file.read_text(encoding="utf-8"))]


def name(item: Mapping[str, Any]) -> Name:
    """What a cluster knows an object by: group, kind, namespace, name."""
    group = item["apiVersion"].rpartition("/")[0]
    return (group, item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])


def by_name(items: Iterable[Object]) -> dict[Name, Object]:
    """Objects by identity; none may come twice."""
    found: dict[Name, Object] = {}
    for item in items:
        assert name(item) not in found, f"{name(item)} comes twice"
        found[name(item)] = item
    return found


def listed(folder: Path) -> list[Path]:
    """The files that a kustomization lists, its folders' in their place, in order."""
    (kustomization,) = objects(folder / "kustomization.yaml")
    entries = [folder / entry for entry in kustomization["resources"]]
    return [file for entry in entries for file in (listed(entry) if entry.is_dir() else [entry])]


def stages(tree: Path) -> list[Path]:
    """The stage folders of a rendered plan, in order."""
    return sorted((tree / "stages").iterdir())
