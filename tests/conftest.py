"""What all tests share: goldens, the command as users run it, and a real API server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.oracles.cluster import Cluster, build, published, running, why_not
from tests.support.cases import NAMES, case
from tests.support.golden import Golden
from tests.support.paths import ROOT

hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")  # no test fails because a machine does other things beside


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write goldens anew; never with CI set")


# What takes a second or more, or holds us against other programs, by what a test uses and where it lies.
ORACLE_FIXTURES = frozenset({"cluster", "namespace", "history"})
SLOW_FIXTURES = frozenset({"rollplan", "repository", "checkout"})  # each starts processes
SLOW_FILES = frozenset(
    {
        "cli/test_cli_output.py",
        "cli/test_cli_process.py",
        "cli/test_comment.py",
        "disk/test_disk_faults.py",
        "disk/test_disk_races.py",
        "gather/test_laws_canonical.py",
        "gather/test_laws_made.py",
        "gather/test_made.py",
        "gather/test_made_samples.py",
        "gitops/test_check.py",
        "gitops/test_diff.py",
        "gitops/test_diff_git.py",
        "gitops/test_promote.py",
        "load/test_load_hostile.py",
        "load/test_load_laws.py",
        "plan/test_quick_check.py",
        "project/test_determinism.py",
        "project/test_example_trees.py",
        "project/test_mutants.py",
        "project/test_packaging.py",
        "project/test_readme.py",
        "project/test_workplaces.py",
        "proof/test_proof_mutants.py",
        "proof/test_proof_reduction.py",
        "render/test_delivery.py",
        "render/test_kustomize.py",
        "stages/test_laws.py",
        "stages/test_laws_lora.py",
        "stages/test_laws_pins.py",
        "stages/test_laws_traffic.py",
    }
)
KUSTOMIZE = ("kubectl", "kustomize")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow and what is an oracle; skip, visibly, what needs a program that is not installed."""
    plans = ROOT / "plans"
    built = {path.relative_to(plans).parts[0] for path in plans.rglob("kustomization.yaml")}
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if ORACLE_FIXTURES & fixtures:
            item.add_marker(pytest.mark.oracle)
        example = any(f"[{name}" in item.nodeid or f"-{name}" in item.nodeid for name in built)
        if example or item.get_closest_marker("kustomize"):
            item.add_marker(pytest.mark.oracle(*KUSTOMIZE))
        if SLOW_FIXTURES & fixtures or item.path.relative_to(ROOT / "tests").as_posix() in SLOW_FILES:
            item.add_marker(pytest.mark.slow)
        for mark in item.iter_markers("oracle"):
            if mark.args and not any(map(shutil.which, mark.args)):
                item.add_marker(pytest.mark.skip(reason=f"not installed: {' or '.join(mark.args)}"))


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


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let what a test starts hear Ctrl-C, although the shell of a background job told us to ignore it."""
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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
