"""Builds the test server from its Go module, once per content.

No binary of kube-apiserver is at hand where these tests run, but its source comes from the Go module proxy. A
cold build takes minutes, so its result is kept under a name made of everything that decides it.
"""

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

from tests.support.paths import ROOT

SOURCE = pathlib.Path(__file__).parent / "server"
VERSION = re.compile(r"k8s\.io/kubernetes (v(\d+)\.(\d+)\.\d+)")


def build() -> pathlib.Path | None:
    """The path of the server, built if need be; None where go is missing or the modules cannot be had.

    It lies in `$ROLLPLAN_TEST_CACHE` or else in `.make` of the checkout. Raises `RuntimeError` with what go
    said when the modules are there and still do not compile: that is our fault, not the environment's.
    """
    binary = _cache() / "server"
    if binary.exists():
        return binary
    if why_not():
        return None
    binary.parent.mkdir(parents=True, exist_ok=True)
    with (binary.parent / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the second of two test workers waits for the first one's build
        if not binary.exists():
            _compile(binary)
    return binary


def why_not() -> str:
    """Why the server cannot be built here; empty if all that a build needs is at hand."""
    if shutil.which("go") is None:
        return "go is not installed"
    # The modules that `go list` fetches are those that the build needs, and no more.
    listed = _go("list", "-deps", ".")
    return (
        ""
        if listed.returncode == 0
        else f"go cannot get its modules: {listed.stderr.strip().splitlines()[-1]}"
    )


def _cache() -> pathlib.Path:
    content = hashlib.sha256()
    for name in ("go.mod", "go.sum", "main.go"):
        content.update((SOURCE / name).read_bytes())
    root = pathlib.Path(os.environ.get("ROLLPLAN_TEST_CACHE") or ROOT / ".make")
    return root / "cluster" / content.hexdigest()[:16]


def _compile(binary: pathlib.Path) -> None:
    unfinished = binary.with_suffix(".part")
    done = _go("build", "-trimpath", "-ldflags", f"-s -w {_version()}", "-o", str(unfinished), ".")
    if done.returncode != 0:
        raise RuntimeError(f"the test server does not compile:\n{done.stderr}")
    unfinished.replace(binary)  # what has the final name is whole


def _version() -> str:
    """The linker flags without which the server calls itself v0.0.0."""
    found = VERSION.search((SOURCE / "go.mod").read_text(encoding="utf-8"))
    assert found, "go.mod names no version of k8s.io/kubernetes"
    values = zip(("gitVersion", "gitMajor", "gitMinor"), found.groups(), strict=True)
    return " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values)


def _go(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["go", *args], cwd=SOURCE, encoding="utf-8", capture_output=True, check=False)
