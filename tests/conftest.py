"""What all tests share: goldens, the command as users run it, and a real API server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.oracles.cluster import Cluster, build, published, running, why_not
from tests.support.cases import NAMES, case
from tests.support.golden import Golden
from tests.support.paths import ROOT


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write goldens anew; never with CI set")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, visibly, what an example needs kustomize for on a machine that has none."""
    if shutil.which("kubectl") or shutil.which("kustomize"):
        return
    built = {
        path.relative_to(ROOT / "plans").parts[0] for path in (ROOT / "plans").rglob("kustomization.yaml")
    }
    skip = pytest.mark.skip(reason="neither kubectl nor kustomize is installed")
    for item in items:
        if item.get_closest_marker("kustomize") or any(
            f"[{name}" in item.nodeid or f"-{name}" in item.nodeid for name in built
        ):
            item.add_marker(skip)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--update-golden") and os.environ.get("CI"):
        raise pytest.UsageError("goldens are reviewed by people: --update-golden does not go with CI")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare texts and trees with what is committed under golden/."""
    return Golden(folder=ROOT / "golden", update=bool(request.config.getoption("--update-golden")))


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every case of tests/findings, each in a folder of its name, beside the examples."""
    folder = tmp_path_factory.mktemp("cases")
    for name in NAMES:
        case(name).write(folder / name)
    (folder / "plans").symlink_to(ROOT / "plans")
    return folder


Rollplan = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def rollplan() -> Rollplan:
    """Run the command in a process of its own, in the project's folder unless `cwd` says another."""

    def run(*args: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "FORCE_COLOR"}}
        return subprocess.run(
            [
                sys.executable,
                "-X",
                "warn_default_encoding",
                "-W",
                "error",
                "-c",
                "from generator.cli import main; main()",
            ]
            + [str(arg) for arg in args],
            capture_output=True,
            encoding="utf-8",
            cwd=cwd,
            env={**kept, "PYTHONPATH": str(ROOT), **environment},
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real API server: one for all tests of a session, and one for each worker of pytest-xdist."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    if build() is None:
        pytest.skip(f"no test server: {why_not()}")
    with running(published()) as served:
        yield served


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """A fresh namespace of the API server."""
    return cluster.namespace()
