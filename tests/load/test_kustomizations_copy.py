"""What is built from the copy of a kustomization is what kustomize builds from the folder itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from generator.load.kustomize import Build, build
from generator.load.kustomize.fields import KUSTOMIZATION
from generator.load.roots import roots_of
from generator.model.findings import value_of
from generator.model.source import Place, Ref, Source

pytestmark = pytest.mark.kustomize

TARGET = {"kind": "Deployment", "name": "a"}
METADATA = {"labels": {"l": "m"}, "annotations": {"n": "o"}}
FILES: dict[str, Any] = {
    "base/kustomization.yml": {"resources": ["sub dir/all.yaml"], "commonLabels": {"c": "d"}},
    "base/sub dir/all.yaml": {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "annotations": {"x": "$(NAME)"}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "a"}},
            "template": {
                "metadata": {"labels": {"app": "a"}},
                "spec": {"containers": [{"name": "c", "image": "i:1", "args": ["$(NAME)"]}]},
            },
        },
    },
    "component/Kustomization": {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "commonAnnotations": {"e": "f"},
    },
    "old/kustomization.yaml": {"resources": ["service.yaml"]},
    "old/service.yaml": {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s"},
        "spec": {"ports": [{"port": 1}]},
    },
    "crd.json": {},
    "names.yaml": {"namePrefix": [{"path": "metadata/name"}]},
    "patch.yaml": {"apiVersion": "apps/v1", **TARGET, "metadata": {"name": "a"}, "spec": {"paused": True}},
    "json.yaml": [{"op": "add", "path": "/spec/revisionHistoryLimit", "value": 3}],
    "replacement.yaml": {
        "source": {"kind": "Service", "name": "s", "fieldPath": "spec.ports.0.port"},
        "targets": [{"select": TARGET, "fieldPaths": ["spec.minReadySeconds"], "options": {"create": True}}],
    },
    "data.txt": "a: $b\n# c\n",
    "data.env": "A=1\n",
}
TOP: dict[str, Any] = {
    "apiVersion": "kustomize.config.k8s.io/v1beta1",
    "kind": "Kustomization",
    "metadata": {"name": "top", **METADATA},
    "resources": ["../base"],
    "bases": ["../old"],
    "components": ["../component"],
    "crds": ["crd.json"],
    "configurations": ["names.yaml"],
    "namePrefix": "p-",
    "nameSuffix": "-s",
    "namespace": "space",
    "commonAnnotations": {"g": "1"},
    "labels": [
        {
            "pairs": {"h": "yes"},
            "includeTemplates": True,
            "fields": [{"path": "metadata/labels", "create": True, "kind": "Service"}],
        }
    ],
    "patches": [
        {"patch": json.dumps([{"op": "add", "path": "/spec/x", "value": 1}]), "target": TARGET},
        {"path": "patch.yaml", "options": {"allowNameChange": True}},
    ],
    "patchesJson6902": [{"path": "json.yaml", "target": {"group": "apps", "version": "v1", **TARGET}}],
    "patchesStrategicMerge": [
        "patch.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {minReadySeconds: 2}\n",
    ],
    "images": [{"name": "i", "newName": "j", "newTag": "1.10"}],
    "replicas": [{"name": "a", "count": 7}],
    "replacements": [{"path": "replacement.yaml"}],
    "vars": [
        {
            "name": "NAME",
            "objref": {"apiVersion": "v1", "kind": "Service", "name": "s"},
            "fieldref": {"fieldPath": "metadata.name"},
        }
    ],
    "configMapGenerator": [
        {"name": "m", "files": ["data.txt", "k=data.txt"], "envs": ["data.env"], "literals": ["L=1"]},
        {"name": "n", "env": "data.env", "options": {**METADATA, "disableNameSuffixHash": True}},
    ],
    "secretGenerator": [{"name": "t", "type": "Opaque", "literals": ["S=1"]}],
    "generatorOptions": {**METADATA, "immutable": True},
    "sortOptions": {"order": "legacy", "legacySortOptions": {"orderFirst": ["Service"], "orderLast": []}},
    "buildMetadata": ["originAnnotations", "managedByLabel"],
}


def write(folder: Path, top: dict[str, Any]) -> Path:
    places = {path if "/" in path else f"overlay/{path}": content for path, content in FILES.items()} | {
        "overlay/kustomization.yaml": top
    }
    for path, content in places.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder / "overlay"


def same(folder: Path, root: Path) -> str:
    """Return what is built, which is the same from the copy and from the folder."""
    plan = Place(source=Source(name="plan.yaml", text=""), line=1, column=1)
    job = Build(folder=folder, ref=Ref(value="overlay", place=plan), roots=roots_of(root))
    built = value_of(build(job))
    direct = subprocess.run(
        ["kubectl", "kustomize", folder], capture_output=True, encoding="utf-8", check=False
    )
    assert direct.returncode == 0, direct.stderr
    assert built
    assert built.text == direct.stdout
    return built.text


def test_every_field_builds_the_same(tmp_path: Path) -> None:
    assert TOP.keys() | {"commonLabels", "openapi"} == KUSTOMIZATION.keys()
    assert "j:1.10" in same(write(tmp_path, TOP), tmp_path)


@pytest.mark.parametrize("field", sorted(TOP.keys() - {"resources", "bases", "vars", "replacements"}))
def test_a_field_alone_builds_the_same(field: str, tmp_path: Path) -> None:
    kind = {key: TOP[key] for key in ("apiVersion", "kind", "resources")}
    assert same(write(tmp_path, {**kind, field: TOP[field]}), tmp_path)


def test_a_schema_builds_the_same(tmp_path: Path) -> None:
    folder = write(tmp_path, {"resources": ["../base"], "openapi": {"path": "schema.json"}})
    (folder / "schema.json").write_text(json.dumps({"definitions": {}}))
    assert same(folder, tmp_path)


def test_a_field_without_a_value_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    assert same(write(tmp_path, {"resources": ["../base"], "bases": None, "images": None}), tmp_path)
