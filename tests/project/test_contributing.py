"""CONTRIBUTING is true: its rule is added step by step, and every place that it names is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
COPIED = ("generator", "templates", "schemas", "tests", "golden", "plans", "pyproject.toml")
GOLDEN = "golden/findings/RP520-zero.txt"
STEPS = ("tests/findings/RP520-zero.yaml", "generator/rules/traffic.py", "templates/explain/RP520.md", GOLDEN)
"""The file of each step; the last is written by the tests, and read by people."""


def diff() -> str:
    found: list[str] = re.findall(r"^```diff\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (only,) = found
    return only


def part(name: str) -> str:
    """The diff of one file."""
    (found,) = (one for one in re.split(r"^(?=--- )", diff(), flags=re.MULTILINE) if f"+++ b/{name}\n" in one)
    return found


def apply(folder: Path, text: str, *options: str) -> None:
    command = ["git", "apply", "--whitespace=nowarn", *options, "-"]
    done = subprocess.run(command, cwd=folder, input=text, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr


def run(folder: Path, *command: str) -> str:
    """What Python prints in the copy of the checkout; CI may not write goldens, the copy may."""
    kept = {key: value for key, value in os.environ.items() if key not in {"CI", "FORCE_COLOR"}}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(folder), "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout without the rule of CONTRIBUTING."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "server"))
        else:
            shutil.copy(source, tmp_path / name)
    apply(tmp_path, diff(), "--reverse")
    assert not any((tmp_path / name).exists() for name in STEPS if "rules" not in name)
    return tmp_path


def test_the_steps_add_the_rule(checkout: Path) -> None:
    validate = ("-c", "from generator.cli import main; main()", "validate", "RP520-zero/plan.yaml")
    update = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--update-golden", "-k", "RP520-zero")
    case, check, page, golden = STEPS

    apply(checkout, part(case))
    run(checkout, "-m", "tests.findings", "RP520-zero", "--to", "RP520-zero")
    assert "RP520" not in run(checkout, *validate), "nothing finds it before the check is there"

    apply(checkout, part(check))
    assert "error[RP520]" in run(checkout, *validate)

    apply(checkout, part(page))
    explained = run(checkout, "-c", "from generator.cli import main; main()", "explain", "RP520")
    assert explained == (checkout / page).read_text(encoding="utf-8")

    told = run(checkout, *update, "tests/cli/test_findings.py")
    assert (checkout / golden).is_file(), told
    for name in STEPS:
        assert (checkout / name).read_bytes() == (ROOT / name).read_bytes(), (
            f"{name} is not what the diff adds"
        )

    tested = ("tests/cli/test_findings.py", "tests/rules/test_rules.py", "tests/cli/test_explain.py")
    told = run(checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "RP520", *tested)
    assert re.search(r"^\d+ passed", told, re.MULTILINE), told


def places() -> list[str]:
    """Every path of the checkout that the page names, but those that stand for one to be added."""
    named = re.findall(r"`([a-z.]+(?:/[\w.-]+)*/?)`", TEXT)
    return sorted({name for name in named if "/" in name and "CODE" not in name and name != "field/TOPIC"})


@pytest.mark.parametrize("name", places())
def test_every_place_is_there(name: str) -> None:
    assert (ROOT / name).exists() or (ROOT / "generator" / name).exists()


def test_the_picture_shows_every_room() -> None:
    picture = TEXT[: TEXT.index("## Where to find what")]
    rooms = {path.name for path in (ROOT / "generator").iterdir() if (path / "__init__.py").exists()}
    assert {room for room in rooms if f"{room}/" not in picture} == set()
