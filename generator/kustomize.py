"""Build a user's kustomization with the kustomize that is installed, after a look at what it reads.

Remote bases are refused before anything runs, and so is a base outside the allowed folders: a plan
reads what was reviewed with it, and nothing else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generator.codes import CODES
from generator.diagnostics import Findings
from generator.load import load_manifests, read_source
from generator.model import Ref
from generator.roots import Roots
from generator.source import Source

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""What a kustomization's file may be called."""

TIMEOUT = 60
"""Seconds that a build may take."""

_BUILDERS = (("kubectl", "kustomize"), ("kustomize", "build"))
_LISTS = (
    "resources",
    "bases",
    "components",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
)
_REMOTE = re.compile(r"://|^git@|^git::|^[-.a-z0-9]+\.[a-z]{2,}(:[0-9]+)?/|[?&](ref|version)=")


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One kustomization to build: its folder, where the plan names it, and which folders it may read."""

    folder: Path
    ref: Ref
    roots: Roots


def file_in(folder: Path) -> Path | None:
    """Give the kustomization file of a folder, if it has one."""
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def build(job: Build, found: Findings) -> Source | None:
    """Give what the kustomization builds, as one text; what stands in the way is a finding."""
    refused = [path for path in _reads(job.folder, job, found, set()) if not _is_allowed(path, job, found)]
    if refused:
        return None
    builder = next((words for words in _BUILDERS if shutil.which(words[0])), None)
    if builder is None:
        message = f"`{job.ref}` is a kustomization, and neither kubectl nor kustomize is installed"
        hint = "install kubectl, or render the kustomization to a file and name that"
        found.add(CODES["RP211"], message, job.ref.place, hint)
        return None
    try:
        done = subprocess.run(  # noqa: S603  a fixed program with a checked folder, and no shell
            [*builder, str(job.folder)],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        _refuse(job, f"it took more than {TIMEOUT} seconds", found)
        return None
    if done.returncode:
        _refuse(job, _reason(done.stderr, job.folder), found)
        return None
    return Source(name=f"{job.folder.as_posix()} (built)", text=done.stdout)


def _reason(said: str, folder: Path) -> str:
    """Give what kustomize says, without its log's prefix and without the paths of this machine."""
    lines = [line for line in said.strip().splitlines() if line.strip()] or ["it says nothing"]
    quoted = re.search(r'err="(.*)', lines[-1])
    text = quoted[1].rstrip('"') if quoted else lines[-1].removeprefix("error: ").removeprefix("Error: ")
    return text.replace(f"{os.path.realpath(folder)}/", "")[:200]


def _refuse(job: Build, reason: str, found: Findings) -> None:
    hint = f"run `kubectl kustomize {job.folder.as_posix()}` and mend what it says"
    found.add(CODES["RP212"], f"`{job.ref}` does not build: {reason}", job.ref.place, hint)


def _reads(folder: Path, job: Build, found: Findings, seen: set[str]) -> Iterator[str | Path]:
    """Give every remote address and every path that a kustomization and its local bases name."""
    file = file_in(folder)
    if file is None or os.path.realpath(folder) in seen:
        return
    seen.add(os.path.realpath(folder))
    source = read_source(file, file.as_posix(), found)
    for document in load_manifests(source, found) if source else ():
        data = document.data if isinstance(document.data, dict) else {}
        for entry in (str(item) for key in _LISTS for item in data.get(key) or () if isinstance(item, str)):
            if "\n" in entry:
                continue
            if _REMOTE.search(entry) and not (folder / entry).exists():
                yield entry
                continue
            yield folder / entry
            yield from _reads(folder / entry, job, found, seen)


def _is_allowed(path: str | Path, job: Build, found: Findings) -> bool:
    if isinstance(path, str):
        message = f"`{job.ref}` has the remote base `{path[:120]}`"
        hint = "copy it into the repository: what a rollout is made of must be reviewed with it"
        found.add(CODES["RP213"], message, job.ref.place, hint)
        return False
    if job.roots.hold(path):
        return True
    message = f"`{job.ref}` reads `{path.as_posix()}`, outside the folder of the plan"
    found.add(
        CODES["RP202"], message, job.ref.place, "name the folder under `spec.roots`, if the plan may read it"
    )
    return False
