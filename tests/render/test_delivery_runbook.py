"""Every command of a runbook for a GitOps engine is run: real Git, a real API server, a played engine."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

from tests.gitops.test_story import AUTHOR
from tests.oracles.cluster import Cluster
from tests.oracles.world.engines import following
from tests.support.paths import ROOT
from tests.support.runbooks import Scene, identity, scene

PATH_IN_GIT = "qwen3-32b-h200"
DELIVERIES = {
    "argo-cd": f"{{argoCD: {{repoURL: 'file:///rollouts.git', path: {PATH_IN_GIT}, namespace: argocd}}}}",
    "flux": f"{{flux: {{path: {PATH_IN_GIT}}}}}",
}
NAMESPACES = {"argo-cd": "argocd", "flux": "flux-system"}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put rollplan on the path, and an author into Git."""
    folder = tmp_path / "programs"
    folder.mkdir()
    program = folder / "rollplan"
    start = "from generator.cli import main; main()"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{start}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name, value in AUTHOR.items():
        monkeypatch.setenv(name, value)


def committed(rendered: Path, bare: Path) -> None:
    """Put the folder around a rendered plan into Git, with a place to push to."""
    for words in (
        ("init", "--quiet", "--bare", "--initial-branch", "main", str(bare)),
        ("init", "--quiet", "--initial-branch", "main"),
        ("remote", "add", "origin", str(bare)),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "Render"),
        ("push", "--quiet", "--set-upstream", "origin", "main"),
    ):
        subprocess.run(["git", *words], check=True, cwd=rendered.parent)


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("engine", DELIVERIES)
def test_every_command_of_the_stages_and_then_of_the_way_back(
    engine: str, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.kubectl("create", "namespace", NAMESPACES[engine])
    with scene("blue-green", cluster, tmp_path, DELIVERIES[engine]) as set_up:
        bare = tmp_path / "rollouts.git"
        committed(set_up.example.rendered, bare)
        with (
            set_up.world.controllers.working(),
            following(engine, bare, cluster, tmp_path / "engine"),
        ):
            forward(set_up, "04-weight-1")
            back, give_up = way_back(set_up)
            weights(set_up, [100, 0])
            for script in give_up:
                set_up.must(script)
            assert holds(set_up, 0)
            forward(set_up, "")
        cluster.kubectl("delete", "-f", str(set_up.example.rendered / "delivery"))
    assert back
    assert holds_last(set_up)


def forward(set_up: Scene, until: str) -> None:
    """Run the commands of every stage up to one, and compare what is stored with each."""
    stages = [stage["name"] for stage in set_up.example.data["stages"]]
    for part, blocks in groupby(set_up.example.blocks, key=lambda block: block.part):
        if part in stages:
            for block in blocks:
                if block.language == "sh":
                    set_up.must(block.text)
            assert holds(set_up, stages.index(part)), part
            if part == until:
                return


def way_back(set_up: Scene) -> tuple[list[str], list[str]]:
    """Run what brings the traffic back; give it, and what gives the rollout up."""
    scripts = [
        block.text for block in set_up.example.blocks if block.part == "Way back" and block.language == "sh"
    ]
    end = next(number for number, script in enumerate(scripts) if script.startswith("rollplan promote"))
    for script in scripts[:end]:
        set_up.must(script)
    return scripts[:end], scripts[end:]


def weights(set_up: Scene, wanted: list[int]) -> None:
    (route,) = set_up.world.api.all("HTTPRoute")
    assert [ref["weight"] for ref in route["spec"]["rules"][-1]["backendRefs"]] == wanted


def holds(set_up: Scene, index: int) -> bool:
    return set(set_up.stored()) == {identity(item) for item in set_up.example.rollout.stages[index].objects}


def holds_last(set_up: Scene) -> bool:
    marker = (set_up.example.rendered / "live" / ".stage").read_text(encoding="utf-8").strip()
    last: str = set_up.example.data["stages"][-1]["name"]
    return marker == last
