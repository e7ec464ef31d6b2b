"""Read the documents at a path of a plan: a file, a folder of files, or a kustomization."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path

from generator.load.kustomize import Build, build, file_in
from generator.load.reader import read_source
from generator.load.roots import Roots
from generator.load.secrets import load_hiding_secrets
from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.source import Document, Ref

Read = Callable[[Ref], Reporting[tuple[Document, ...]]]
"""Returns the documents of one path of a plan."""

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


def documents(path: Ref, folder: Path, roots: Roots) -> Reporting[tuple[Document, ...]]:
    """Return the documents of one path, relative to the plan's folder."""
    start = folder / path.value
    if not roots.hold(start):
        message = f"`{path}` leads outside the folder of the plan"
        hint = "copy what the rollout needs into it, or name the folder under `spec.roots`"
        yield finding("RP202", message, path.place, hint)
    elif not start.exists():
        message = f"there is no `{path}` beside the plan"
        yield finding("RP201", message, path.place, _nearest(start, folder))
    elif start.is_dir() and file_in(start):
        source = yield from build(Build(folder=start, ref=path, roots=roots))
        return (yield from load_hiding_secrets(source)) if source else ()
    else:
        return (yield from _in_files(path, folder, roots))
    return ()


def _in_files(path: Ref, folder: Path, roots: Roots) -> Reporting[tuple[Document, ...]]:
    start = folder / path.value
    files = sorted(_files(start, roots, set())) if start.is_dir() else [start]
    documents: list[Document] = []
    if not files:
        message = f"`{path}` holds no YAML or JSON file"
        yield finding("RP206", message, path.place, "add the manifests to it")
    for file in files:
        if not roots.hold(file):
            message = f"`{file.relative_to(folder).as_posix()}` is a link to outside the plan's folder"
            yield finding("RP202", message, path.place, "replace the link by the file itself")
            continue
        source = yield from read_source(file, file.as_posix())
        read = (yield from load_hiding_secrets(source)) if source else ()
        if source and not read and file == start:
            yield finding("RP206", f"`{path}` holds no object", path.place, "add the manifests to it")
        documents += read
    return tuple(documents)


def _files(folder: Path, roots: Roots, seen: set[str]) -> Iterator[Path]:
    """Return the files of a folder, links followed; a folder once, and a link to outside as it is."""
    seen.add(os.path.realpath(folder))
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and roots.hold(entry):
            if os.path.realpath(entry) not in seen:
                yield from _files(entry, roots, seen)
        elif entry.suffix in _SUFFIXES or entry.is_dir():
            yield entry


def _nearest(path: Path, folder: Path) -> str:
    names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    close = get_close_matches(path.name, names, n=1, cutoff=0.75)
    if not close:
        return "paths are relative to the plan's file"
    return f"did you mean `{(path.parent / close[0]).relative_to(folder).as_posix()}`?"
