"""Build a user's kustomization with the kustomize that is installed, from what was judged before.

kustomize fetches addresses, starts git for a remote base, and reads files by rules that change with its
version. So it never sees the user's folder: only a copy, in which every field and every path is one that
was understood. A plan reads what was reviewed with it, and nothing else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from generator.load.kustomize.copy import Files, copied
from generator.load.kustomize.job import Build
from generator.load.kustomize.workspace import TIMEOUT, Ran, run, workspace
from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.source import Source

_BUILDERS = (("kubectl", "kustomize"), ("kustomize", "build"))


def build(job: Build) -> Reporting[Source | None]:
    """Return what the kustomization builds, as one text; what stands in the way is a finding.

    Nothing runs before every field and path of it, and of its bases, was understood.
    """
    files = yield from copied(job)
    if files is None:
        return None
    builder = _builder()
    if not builder:
        message = f"`{job.ref}` is a kustomization, and neither kubectl nor kustomize is installed"
        hint = "install kubectl, or render the kustomization to a file and name that"
        yield finding("RP211", message, job.ref.place, hint)
        return None
    try:
        done, places = _built(job, builder, files)
    except subprocess.TimeoutExpired:
        yield from job.refuse(f"it took more than {TIMEOUT} seconds")
        return None
    if done.code:
        yield from job.refuse(_first_line(done.errors, places))
        return None
    return Source(name=f"{job.folder.as_posix()} (built)", text=done.output)


def _builder() -> list[str]:
    """Return the program that builds, by its absolute path, and its command."""
    for program, command in _BUILDERS:
        found = shutil.which(program)
        if found:
            return [os.path.realpath(Path(found).parent) + f"/{program}", command]
    return []


def _built(job: Build, builder: list[str], files: Files) -> tuple[Ran, tuple[str, ...]]:
    """Return how the build ended, and the folders of the copy that stand for what the plan may read."""
    top = os.path.commonpath(job.roots.paths)
    with workspace(files, top) as copy:
        folder = copy / os.path.relpath(os.path.realpath(job.folder), top)
        places = [os.path.normpath(copy / os.path.relpath(root, top)) for root in job.roots.paths]
        return run([*builder, "."], folder), (*places, str(copy))


_LOGGED = re.compile(r'[A-Z][0-9]{4} .*?\] "command failed" err=(?:"(?P<line>.*)"|<)')
"""What kubectl makes of an error: with the time and a process in front, the same never comes twice."""


def _first_line(error: str, places: tuple[str, ...]) -> str:
    """Return the first line of an error, without warnings, and with paths relative to the plan."""
    lines = [line.strip() for line in error.splitlines() if not line.startswith("# Warning")]
    line, *rest = [line for line in lines if line] or ["it gives no reason"]
    logged = _LOGGED.fullmatch(line)
    if logged:
        line = (logged["line"] or next(iter(rest), "")).replace('\\"', '"')
    line = line.removeprefix("Error: ").removeprefix("error: ")
    for place in places:
        line = line.replace(f"{place}/", "")
    for place in places:
        line = line.replace(place, ".")
    return line.replace("'./", "'")[:300]
