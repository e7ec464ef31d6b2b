"""Where manifests come from: folders, kustomizations, what Helm renders; and what is never read."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.model.findings import Rejected
from generator.pipeline import Compiled, compile_plan
from tests.conftest import Rollplan
from tests.stages.test_derive import named, router, server


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., Path]:
    """Write a rolling update of what one path holds; the files are JSON or text, by path."""

    def write(path: str, files: dict[str, Any], **spec: Any) -> Path:
        home = tmp_path / "plans"
        for name, content in files.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(content if isinstance(content, str) else json.dumps(content))
        strategy = {"type": "rolling-update", "workload": "llm-decode", "update": {"image": "vllm:v2"}}
        body = {
            "apiVersion": "rollplan.dev/v1alpha1",
            "kind": "RolloutPlan",
            "metadata": {"name": "sources", "namespace": "llm-d"},
            "spec": {
                "target": {"mode": "standalone"},
                "pool": "llm",
                "manifests": [path],
                "strategy": strategy,
                **spec,
            },
        }
        home.mkdir(exist_ok=True)
        (home / "plan.yaml").write_text(json.dumps(body, indent=1))
        return home / "plan.yaml"

    return write


def rejected(path: Path) -> list[tuple[str, str]]:
    with pytest.raises(Rejected) as error:
        compile_plan(path)
    return [(found.code.id, found.message) for found in error.value.findings]


def names(compiled: Compiled) -> set[str]:
    return {f"{item.kind}/{item.name}" for item in compiled.rollout.stages[0].objects}


def documents(*objects: dict[str, Any]) -> str:
    return "\n---\n".join(json.dumps(item) for item in objects)


ALL = documents(*router(), server())
EXPECTED = {"InferencePool/llm", "Service/llm-epp", "Deployment/llm-epp", "Deployment/llm-decode"}
BASE = {"base/all.yaml": ALL, "base/kustomization.yaml": {"resources": ["all.yaml"]}}


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
@pytest.mark.kustomize
def test_kustomization_is_built(name: str, plan: Callable[..., Path]) -> None:
    overlay = {"resources": ["../base"], "images": [{"name": "vllm", "newTag": "v9"}], "namePrefix": ""}
    path = plan("overlay", {**BASE, f"overlay/{name}": overlay})
    compiled = compile_plan(path)
    assert names(compiled) == EXPECTED
    [model] = [item for item in compiled.rollout.stages[0].objects if item.name == "llm-decode"]
    assert model.get("spec", "template", "spec", "containers", 0, "image") == "vllm:v9"


@pytest.mark.kustomize
def test_kustomization_with_everything_local(plan: Callable[..., Path]) -> None:
    overlay = {
        "resources": ["../base"],
        "components": ["../component"],
        "labels": [
            {
                "pairs": {"a": "b"},
                "fields": [{"path": "spec/template/metadata/labels", "create": True, "kind": "Deployment"}],
            }
        ],
        "patches": [
            {"path": "patch.yaml"},
            {
                "patch": '[{"op": "add", "path": "/spec/paused", "value": true}]',
                "target": {"kind": "Deployment"},
            },
        ],
        "configMapGenerator": [{"name": "c", "files": ["key=data.txt"], "envs": ["data.env"]}],
    }
    component: dict[str, Any] = {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "resources": [],
    }
    component["images"] = [{"name": "epp", "newTag": "v3"}]
    patch = {**named("Deployment", "llm-decode", "apps/v1"), "spec": {"replicas": 7}}
    files = {"overlay/patch.yaml": patch, "overlay/data.txt": "x", "overlay/data.env": "A=1\n"}
    path = plan(
        "overlay",
        {**BASE, **files, "overlay/kustomization.yaml": overlay, "component/kustomization.yaml": component},
    )
    compiled = compile_plan(path)
    assert {name.partition("/")[0] for name in names(compiled)} == {
        "ConfigMap",
        *(name.partition("/")[0] for name in EXPECTED),
    }
    [model] = [item for item in compiled.rollout.stages[0].objects if item.name == "llm-decode"]
    assert (model.get("spec", "replicas"), model.get("spec", "paused")) == (7, True)


@pytest.mark.kustomize
def test_a_kustomize_of_its_own_serves_as_well(
    plan: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.run(
        ["sh", "-c", "command -v kubectl"], capture_output=True, encoding="utf-8", check=True
    ).stdout.strip()
    tools = tmp_path / "bin"
    tools.mkdir()
    script(tools / "kustomize", f'test "$1" = build && exec {real} kustomize "$2"')
    monkeypatch.setenv("PATH", str(tools))
    assert names(compile_plan(plan("base", BASE))) == EXPECTED


def test_no_kustomize_is_a_finding(
    plan: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = plan("base", BASE)
    assert rejected(path) == [
        ("RP211", "`base` is a kustomization, and neither kubectl nor kustomize is installed")
    ]


@pytest.mark.parametrize(
    "broken",
    [
        {"resources": ["all.yaml"], "patches": [{"path": "patch.yaml"}]},
        {"resources": ["all.yaml", "missing.yaml"]},
        {"resources": ["all.yaml", "all.yaml"]},
        {"resources": ["all.yaml", "../other"]},
    ],
)
@pytest.mark.kustomize
def test_broken_kustomization(broken: dict[str, Any], plan: Callable[..., Path], tmp_path: Path) -> None:
    files = {
        **BASE,
        "base/kustomization.yaml": broken,
        "base/patch.yaml": named("Deployment", "nobody", "apps/v1"),
    }
    [(code, message)] = rejected(plan("base", files))
    assert code == "RP212"
    assert message.startswith("`base` does not build: ")
    assert "\n" not in message
    assert str(tmp_path) not in message
    assert [(code, message)] == rejected(tmp_path / "plans/plan.yaml")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nonsense", True),
        ("helmCharts", [{"name": "x"}]),
        ("helmGlobals", {"chartHome": "x"}),
        ("generators", ["https://example.com/x"]),
        ("transformers", ["https://example.com/x"]),
        ("transformers", ["plugin.yaml"]),
        ("validators", ["https://example.com/x"]),
    ],
)
def test_field_that_is_not_built(
    field: str, value: Any, plan: Callable[..., Path], started: Callable[[], str]
) -> None:
    files = {**BASE, "base/kustomization.yaml": {"resources": ["all.yaml"], field: value}}
    assert rejected(plan("base", files)) == [
        ("RP214", f"'{field}' of `base` is no field that rollplan builds")
    ]
    assert started() == ""


@pytest.mark.kustomize
def test_cycle(plan: Callable[..., Path]) -> None:
    files = {"a/kustomization.yaml": {"resources": ["../b"]}, "b/kustomization.yaml": {"resources": ["../a"]}}
    assert [code for code, _ in rejected(plan("a", files))] == ["RP212"]


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Put a kubectl, kustomize and git that write down their calls first on PATH."""
    tools = tmp_path / "recording"
    tools.mkdir()
    log = tmp_path / "calls"
    for name in ("kubectl", "kustomize", "git"):
        script(tools / name, f'echo {name} "$@" >> {log}; exit 1')
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return lambda: log.read_text() if log.exists() else ""


def test_the_recorder_records(plan: Callable[..., Path], started: Callable[[], str]) -> None:
    assert [code for code, _ in rejected(plan("base", BASE))] == ["RP212"]
    assert started().startswith("kubectl kustomize ")


REMOTE = [
    "https://example.com/org/repo",
    "http://example.com/all.yaml",
    "HTTPS://example.com/all.yaml",
    "https://github.com/org/repo//base?ref=v1",
    "github.com/org/repo",
    "GitHub.com/org/repo",
    "github.com/org/repo//base?ref=v1.0.0",
    "github.com:org/repo",
    "gh:org/repo",
    "git@github.com:org/repo",
    "git@github.com:org/repo.git//base",
    "someone@example.com:org/repo",
    "org-12345@github.com:org/repo",
    "git::https://example.com/repo",
    "git::git@example.com:repo",
    "ssh://git@example.com/repo",
    "git://example.com/repo",
    "file:///etc",
    "example.com/org/repo",
    "git.example.com:8443/org/repo",
    "example.com/org/repo?version=v1",
]


@pytest.mark.parametrize("address", REMOTE)
def test_remote_base_is_refused_before_anything_runs(
    address: str, plan: Callable[..., Path], started: Callable[[], str]
) -> None:
    files = {**BASE, "base/kustomization.yaml": {"resources": ["all.yaml", address]}}
    [(code, message)] = rejected(plan("base", files))
    assert (code, message[:27]) == ("RP213", "`base` has the remote base ")
    assert started() == ""


@pytest.mark.parametrize("address", ["github.com/org/repo", "https://example.com/org"])
def test_a_folder_that_is_called_like_an_address_is_one(
    address: str, plan: Callable[..., Path], started: Callable[[], str]
) -> None:
    """Kustomize asks whether a path is an address before it asks whether there is a folder."""
    files = {**BASE, "base/kustomization.yaml": {"resources": ["all.yaml", address]}}
    files[f"base/{address}/kustomization.yaml"] = {}
    assert [code for code, _ in rejected(plan("base", files))] == ["RP213"]
    assert started() == ""


@pytest.mark.parametrize(
    "field",
    [
        {"bases": ["https://example.com/x"]},
        {"components": ["https://example.com/x"]},
        {"crds": ["https://example.com/x"]},
        {"configurations": ["https://example.com/x"]},
        {"patches": [{"path": "https://example.com/x"}]},
        {"patchesStrategicMerge": ["https://example.com/x"]},
        {"patchesJson6902": [{"path": "https://example.com/x", "target": {"kind": "x"}}]},
        {"replacements": [{"path": "https://example.com/x"}]},
        {"openapi": {"path": "https://example.com/x"}},
        {"configMapGenerator": [{"name": "x", "files": ["https://example.com/x"]}]},
        {"configMapGenerator": [{"name": "x", "files": ["key=https://example.com/x"]}]},
        {"configMapGenerator": [{"name": "x", "envs": ["https://example.com/x"]}]},
        {"secretGenerator": [{"name": "x", "env": "https://example.com/x"}]},
    ],
)
@pytest.mark.parametrize("depth", [0, 1])
def test_remote_file_in_any_field(
    depth: int, field: dict[str, Any], plan: Callable[..., Path], started: Callable[[], str]
) -> None:
    files = {
        **BASE,
        "base/kustomization.yaml": {"resources": ["all.yaml"], **field},
    }
    files["overlay/kustomization.yaml"] = {"resources": ["../base"]}
    assert [code for code, _ in rejected(plan("overlay" if depth else "base", files))] == ["RP213"]
    assert started() == ""


@pytest.mark.parametrize(
    "outside",
    [
        {"resources": ["../../outside"]},
        {"resources": ["../../outside/all.yaml"]},
        {"resources": ["/etc"]},
        {"resources": ["link"]},
        {"resources": ["link.yaml"]},
        {"components": ["../../outside"]},
        {"patches": [{"path": "../../outside/all.yaml"}]},
        {"patches": [{"path": "/etc/hostname"}]},
        {"configMapGenerator": [{"name": "x", "files": ["../../outside/secret.txt"]}]},
    ],
)
def test_base_outside_is_refused_before_anything_runs(
    outside: dict[str, Any], plan: Callable[..., Path], tmp_path: Path, started: Callable[[], str]
) -> None:
    path = outside_files(plan, tmp_path, {"resources": ["all.yaml"], **outside})
    [(code, message)] = rejected(path)
    assert code == "RP202"
    assert "canary" not in message
    assert started() == ""


def outside_files(
    plan: Callable[..., Path], tmp_path: Path, kustomization: dict[str, Any], **spec: Any
) -> Path:
    outside = tmp_path / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "all.yaml").write_text(documents(named("ConfigMap", "canary")))
    (outside / "secret.txt").write_text("canary")
    (outside / "kustomization.yaml").write_text(json.dumps({"resources": ["all.yaml"]}))
    path = plan("base", {**BASE, "base/kustomization.yaml": kustomization}, **spec)
    (path.parent / "base/link").symlink_to(outside)
    (path.parent / "base/link.yaml").symlink_to(outside / "all.yaml")
    return path


@pytest.mark.kustomize
def test_roots_allow_a_base_outside(plan: Callable[..., Path], tmp_path: Path) -> None:
    path = outside_files(plan, tmp_path, {"resources": ["all.yaml", "../../outside"]}, roots=["../outside"])
    assert names(compile_plan(path)) == {*EXPECTED, "ConfigMap/canary"}


def test_a_kustomization_that_is_a_link_to_outside(
    plan: Callable[..., Path], tmp_path: Path, started: Callable[[], str]
) -> None:
    path = outside_files(plan, tmp_path, {})
    (path.parent / "base/kustomization.yaml").unlink()
    (path.parent / "base/kustomization.yaml").symlink_to(tmp_path / "outside/kustomization.yaml")
    assert [code for code, _ in rejected(path)] == ["RP202"]
    assert started() == ""


@pytest.mark.parametrize("path", ["../outside", "../outside/all.yaml", "base/link", "base/link.yaml"])
def test_path_outside(path: str, plan: Callable[..., Path], tmp_path: Path) -> None:
    outside_files(plan, tmp_path, {"resources": ["all.yaml"]})
    found = rejected(plan(path, BASE))
    assert [code for code, _ in found] == ["RP202"]
    assert "canary" not in found[0][1]


@pytest.mark.parametrize("link", ["link.yaml", "link"])
def test_folder_with_a_link_to_outside(link: str, plan: Callable[..., Path], tmp_path: Path) -> None:
    outside_files(plan, tmp_path, {"resources": ["all.yaml"]})
    path = plan("plain", {"plain/all.yaml": ALL})
    (path.parent / "plain" / link).symlink_to(tmp_path / "plans/base" / link)
    assert {code for code, _ in rejected(path)} == {"RP202"}


def test_folder_with_links_inside(plan: Callable[..., Path]) -> None:
    path = plan(
        "links", {"real/deep/all.yaml": ALL, "links/readme.txt": "no manifest", "links/.hidden.yaml": "{}"}
    )
    (path.parent / "links/deep").symlink_to("../real/deep")
    (path.parent / "links/again").symlink_to("../links")
    assert names(compile_plan(path)) == EXPECTED


def test_helm_output(plan: Callable[..., Path]) -> None:
    """What `helm template` prints: a comment before each object, empty documents, hooks, lists, CRDs."""
    hook = named("Job", "migrate", "batch/v1")
    hook["metadata"]["annotations"] = {"helm.sh/hook": "pre-install,post-delete"}
    crd = named("CustomResourceDefinition", "things.example.com", "apiextensions.k8s.io/v1")
    several = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [named("ConfigMap", "a"), named("ConfigMap", "b")],
    }
    objects = [*router(), server(), hook, crd, several]
    text = "".join(
        f"---\n# Source: llm-d/templates/{index}.yaml\n{json.dumps(item)}\n"
        for index, item in enumerate(objects)
    )
    text += "---\n# Source: llm-d/templates/empty.yaml\n---\n\n---\nnull\n"
    compiled = compile_plan(plan("all.yaml", {"all.yaml": text}))
    assert names(compiled) == {
        *EXPECTED,
        "CustomResourceDefinition/things.example.com",
        "ConfigMap/a",
        "ConfigMap/b",
    }
    [warning] = compiled.warnings
    assert (warning.code.id, warning.message) == (
        "RP210",
        "this Job is a Helm hook ('pre-install,post-delete') and is left out",
    )
    line = text.splitlines()[warning.place.line - 1]
    assert line[warning.place.column - 1 :].startswith('"pre-install')


def test_a_hook_in_a_list_is_left_out(plan: Callable[..., Path]) -> None:
    hook = named("Job", "migrate", "batch/v1")
    hook["metadata"]["annotations"] = {"helm.sh/hook": "test"}
    several = {"apiVersion": "v1", "kind": "List", "items": [*router(), server(), hook]}
    compiled = compile_plan(plan("all.yaml", {"all.yaml": several}))
    assert names(compiled) == EXPECTED
    assert [found.code.id for found in compiled.warnings] == ["RP210"]


@pytest.mark.kustomize
def test_a_kustomization_renders_to_the_same_stages_as_its_output(
    plan: Callable[..., Path], rollplan: Rollplan, tmp_path: Path
) -> None:
    path = plan("overlay", {**BASE, "overlay/kustomization.yaml": {"resources": ["../base"]}})
    assert rollplan("render", path, "--out", tmp_path / "one").returncode == 0
    assert rollplan("render", plan("base/all.yaml", BASE), "--out", tmp_path / "two").returncode == 0
    # kustomize sorts the fields of what it builds: the same objects, with their fields in another order
    trees = [
        {
            file.relative_to(tmp_path / name): list(yaml.safe_load_all(file.read_text()))
            for file in (tmp_path / name).rglob("*.yaml")
        }
        for name in ("one", "two")
    ]
    assert len(trees[0]) > 9
    assert trees[0] == trees[1]
