"""Build a user's kustomization with the kustomize that is installed, after a look at what it reads.

Remote bases are refused before anything runs, and so is a base outside the allowed folders: a plan
reads what was reviewed with it, and nothing else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from generator.load.reader import load_manifests, read_source
from generator.load.roots import Roots
from generator.model.codes import finding
from generator.model.findings import Reporting, each
from generator.model.source import Ref, Source, quoted

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
"""Fields that name files and folders of objects, and of how to make or change them."""

_FILES = {
    "configMapGenerator": ("files", "env", "envs"),
    "secretGenerator": ("files", "env", "envs"),
    "openapi": ("path",),
    "patches": ("path",),
    "patchesJson6902": ("path",),
    "replacements": ("path",),
}
"""Fields whose items name files to read, and where; a generator's file may be given a key: `key=path`."""

_PLUGINS = frozenset({"generators", "transformers", "validators"})
"""Fields whose files hold settings that may name files and addresses in turn."""

_ALWAYS_REMOTE = re.compile(
    r"://|[?&](ref|version|timeout|submodules)=|\Agit::|\A[^/]+@|\A(github\.com|gh)[:/]", re.I
)
_SEEMS_REMOTE = re.compile(r"\A[-.a-z0-9]+\.[a-z]{2,}(:[0-9]+)?[:/]", re.I)
"""What kustomize takes for an address though a folder of that name exists; what only a missing one is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One kustomization to build: its folder, where the plan names it, and which folders it may read."""

    folder: Path
    ref: Ref
    roots: Roots


def file_in(folder: Path) -> Path | None:
    """Return the kustomization file of a folder, if it has one."""
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def build(job: Build) -> Reporting[Source | None]:
    """Return what the kustomization builds, as one text; what stands in the way is a finding.

    Nothing runs before every path that the kustomization reads is known to exist in an allowed folder.
    """
    reads = yield from _reads(job.folder, job, set())
    allowed = yield from each(partial(_is_allowed, job), reads)
    if not all(allowed):
        return None
    builder = next((words for words in _BUILDERS if shutil.which(words[0])), None)
    if builder is None:
        message = f"`{job.ref}` is a kustomization, and neither kubectl nor kustomize is installed"
        hint = "install kubectl, or render the kustomization to a file and name that"
        yield finding("RP211", message, job.ref.place, hint)
        return None
    try:
        done = subprocess.run(  # noqa: S603  a fixed program with a checked folder, and no shell
            [*builder, os.path.realpath(job.folder)],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        yield from _refuse(job, f"it took more than {TIMEOUT} seconds")
        return None
    if done.returncode:
        yield from _refuse(job, _first_line(done.stderr, job))
        return None
    return Source(name=f"{job.folder.as_posix()} (built)", text=done.stdout)


_LOGGED = re.compile(r'[A-Z][0-9]{4} .*?\] "command failed" err=(?:"(?P<line>.*)"|<)')
"""What kubectl makes of an error: with the time and a process in front, the same never comes twice."""


def _first_line(error: str, job: Build) -> str:
    """Return the first line of an error, without warnings, and with paths relative to the plan."""
    lines = [line.strip() for line in error.splitlines() if not line.startswith("# Warning")]
    line, *rest = [line for line in lines if line] or ["it gives no reason"]
    logged = _LOGGED.fullmatch(line)
    if logged:
        line = (logged["line"] or next(iter(rest), "")).replace('\\"', '"')
    line = line.removeprefix("Error: ").removeprefix("error: ")
    for root in job.roots.paths:
        line = line.replace(f"{root}/", "")
    return line[:300]


def _refuse(job: Build, reason: str) -> Reporting[None]:
    hint = f"run `kubectl kustomize {job.folder.as_posix()}` and fix the error that it shows"
    yield finding("RP212", f"`{job.ref}` does not build: {reason}", job.ref.place, hint)


def _reads(folder: Path, job: Build, seen: set[str]) -> Reporting[tuple[tuple[Path, str], ...]]:
    """Return every path and address that a kustomization and its local bases name, with its folder."""
    file = file_in(folder)
    if file is None or os.path.realpath(folder) in seen:
        return ()
    seen.add(os.path.realpath(folder))
    if not job.roots.hold(file):
        return ((folder, file.name),)
    reads: list[tuple[Path, str]] = []
    source = yield from read_source(file, file.as_posix())
    for document in (yield from load_manifests(source)) if source else ():
        data = document.data if isinstance(document.data, dict) else {}
        for key, entry in _named(data):
            reads.append((folder, entry))
            if _ALWAYS_REMOTE.search(entry) or not job.roots.hold(folder / entry):
                continue
            reads += yield from _reads(folder / entry, job, seen)
            if key in _PLUGINS and (folder / entry).is_file():
                addresses = yield from _addresses(folder / entry)
                reads += ((folder, text) for text in addresses)
    return tuple(reads)


def _named(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return what a kustomization's fields name; a text of several lines is the thing itself."""
    for key in (*_LISTS, "patchesStrategicMerge"):
        yield from ((key, entry) for entry in _texts(data.get(key)) if "\n" not in entry)
    for key, names in _FILES.items():
        items = data.get(key)
        for item in items if isinstance(items, list) else [items]:
            fields = item if isinstance(item, dict) else {}
            for name in names:
                entries = _texts(fields.get(name))
                yield from (
                    (key, entry.rpartition("=")[2] if name == "files" else entry) for entry in entries
                )


def _texts(value: Any) -> Iterator[str]:
    yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))


def _addresses(file: Path) -> Reporting[list[str]]:
    source = yield from read_source(file, file.as_posix())
    documents = (yield from load_manifests(source)) if source else ()
    texts = (text for document in documents for text in _all_texts(document.data))
    return [text for text in texts if "\n" not in text and "://" in text]


def _all_texts(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        data = list(data.values())
    for item in data if isinstance(data, list) else ():
        yield from _all_texts(item)
    if isinstance(data, str):
        yield data


def _is_allowed(job: Build, read: tuple[Path, str]) -> Reporting[bool]:
    folder, entry = read
    path = folder / entry
    if _ALWAYS_REMOTE.search(entry) or (_SEEMS_REMOTE.search(entry) and not path.exists()):
        message = f"`{job.ref}` has the remote base {quoted(entry)}"
        hint = "copy it into the repository: what a rollout is made of must be reviewed with it"
        yield finding("RP213", message, job.ref.place, hint)
    elif not job.roots.hold(path):
        message = f"`{job.ref}` reads {quoted(path.as_posix())}, outside the folder of the plan"
        hint = "name the folder under `spec.roots`, if the plan may read it"
        yield finding("RP202", message, job.ref.place, hint)
    elif not path.exists():
        yield from _refuse(job, f"there is no {quoted(path.as_posix())}")
    else:
        return True
    return False
