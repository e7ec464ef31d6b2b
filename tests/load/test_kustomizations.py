"""Kustomizations as sources: built by what is installed, from what the plan may read, and never remote."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Rollplan
from tests.support.cases import base

needs_kustomize = pytest.mark.kustomize


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan whose green is the kustomization green/ with its manifests in green/."""
    folder = tmp_path / "plan"
    base("small-blue-green").write(folder)
    (folder / "green").mkdir()
    (folder / "green.yaml").rename(folder / "green" / "green.yaml")
    (folder / "green" / "kustomization.yaml").write_text("resources: [green.yaml]\n")
    text = (folder / "plan.yaml").read_text()
    (folder / "plan.yaml").write_text(text.replace("[green.yaml]", "[green/]"))
    return folder / "plan.yaml"


@needs_kustomize
def test_a_kustomization_is_built(plan: Path, rollplan: Rollplan, tmp_path: Path) -> None:
    (plan.parent / "green" / "kustomization.yaml").write_text(
        "resources: [green.yaml]\nimages: [{name: example.com/server, newTag: v7}]\n"
    )
    done = rollplan("render", plan, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    server = next((tmp_path / "out").rglob("bundles/green/**/deployment-chat-h200-server.yaml"))
    assert "example.com/server:v7" in server.read_text()


def test_without_kustomize_there_is_a_finding(plan: Path, rollplan: Rollplan, tmp_path: Path) -> None:
    done = rollplan("validate", plan, PATH=str(tmp_path))
    assert done.returncode == 1
    assert "error[RP211]" in done.stdout


@needs_kustomize
def test_one_that_does_not_build_is_a_finding_without_paths_of_the_machine(
    plan: Path, rollplan: Rollplan
) -> None:
    (plan.parent / "green" / "kustomization.yaml").write_text("resources: [gone.yaml]\n")
    done = rollplan("validate", "plan.yaml", cwd=plan.parent)
    assert done.returncode == 1
    assert "error[RP212]: `green/` does not build" in done.stdout
    assert str(plan.parent) not in done.stdout


REMOTES = [
    "https://example.com/base?ref=v1",
    "git@example.com:team/base.git",
    "git::https://example.com/base",
    "github.com/team/base//overlay",
    "example.com/team/base?ref=main",
    "ssh://git@example.com/base",
]


@pytest.mark.parametrize("remote", REMOTES)
def test_a_remote_base_is_refused_before_anything_runs(
    plan: Path, rollplan: Rollplan, tmp_path: Path, remote: str
) -> None:
    ran = tmp_path / "ran"
    for name in ("kubectl", "kustomize"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n: > {ran}\n")
        program.chmod(0o755)
    (plan.parent / "green" / "kustomization.yaml").write_text(f'resources: [green.yaml, "{remote}"]\n')
    done = rollplan("validate", plan, PATH=str(tmp_path / "bin"))
    assert (done.returncode, "error[RP213]" in done.stdout, ran.exists()) == (1, True, False)


@needs_kustomize
def test_a_base_outside_the_plan_needs_a_root(plan: Path, rollplan: Rollplan) -> None:
    base = plan.parent.parent / "base"
    base.mkdir()
    (plan.parent / "green" / "green.yaml").rename(base / "green.yaml")
    (base / "kustomization.yaml").write_text("resources: [green.yaml]\n")
    (plan.parent / "green" / "kustomization.yaml").write_text("resources: [../../base]\n")
    done = rollplan("validate", plan)
    assert (done.returncode, "error[RP202]" in done.stdout) == (1, True)
    plan.write_text(plan.read_text().replace("  strategy:", "  roots: [../base]\n  strategy:"))
    done = rollplan("validate", plan)
    assert (done.returncode, done.stdout) == (0, "")
