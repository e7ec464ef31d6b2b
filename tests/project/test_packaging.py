"""What users install works: from a wheel, from a checkout, and the same bytes whoever builds it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.lock import LOCKS, locked
from tests.support.paths import ROOT

KEPT = (
    "generator",
    "templates",
    "schemas",
    "plans",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "Makefile",
    *LOCKS,
)


@pytest.fixture(scope="module", autouse=True)
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Install the locked versions, also into the environments that builds make for themselves."""
    constraints = tmp_path_factory.mktemp("versions") / "constraints.txt"
    lines = (f"{name}=={version}" for name, version in locked("requirements-dev.txt").items())
    constraints.write_text("\n".join(lines), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_CONSTRAINT", str(constraints))
        yield


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a clone has, without what this machine has built."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in KEPT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    return folder


def build(checkout: Path, out: Path, **environment: str) -> Path:
    umask = environment.pop("UMASK", "022")
    subprocess.run(
        [
            "sh",
            "-c",
            f"umask {umask} && exec {sys.executable} -m build --sdist --wheel --outdir {out} {checkout}",
        ],
        check=True,
        capture_output=True,
        env={**os.environ, **environment},
    )
    return next(out.glob("*.whl"))


def install(folder: Path, *what: str) -> Path:
    """Make a virtual environment, install into it, and give its folder of programs."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *what], check=True, capture_output=True)
    return folder / "bin"


def rendered(program: Path, plan: Path, out: Path) -> dict[str, bytes]:
    subprocess.run([program, "render", plan, "--out", out], check=True, capture_output=True, cwd=out.parent)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_wheel_and_editable_install_render_the_same(checkout: Path, tmp_path: Path) -> None:
    wheel = build(checkout, tmp_path / "dist")
    plan = checkout / "plans" / "blue-green" / "plan.yaml"
    from_wheel = install(tmp_path / "wheel", str(wheel))
    from_checkout = install(tmp_path / "editable", "--editable", str(checkout))
    first = rendered(from_wheel / "rollplan", plan, tmp_path / "out-1")
    assert len(first) > 50
    assert first == rendered(from_checkout / "rollplan", plan, tmp_path / "out-2")
    for command in (["explain", "RP003"], ["schema"], ["--version"]):
        done = subprocess.run([from_wheel / "rollplan", *command], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_a_wheel_holds_what_it_needs_and_nothing_else(checkout: Path, tmp_path: Path) -> None:
    names = set(zipfile.ZipFile(build(checkout, tmp_path)).namelist())
    assert {
        "generator/cli/main.py",
        "generator/templates/render/kustomization.yaml.j2",
        "generator/schemas/plan/plan.schema.json",
    } <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"generator", "rollplan"}


def test_a_wheel_is_the_same_whoever_builds_it(checkout: Path, tmp_path: Path) -> None:
    one = build(checkout, tmp_path / "1", UMASK="022", TZ="UTC", PYTHONHASHSEED="1")
    other = build(checkout, tmp_path / "2", UMASK="077", TZ="Asia/Tokyo", PYTHONHASHSEED="2")
    assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest()


def test_make_demo_sets_itself_up(checkout: Path, tmp_path: Path) -> None:
    copy = tmp_path / "clone"
    shutil.copytree(checkout, copy)
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in {"MAKEFLAGS", "MAKELEVEL", "VIRTUAL_ENV"}
    }
    done = subprocess.run(
        ["make", "demo", f"PYTHON={sys.executable}"],
        cwd=copy,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**environment, "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr
    shown = ("blue-green", "lora-adapter", "rolling-update")
    plans = [
        yaml.safe_load((copy / "plans" / name / "plan.yaml").read_text(encoding="utf-8")) for name in shown
    ]
    for plan in plans:
        name, strategy = plan["metadata"]["name"], plan["spec"]["strategy"]["type"]
        assert f"{name} ({strategy})" in done.stdout
        assert (copy / "rendered" / name / "README.md").is_file()
