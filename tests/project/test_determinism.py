"""The same plans give the same bytes and modes, whatever the process, the machine and the user are like."""

import locale
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.trees import EXAMPLES

pytestmark = pytest.mark.kustomize  # all examples are rendered, and one is a kustomization

PLANS = [ROOT / "plans" / example / "plan.yaml" for example in EXAMPLES]
MAIN = "from generator.cli import main; main()"
PLAIN = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}

Snapshot = dict[str, tuple[str, bytes | None]]
"""The mode of each file and folder by its relative path, and a file's bytes."""

# What differs from run to run: the environment, the umask, the folder that the command runs in.
RUNS: dict[str, tuple[dict[str, str], int, str]] = {
    "no hash seed": ({"PYTHONHASHSEED": "0"}, 0o022, "."),
    "a hash seed, no rights taken": ({"PYTHONHASHSEED": "1"}, 0o000, "."),
    "a random hash seed, nothing for others": ({"PYTHONHASHSEED": "random"}, 0o077, "."),
    "far away in time": ({"TZ": "Asia/Kolkata", "SOURCE_DATE_EPOCH": "1"}, 0o022, "."),
    "no UTF-8 anywhere": (ASCII, 0o022, "."),
    "in the folder of a plan": ({}, 0o022, "blue-green"),
    "a narrow terminal with colours": ({"COLUMNS": "20", "FORCE_COLOR": "1", "TERM": "xterm"}, 0o022, "."),
    "a home that is not there": ({"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}, 0o022, "."),
}


def render(
    out: Path | str,
    python: str = sys.executable,
    environment: Mapping[str, str] | None = None,
    umask: int = 0o022,
    folder: str = ".",
) -> Snapshot:
    """Render all examples in a process of their own; give each file's and folder's mode, and bytes."""
    cwd = ROOT / "plans" / folder
    plans = [os.path.relpath(plan, cwd) for plan in PLANS]
    run = subprocess.run(
        [python, "-c", MAIN, "render", *plans, "--out", out],
        cwd=cwd,
        env={**PLAIN, **(environment or {})},
        umask=umask,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    return snapshot(cwd / out)


def snapshot(out: Path) -> Snapshot:
    paths = [out, *sorted(out.rglob("*"))]
    return {
        path.relative_to(out).as_posix(): (
            stat.filemode(path.stat().st_mode),
            path.read_bytes() if path.is_file() else None,
        )
        for path in paths
    }


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return render(tmp_path_factory.mktemp("expected") / "rendered")


def test_modes_are_those_of_a_checkout(expected: Snapshot) -> None:
    assert {mode for mode, data in expected.values() if data is not None} == {"-rw-r--r--"}
    assert {mode for mode, data in expected.values() if data is None} == {"drwxr-xr-x"}
    assert len(expected) > 100


@pytest.mark.parametrize("run", RUNS)
def test_every_run_gives_the_same(run: str, expected: Snapshot, tmp_path: Path) -> None:
    environment, umask, folder = RUNS[run]
    out = tmp_path / "another pläce" / "out"
    assert render(out, environment=environment, umask=umask, folder=folder) == expected


def test_a_relative_output_folder_gives_the_same(expected: Snapshot, tmp_path: Path) -> None:
    out = os.path.relpath(tmp_path / "out", ROOT / "plans")
    assert render(out) == expected


def test_a_turkish_locale_gives_the_same(expected: Snapshot, tmp_path: Path) -> None:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "tr_TR.UTF-8")
    except locale.Error:
        pytest.skip("there is no tr_TR.UTF-8 here")
    finally:
        locale.setlocale(locale.LC_ALL, before)
    assert render(tmp_path / "out", environment={"LC_ALL": "tr_TR.UTF-8"}) == expected


@pytest.mark.parametrize("minor", range(11, 15))
def test_every_python_gives_the_same(minor: int, expected: Snapshot, tmp_path: Path) -> None:
    python = shutil.which(f"python3.{minor}")
    imports = "import click, jinja2, jsonschema, lightkube.models, sys, yaml; print(sys.version_info[:2])"
    found = python and subprocess.run([python, "-c", imports], capture_output=True, text=True, check=False)
    if not python or not found or found.stdout.strip() != str((3, minor)):
        pytest.skip(f"no Python 3.{minor} with what rollplan needs is on PATH")
    assert render(tmp_path / "out", python=python) == expected
