"""Kustomizations of strangers: no git, no address, nothing from outside, however they are written."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from generator.load.kustomize import workspace
from generator.model.findings import Rejected
from generator.pipeline import compile_plan
from tests.conftest import Rollplan
from tests.support.cases import base

pytestmark = pytest.mark.kustomize

COMMAND = "file:///proc/self/cwd//.?ref=--upload-pack=touch ran||git-upload-pack"
"""kustomize makes `git fetch --depth=1 URL REF` of it, where the ref is an option that runs a program."""


class Seen:
    """What a fake git on PATH and a server on this machine were asked for."""

    def __init__(self, log: Path, address: str, requests: list[str]) -> None:
        self.log = log
        self.address = address
        self.requests = requests

    def __bool__(self) -> bool:
        """Return whether git ran, or anybody came to the server."""
        return self.log.exists() or bool(self.requests)


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """Put a git on PATH that records its calls, and start a server that does too."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/git.log\nexit 1\n')
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fetched}\n")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield Seen(tmp_path / "git.log", f"http://127.0.0.1:{server.server_port}", requests)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def plan(tmp_path: Path) -> Callable[[str | dict[str, Any]], Path]:
    """Write a plan whose green is the kustomization green/, given as text or as data."""
    folder = tmp_path / "plan"
    base("small-blue-green").write(folder)
    (folder / "green").mkdir()
    (folder / "green.yaml").rename(folder / "green" / "green.yaml")
    text = (folder / "plan.yaml").read_text()
    (folder / "plan.yaml").write_text(text.replace("[green.yaml]", "[green/]"))

    def write(kustomization: str | dict[str, Any]) -> Path:
        text = kustomization if isinstance(kustomization, str) else json.dumps(kustomization)
        (folder / "green/kustomization.yaml").write_text(text)
        return folder / "plan.yaml"

    return write


def refused(plan: Path, seen: Seen) -> set[str]:
    """Return the codes of a plan that is refused without git and without the network."""
    with pytest.raises(Rejected) as error:
        compile_plan(plan)
    assert not seen
    assert not [*plan.parent.parent.rglob("ran")]
    return {found.code.id for found in error.value.findings}


GREEN = "resources: [green.yaml]\n"
TEXTS = {
    "key in capitals": ("RP214", f'{GREEN}RESOURCES: ["COMMAND"]\n'),
    "bases with a capital": ("RP214", f'{GREEN}Bases: ["COMMAND"]\n'),
    "components with a capital": ("RP214", f'{GREEN}Components: ["COMMAND"]\n'),
    "tag": ("RP005", f'{GREEN}bases: ["COMMAND"]\nnamePrefix: !unknown ""\n'),
    "bidi in a comment": ("RP009", f'# \u202e\n{GREEN}bases: ["COMMAND"]\n'),
    "key twice": ("RP003", f'{GREEN}bases: []\nbases: ["COMMAND"]\n'),
    "line break at the end": ("RP213", f'{GREEN}bases: ["COMMAND\\n"]\n'),
    "line break at the start": ("RP213", f'{GREEN}bases: ["\\nCOMMAND"]\n'),
    "block": ("RP213", f"{GREEN}bases:\n- |\n  COMMAND\n"),
    "folded": ("RP213", "resources:\n- green.yaml\n- >\n  COMMAND\n"),
    "alias": ("RP213", 'bases: &x ["COMMAND"]\nresources: *x\n'),
    "merge": ("RP012", '<<: {Resources: ["COMMAND"]}\n' + GREEN),
    "second document": ("RP212", f'{GREEN}---\nbases: ["COMMAND"]\n'),
    "escape in a key": ("RP213", f'{GREEN}"b\\u0061ses": ["COMMAND"]\n'),
    "long s in a key": ("RP214", f'{GREEN}re\u017fources: ["COMMAND"]\n'),
    "a text for a list": ("RP214", 'resources: "COMMAND"\n'),
}


@pytest.mark.parametrize(("code", "text"), TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_no_way_to_write_a_remote_base_runs_git(
    depth: int,
    code: str,
    text: str,
    plan: Callable[[str | dict[str, Any]], Path],
    seen: Seen,
) -> None:
    path = plan(text.replace("COMMAND", COMMAND))
    folder = path.parent / "green"
    for _ in range(depth):
        nested = folder.rename(path.parent / "nested")
        folder.mkdir()
        nested.rename(folder / "nested")
        (folder / "kustomization.yaml").write_text("resources: [nested]\n")
    codes = refused(path, seen)
    assert code in codes


def inline(kind: str, **fields: Any) -> str:
    return json.dumps({"apiVersion": "builtin", "kind": kind, "metadata": {"name": "x"}, **fields})


FETCHES: dict[str, dict[str, Any]] = {
    "files": {"configMapGenerator": [{"name": "x", "Files": ["a=URL"]}]},
    "envs": {"configMapGenerator": [{"name": "x", "ENVS": ["URL"]}]},
    "secret": {"secretGenerator": [{"name": "x", "Files": ["a=URL"]}]},
    "files with a break": {"configMapGenerator": [{"name": "x", "files": ["a=URL\n"]}]},
    "patches": {"patches": [{"Path": "URL"}]},
    "patch inline": {"patchesStrategicMerge": ["URL\n"]},
    "json patch": {"patchesJson6902": [{"PATH": "URL", "target": {"kind": "Deployment"}}]},
    "replacements": {"replacements": [{"Path": "URL"}]},
    "crds": {"Crds": ["URL"]},
    "configurations": {"Configurations": ["URL"]},
    "openapi": {"openapi": {"Path": "URL"}},
    "generator inline": {"generators": [inline("ConfigMapGenerator", name="x", files=["a=URL"])]},
    "transformer inline": {"transformers": [inline("PatchTransformer", path="URL")]},
    "validator inline": {"validators": [inline("PatchTransformer", path="URL")]},
    "resource": {"Resources": ["URL"]},
    "helm": {"helmCharts": [{"name": "x", "repo": "URL"}]},
    "helm inflation": {"helmChartInflationGenerator": [{"chartName": "x", "chartRepoUrl": "URL"}]},
}


@pytest.mark.parametrize("fields", FETCHES.values(), ids=FETCHES)
def test_no_field_fetches(
    fields: dict[str, Any],
    plan: Callable[[str | dict[str, Any]], Path],
    seen: Seen,
) -> None:
    text = json.dumps({"resources": ["green.yaml"], **fields}).replace("URL", f"{seen.address}/x")
    assert refused(plan(text), seen) <= {"RP213", "RP214"}


@pytest.mark.parametrize("key", ["Resources", "RESOURCES", "Bases", "Components"])
def test_a_base_outside_is_not_read_through_a_key_in_another_case(
    key: str, plan: Callable[[str | dict[str, Any]], Path], seen: Seen, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/kustomization.yaml").write_text("commonLabels: {canary: canary}\n")
    path = plan({"resources": ["green.yaml"], key: ["../../outside"]})
    assert refused(path, seen) == {"RP214"}


def test_a_finding_names_the_field_and_its_line(
    plan: Callable[[str | dict[str, Any]], Path], rollplan: Rollplan
) -> None:
    done = rollplan("validate", plan(f"{GREEN}images:\n- name: a\n  newtag: b\n"))
    assert "error[RP214]: 'images[0].newtag' of `green/` is no field that rollplan builds" in done.stdout
    assert "green/kustomization.yaml:4:3" in done.stdout
    assert "did you mean `newTag`?" in done.stdout


def test_a_file_that_is_read_as_text_is_never_a_kustomization(
    plan: Callable[[str | dict[str, Any]], Path], seen: Seen
) -> None:
    generator = [{"name": "x", "files": ["a=nested/Kustomization"]}]
    path = plan({"resources": ["green.yaml", "nested"], "configMapGenerator": generator})
    (path.parent / "green/nested").mkdir()
    (path.parent / "green/nested/Kustomization").write_text("namePrefix: a\n")
    assert refused(path, seen) == {"RP212"}


def test_a_link_to_a_name_that_is_an_address_is_refused(
    plan: Callable[[str | dict[str, Any]], Path], seen: Seen
) -> None:
    path = plan({"resources": ["green.yaml", "link"]})
    odd = path.parent / "green" / "x?ref=--upload-pack=y"
    odd.mkdir()
    (odd / "kustomization.yaml").write_text("namePrefix: ''\n")
    (path.parent / "green/link").symlink_to(odd.name)
    assert refused(path, seen) == {"RP214"}


def test_links_inside_are_resolved(plan: Callable[[str | dict[str, Any]], Path], rollplan: Rollplan) -> None:
    path = plan({"resources": ["link"], "configMapGenerator": [{"name": "x", "files": ["data"]}]})
    real = path.parent / "real"
    real.mkdir()
    (path.parent / "green/green.yaml").rename(real / "green.yaml")
    (real / "kustomization.yaml").write_text(GREEN)
    (path.parent / "green/link").symlink_to("../real")
    (path.parent / "green/text").write_text("a")
    (path.parent / "green/data").symlink_to("text")
    done = rollplan("validate", path)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_patch_in_the_kustomization_itself(
    plan: Callable[[str | dict[str, Any]], Path], rollplan: Rollplan, tmp_path: Path
) -> None:
    patch = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: chat-h200-server}\nspec: {paused: true}\n"
    )
    for each in (patch, json.dumps(_patch())):
        path = plan({"resources": ["green.yaml"], "patchesStrategicMerge": [each]})
        done = rollplan("render", path, "--out", tmp_path / "out")
        assert done.returncode == 0, done.stdout
        server = next((tmp_path / "out").rglob("bundles/green/**/deployment-chat-h200-server.yaml"))
        assert "paused: true" in server.read_text()


def _patch() -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "chat-h200-server"},
        "spec": {"paused": True},
    }


def test_values_of_a_secret_generator_are_not_shown(
    plan: Callable[[str | dict[str, Any]], Path], rollplan: Rollplan
) -> None:
    done = rollplan("validate", plan("secretGenerator: [{name: x, literals: [a=canary], Files: [canary]}]\n"))
    assert (done.returncode, "error[RP214]" in done.stdout, "canary" in done.stdout) == (1, True, False)


def test_the_builder_gets_a_copy_and_no_environment(
    plan: Callable[[str | dict[str, Any]], Path], rollplan: Rollplan, tmp_path: Path
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "kubectl").write_text(
        f'#!/bin/sh\nexport -p > {tmp_path}/env\necho "$PWD" >> {tmp_path}/env\nexit 1\n'
    )
    (tools / "kubectl").chmod(0o755)
    path = plan(GREEN)
    done = rollplan("validate", path, PATH=str(tools), CANARY="canary", HOME=str(tmp_path))
    assert "error[RP212]" in done.stdout
    text = (tmp_path / "env").read_text()
    assert "GIT_ALLOW_PROTOCOL='none'" in text
    assert "canary" not in text
    assert "HOME" not in text
    assert str(tools) not in text
    assert str(path.parent) not in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        "head -c 100000000 /dev/zero",
        "head -c 100000000 /dev/zero; exit 0",
        "a=x; while :; do a=$a$a; done",
        "sleep 60",
    ],
)
def test_a_build_has_limits(
    script: str,
    plan: Callable[[str | dict[str, Any]], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workspace, "MEMORY", 1 << 28)
    monkeypatch.setattr(workspace, "TIMEOUT", 3)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "kubectl").write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
    (tools / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(Rejected) as error:
        compile_plan(plan(GREEN))
    assert [found.code.id for found in error.value.findings] == ["RP212"]


def test_the_environment_alone_keeps_git_from_running(seen: Seen, tmp_path: Path) -> None:
    """The second wall, with a copy that holds what the first one refuses."""
    kubectl = shutil.which("kubectl") or shutil.which("kustomize")
    assert kubectl
    text = json.dumps({"resources": [COMMAND]}).encode()
    with workspace.workspace({"/a/kustomization.yaml": text}, "/a") as folder:
        command = "kustomize" if kubectl.endswith("kubectl") else "build"
        done = workspace.run([kubectl, command, "."], folder)
    assert (done.code != 0, bool(seen)) == (True, False)
