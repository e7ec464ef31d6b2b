"""`check`: every way in which a committed tree can be other than its plan; and nothing is written."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.gitops.check import EDITED, MISSING, OTHER_VERSION, PLAN_CHANGED, TITLES, UNKNOWN
from tests.conftest import Rollplan
from tests.disk.test_disk import states
from tests.support.paths import ROOT
from tests.support.trees import EXAMPLES

NAME = "qwen3-32b-vllm-0-23"
ROUTE = "stages/01-update/deployment-modelserver.yaml"


@pytest.fixture
def folder(tmp_path: Path, rollplan: Rollplan) -> Path:
    """A checkout with one plan and what it renders."""
    shutil.copytree(ROOT / "plans/rolling-update", tmp_path / "plan")
    assert rollplan("render", "plan/plan.yaml", "--out", "out", cwd=tmp_path).returncode == 0
    return tmp_path


def ask(rollplan: Rollplan, folder: Path, code: int = 1) -> list[dict[str, Any]]:
    """Run `check`, see that it wrote nothing, and give what it says."""
    before = states(folder)
    done = rollplan("check", "plan/plan.yaml", "--out", "out", "--format", "json", cwd=folder)
    assert (done.returncode, done.stderr) == (code, "")
    assert states(folder) == before
    content = json.loads(done.stdout)
    assert content["same"] == (code == 0)
    return list(content["differences"])


def kinds(found: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(item["kind"], item["file"].removeprefix(f"out/{NAME}").removeprefix("/")) for item in found}


def a_manifest(tree: Path) -> Path:
    return next(path for path in sorted(tree.glob("stages/*/*.yaml")) if path.name != "kustomization.yaml")


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_was_rendered_just_now_is_right(rollplan: Rollplan, tmp_path: Path, example: str) -> None:
    plan = ROOT / "plans" / example / "plan.yaml"
    assert rollplan("render", plan, "--out", tmp_path / "out").returncode == 0
    done = rollplan("check", plan, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _version(tree: Path) -> None:
    inventory = tree / "inventory.json"
    inventory.write_text(inventory.read_text().replace('"rollplan": "0.1.0"', '"rollplan": "0.0.9"'))


def _append(name: str) -> Callable[[Path], None]:
    def edit(tree: Path) -> None:
        path = tree / name if name else a_manifest(tree)
        path.write_bytes(path.read_bytes() + b"# more\n")

    return edit


def _crlf(tree: Path) -> None:
    (tree / "README.md").write_bytes((tree / "README.md").read_bytes().replace(b"\n", b"\r\n"))


def _live(tree: Path) -> None:
    (tree / "live").mkdir()
    (tree / "live/.stage").write_text("a")


CASES: dict[str, tuple[Callable[[Path], Any], set[tuple[str, str]]]] = {
    "edited": (_append("README.md"), {(EDITED, "README.md")}),
    "crlf": (_crlf, {(EDITED, "README.md")}),
    "executable": (lambda tree: (tree / "README.md").chmod(0o755), {(EDITED, "README.md")}),
    "deleted": (lambda tree: (tree / "rollout.json").unlink(), {(MISSING, "rollout.json")}),
    "unknown": (lambda tree: (tree / "notes.txt").write_text("mine"), {(UNKNOWN, "notes.txt")}),
    "unknown link": (lambda tree: (tree / "link").symlink_to("/etc"), {(UNKNOWN, "link")}),
    "live": (_live, set()),
    "group may write": (lambda tree: (tree / "README.md").chmod(0o664), set()),
    "no tree": (shutil.rmtree, {(MISSING, "")}),
    "other version": (_version, {(OTHER_VERSION, "inventory.json")}),
    "damaged inventory": (
        lambda tree: (tree / "inventory.json").write_text("<<<<"),
        {(EDITED, "inventory.json")},
    ),
    "edited inventory": (
        lambda tree: (tree / "inventory.json").write_text((tree / "inventory.json").read_text() + " "),
        {(EDITED, "inventory.json")},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_kinds(rollplan: Rollplan, folder: Path, case: str) -> None:
    change, expected = CASES[case]
    change(folder / "out" / NAME)
    assert kinds(ask(rollplan, folder, code=1 if expected else 0)) == expected


def test_a_plan_that_changed_is_no_hand_edit(rollplan: Rollplan, folder: Path) -> None:
    plan = folder / "plan/plan.yaml"
    plan.write_text(plan.read_text().replace("v0.23.0", "v0.23.1"))
    found = ask(rollplan, folder)
    assert {kind for kind, _ in kinds(found)} == {PLAN_CHANGED}
    image = next(item for item in found if "v0.23.0" in item["detail"])
    assert "v0.23.1" in image["detail"]
    lines = (folder / image["file"]).read_text().splitlines()
    assert "v0.23.0" in lines[image["line"] - 1]


def test_an_edit_beside_a_changed_plan_is_still_an_edit(rollplan: Rollplan, folder: Path) -> None:
    plan = folder / "plan/plan.yaml"
    plan.write_text(plan.read_text().replace("v0.23.0", "v0.23.1"))
    _append("README.md")(folder / "out" / NAME)
    found = kinds(ask(rollplan, folder))
    assert (EDITED, "README.md") in found
    assert {kind for kind, _ in found} == {EDITED, PLAN_CHANGED}


def test_changes_of_another_version_are_its_own_kind(rollplan: Rollplan, folder: Path) -> None:
    plan = folder / "plan/plan.yaml"
    plan.write_text(plan.read_text().replace("v0.23.0", "v0.23.1"))
    _version(folder / "out" / NAME)
    assert {kind for kind, _ in kinds(ask(rollplan, folder))} == {OTHER_VERSION}


def test_stages_that_come_and_go_are_the_plan_s(rollplan: Rollplan, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "plans/lora-adapter", tmp_path / "plan")
    rollplan("render", "plan/plan.yaml", "--out", "out", cwd=tmp_path)
    plan = tmp_path / "plan/plan.yaml"
    old = next(line for line in plan.read_text().splitlines() if "weight: 50" in line)
    plan.write_text(plan.read_text().replace(f"{old}\n", ""))
    found = ask(rollplan, tmp_path)
    assert {item["kind"] for item in found} == {PLAN_CHANGED}
    details = {item["detail"] for item in found}
    assert {"it is new", "it is rendered no more"} <= details


@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][1]])
def test_the_command_that_it_names_mends_it(rollplan: Rollplan, folder: Path, case: str) -> None:
    CASES[case][0](folder / "out" / NAME)
    for fix in dict.fromkeys(item["fix"] for item in ask(rollplan, folder)):
        program, *words = shlex.split(fix)
        if program == "rollplan":
            assert rollplan(*words, cwd=folder).returncode == 0
        else:
            subprocess.run([program, *words], cwd=folder, check=True)
    assert ask(rollplan, folder, code=0) == []


def test_text_and_annotations(rollplan: Rollplan, folder: Path) -> None:
    tree = folder / "out" / NAME
    _append("README.md")(tree)
    (tree / "a\x1b[31m%\n::error::b").write_text("")
    text = rollplan("check", "plan/plan.yaml", "--out", "out", cwd=folder)
    assert (text.returncode, text.stderr) == (1, "")
    assert f"{TITLES[EDITED]}: out/{NAME}/README.md: line " in text.stdout
    assert "= help: edited by hand: move what is worth keeping into the plan" in text.stdout
    assert text.stdout.endswith("\n2 differences\n")
    assert "\x1b" not in text.stdout
    shown = rollplan("check", "plan/plan.yaml", "--out", "out", "--format", "github", cwd=folder).stdout
    assert [line.partition(" ")[0] for line in shown.splitlines()] == ["::error", "::error"]
    assert f"file=out/{NAME}/README.md,line=" in shown


def test_several_plans_and_one_that_is_refused(rollplan: Rollplan, folder: Path, cases: Path) -> None:
    _append("README.md")(folder / "out" / NAME)
    lora = ROOT / "plans/lora-adapter/plan.yaml"
    both = rollplan("check", "plan/plan.yaml", lora, "--out", "out", "--format", "json", cwd=folder)
    assert {item["kind"] for item in json.loads(both.stdout)["differences"]} == {EDITED, MISSING}
    bad = cases / "RP101-field/plan.yaml"
    refused = rollplan("check", "plan/plan.yaml", bad, "--out", "out", cwd=folder)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "RP101" in refused.stderr


def test_a_directory_that_is_not_ours_is_a_fault(rollplan: Rollplan, folder: Path) -> None:
    (folder / "out" / NAME / "inventory.json").unlink()
    done = rollplan("check", "plan/plan.yaml", "--out", "out", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "has no inventory.json of ours" in done.stderr


def test_a_tree_that_nobody_may_write_can_be_checked(rollplan: Rollplan, folder: Path) -> None:
    tree = folder / "out" / NAME
    _append("README.md")(tree)
    for path in [tree, *tree.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        assert kinds(ask(rollplan, folder)) == {(EDITED, "README.md")}
    finally:
        for path in [tree, *tree.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)
    assert os.access(tree, os.W_OK)
