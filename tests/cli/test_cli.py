"""What every command answers: exit codes, and what it prints for people and for machines."""

from __future__ import annotations

import json
import os
import shutil
from functools import partial
from pathlib import Path

import click
import pytest

from generator.cli import cli
from generator.cli.formats import FINDINGS
from tests.conftest import Rollplan
from tests.support.paths import ROOT

GOOD = "plans/rolling-update/plan.yaml"
BAD = "RP101-field/plan.yaml"
LATER = "RP110-gate/plan.yaml"
READERS = ("validate", "stages", "render")
"""The commands that read plans."""


@pytest.fixture
def rollplan(rollplan: Rollplan, cases: Path) -> Rollplan:
    """Run the command where the examples and the cases are."""
    return partial(rollplan, cwd=cases)


def arguments(command: str, *plans: object, out: object) -> list[object]:
    return [command, *plans, *(["--out", out] if command == "render" else [])]


def formats(command: str) -> list[str]:
    """Give the formats that a command offers."""
    (option,) = [one for one in cli.commands[command].params if one.name == "format_"]
    assert isinstance(option.type, click.Choice)
    return list(option.type.choices)


def test_every_format_is_offered_by_a_command() -> None:
    assert {*FINDINGS} == {format_ for command in READERS for format_ in formats(command)}


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize(("plan", "code"), [(GOOD, 0), (BAD, 1), (LATER, 1), ("no/such.yaml", 2)])
def test_exit_codes_of_the_commands_that_read_plans(
    rollplan: Rollplan, tmp_path: Path, command: str, plan: str, code: int
) -> None:
    done = rollplan(*arguments(command, plan, out=tmp_path / "out"))
    assert done.returncode == code
    assert (tmp_path / "out").exists() == (command == "render" and code == 0)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ("explain", "RP101"),
        ("schema",),
        ("completion", "zsh"),
        ("--version",),
        ("--help",),
        ("validate", "-h"),
    ],
    ids=" ".join,
)
def test_exit_code_0(rollplan: Rollplan, args: tuple[str, ...]) -> None:
    done = rollplan(*args)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "Usage: rollplan"),
        (("--nope",), "No such option '--nope'"),
        (("validat",), "Did you mean 'validate'?"),
        (("validate",), "Missing argument 'PLAN...'"),
        (("stages",), "Missing argument 'PLAN...'"),
        (("validate", GOOD, "--format", "xml"), "'xml' is not one of 'text', 'json', 'github'"),
        (("render", GOOD), "Missing option '--out'"),
        (("explain",), "Missing argument 'CODE'"),
        (("explain", "RP999"), "there is no code RP999"),
        (("schema", "x"), "Got unexpected extra argument"),
        (("completion", "tcsh"), "'tcsh' is not one of 'bash', 'zsh', 'fish'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_exit_code_2(rollplan: Rollplan, args: tuple[str, ...], says: str) -> None:
    done = rollplan(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("kind", ["missing", "folder", "loop", "forbidden", "broken disk", "long name"])
def test_a_plan_that_cannot_be_read_is_a_fault_in_one_sentence(
    rollplan: Rollplan, tmp_path: Path, command: str, kind: str
) -> None:
    plan = unreadable(kind, tmp_path)
    done = rollplan(*arguments(command, plan.relative_to(tmp_path), out="out"), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"rollplan: cannot read '{plan.name[:40]}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def unreadable(kind: str, folder: Path) -> Path:
    plan = folder / ("a" * 300 if kind == "long name" else "plan.yaml")
    if kind == "folder":
        plan.mkdir()
    elif kind == "loop":
        plan.symlink_to(plan)
    elif kind == "forbidden":
        shutil.copy(ROOT / GOOD, plan)
        plan.chmod(0)
        if os.access(plan, os.R_OK):
            pytest.skip("this user may read everything")
    elif kind == "broken disk":
        memory = Path("/proc/self/mem")  # a regular file whose first byte nobody can read
        if not memory.exists():
            pytest.skip("no /proc here")
        plan.symlink_to(memory)
    return plan


def test_findings_of_all_plans_are_shown(rollplan: Rollplan) -> None:
    done = rollplan("validate", BAD, GOOD, LATER)
    assert done.returncode == 1
    assert f"{BAD}:12:5" in done.stdout
    assert f"{LATER}:12:13" in done.stdout
    assert done.stdout.endswith("\n2 errors\n")


def test_one_bad_plan_among_good_ones_writes_nothing(rollplan: Rollplan, tmp_path: Path) -> None:
    done = rollplan("render", GOOD, BAD, "plans/lora-adapter/plan.yaml", "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[RP101]" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_two_plans_of_one_name_are_a_finding(rollplan: Rollplan, tmp_path: Path) -> None:
    """They would be rendered into the same directory."""
    again = tmp_path / "again"
    shutil.copytree((ROOT / GOOD).parent, again)
    done = rollplan("render", GOOD, again / "plan.yaml", "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[RP109]: two plans are called `qwen3-32b-vllm-0-23`" in done.stderr
    assert f"--> {again}/plan.yaml:4:9" in done.stderr
    assert f"::: {GOOD}:4:9" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("command", "format_"),
    [(command, format_) for command in READERS for format_ in formats(command)],
)
def test_findings_for_machines_are_on_stdout(
    rollplan: Rollplan, tmp_path: Path, command: str, format_: str
) -> None:
    """In text, findings are the outcome of `validate` alone; a table's place on stdout stays empty."""
    done = rollplan(*arguments(command, BAD, out=tmp_path / "out"), "--format", format_)
    assert done.returncode == 1
    to_stdout = format_ != "text" or command == "validate"
    shown, empty = (done.stdout, done.stderr) if to_stdout else (done.stderr, done.stdout)
    assert "RP101" in shown
    assert empty == ""


@pytest.mark.parametrize("plan", [GOOD, BAD])
def test_json_of_validate(rollplan: Rollplan, plan: str) -> None:
    report = json.loads(rollplan("validate", plan, "--format", "json").stdout)
    assert report["formatVersion"] == "1"
    finding = {
        "code": "RP101",
        "severity": "error",
        "title": "unknown field",
        "message": "unknown field 'maxSurg' in `spec.strategy`",
        "hint": "did you mean `maxSurge`?",
        "file": BAD,
        "line": 12,
        "column": 5,
        "length": 7,
        "related": [],
    }
    assert report["findings"] == ([] if plan == GOOD else [finding])


@pytest.mark.parametrize("command", ["stages", "render"])
def test_json_of_rollouts(rollplan: Rollplan, tmp_path: Path, command: str) -> None:
    out = tmp_path / "out"
    report = json.loads(rollplan(*arguments(command, GOOD, out=out), "--format", "json").stdout)
    assert report["formatVersion"] == "1"
    (rollout,) = report["rollouts"]
    assert [stage["name"] for stage in rollout["stages"]] == ["00-baseline", "01-update", "02-verify"]
    if command == "render":
        assert rollout == json.loads((out / "qwen3-32b-vllm-0-23/rollout.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("format_", ["text", "github"])
def test_a_good_plan_has_nothing_to_say(rollplan: Rollplan, format_: str) -> None:
    done = rollplan("validate", GOOD, "--format", format_)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_warnings_are_shown_and_refuse_nothing(rollplan: Rollplan, tmp_path: Path) -> None:
    shutil.copytree((ROOT / GOOD).parent, tmp_path, dirs_exist_ok=True)
    plan = tmp_path / "plan.yaml"
    plan.write_text(plan.read_text().replace("qwen3-32b-vllm-0-23", "on"))
    checked = rollplan("validate", "plan.yaml", cwd=tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.startswith("warning[RP011]: ")
    assert checked.stdout.endswith("\n1 warning\n")
    rendered = rollplan("render", "plan.yaml", "--out", "out", "--format", "json", cwd=tmp_path)
    assert rendered.returncode == 0
    assert rendered.stderr.startswith("warning[RP011]: ")
    assert json.loads(rendered.stdout)["rollouts"][0]["plan"]["name"] == "on"


def test_version(rollplan: Rollplan) -> None:
    assert rollplan("--version").stdout == "rollplan 0.1.0\n"
