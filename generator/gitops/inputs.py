"""Resolve a side of a comparison (a path, a plan, a Git revision) to its stages.

A plan file, a rendered plan, a folder of them, one stage; on the disk, or as `REV:path` in Git.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from generator.disk.temporary import scratch
from generator.disk.tree import read_tree as tree_on_disk
from generator.gitops.compare.model import Series, Side
from generator.gitops.compare.snapshots import read_file, read_stage, read_tree
from generator.gitops.git import Revision, inside, revision
from generator.load.reader import load_plan, read_source
from generator.model.findings import Fault, Finding, Rejected, value_of
from generator.model.manifests import dig
from generator.model.source import Source, quoted
from generator.pipeline import Collector, Compiled, compile_plan, planned

_FILE, _FOLDER = "blob", "tree"
_STAGES = "stages"
"""The folder by which a rendered plan is known."""

_BESIDE = frozenset({"live", "rollback"})
"""Folders beside it that can be compared like a stage."""


class _Place(Protocol):
    """Where files are: the disk, or a revision."""

    def kind(self, path: str) -> str | None:
        """Return what is there: a file, a folder, or nothing."""

    def folders(self, path: str) -> tuple[str, ...]:
        """Return the names of the folders in a folder."""

    def texts(self, path: str) -> Mapping[str, str]:
        """Return every file below a folder by relative path."""

    def plan(self, path: str) -> Compiled:
        """Compile a plan."""


def side(name: str) -> Side:
    """Read a side that the user names: a path if there is one, else `REV:path`.

    Raises `Fault` where there is neither, and `Rejected` with the findings of a plan or file that is wrong.
    """
    if Path(name).exists():
        return _read(_Disk(), str(Path(name).absolute()), name)
    before, colon, path = name.partition(":")
    if not colon:
        raise Fault(f"there is no {quoted(name)}, and it is no `REV:path` of Git either")
    here = Path.cwd()
    path = posixpath.join(inside(here), path) if path.startswith(("./", "../")) else path
    path = "" if posixpath.normpath(path) == "." else posixpath.normpath(path)
    place = _Commit(revision=revision(before, here))
    if path.startswith(("../", "/")) or path == ".." or place.kind(path) is None:
        raise Fault(f"{quoted(before)} has no {quoted(path)}")
    return _read(place, path, name)


def against(name: str, path: str) -> tuple[Side, Side]:
    """Read a path as the revision `name` has it, and as it is now; empty where it does not exist."""
    folder = next(parent for parent in Path(path).absolute().parents if parent.is_dir())
    place, known = _Commit(revision=revision(name, folder)), inside(Path(path))
    sides = ((place, known, f"{name}:{known}"), (_Disk(), str(Path(path).absolute()), path))
    found = tuple(
        _read(place, where, shown) if place.kind(where) else Side(name=shown, series=())
        for place, where, shown in sides
    )
    if not any(one.series for one in found):
        raise Fault(f"neither {quoted(name)} nor the working tree has {quoted(path)}")
    return found[0], found[1]


def two_files(name: str, before: str, after: str) -> tuple[Side, Side]:
    """Read two versions of one manifest file, as Git gives them to an external diff command."""
    found = Collector()
    texts = []
    for path in (before, after):
        source = None if path == os.devnull else found.collect(read_source(Path(path), name))
        texts.append(source.text if source else "")
    found.stop_if_errors()
    one, other = (Side(name=name, series=(read_file(name, text),)) for text in texts)
    return one, other


def _read(place: _Place, path: str, name: str) -> Side:
    if place.kind(path) == _FILE:
        compiled = place.plan(path)
        series = read_tree(name, planned(compiled).tree)
        return Side(name=name, series=(series,), findings=compiled.warnings)
    return Side(name=name, series=_series(place, path, name))


def _series(place: _Place, path: str, name: str) -> tuple[Series, ...]:
    parent, last = posixpath.split(path)
    if posixpath.basename(parent) == _STAGES:
        return (read_stage(name, place.texts(posixpath.dirname(parent)), f"{_STAGES}/{last}"),)
    if last in _BESIDE and _is_rendered(place, parent):
        return (read_stage(name, place.texts(parent), last),)
    if _is_rendered(place, path):
        return (read_tree(name, place.texts(path)),)
    inner = [folder for folder in place.folders(path) if _is_rendered(place, posixpath.join(path, folder))]
    if inner:
        roots = ((posixpath.join(name, folder), posixpath.join(path, folder)) for folder in sorted(inner))
        return tuple(read_tree(shown, place.texts(root)) for shown, root in roots)
    return (read_stage(name, place.texts(path), ""),)


def _is_rendered(place: _Place, path: str) -> bool:
    return place.kind(posixpath.join(path, _STAGES)) == _FOLDER


class _Disk:
    """The working tree; paths are absolute."""

    def kind(self, path: str) -> str | None:
        """Return what is there: a file, a folder, or nothing."""
        found = Path(path)
        return _FILE if found.is_file() else _FOLDER if found.is_dir() else None

    def folders(self, path: str) -> tuple[str, ...]:
        """Return the names of the folders in a folder."""
        return tuple(
            entry.name for entry in Path(path).iterdir() if entry.is_dir() and not entry.is_symlink()
        )

    def texts(self, path: str) -> Mapping[str, str]:
        """Return every file below a folder; links are refused."""
        return tree_on_disk(Path(path))

    def plan(self, path: str) -> Compiled:
        """Compile a plan where it stands."""
        return compile_plan(Path(os.path.relpath(path)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Commit:
    """A revision; paths are relative to its top."""

    revision: Revision

    def kind(self, path: str) -> str | None:
        """Return what is there: a file, a folder, or nothing."""
        return self.revision.kind(path)

    def folders(self, path: str) -> tuple[str, ...]:
        """Return the names of the folders in a folder."""
        return self.revision.folders(path)

    def texts(self, path: str) -> Mapping[str, str]:
        """Return every file below a folder; links are refused."""
        found = self.revision.files(path)
        return {name: data.decode(errors="backslashreplace") for name, data in found.items()}

    def plan(self, path: str) -> Compiled:
        """Compile a plan from a copy of what it may read: its folder, and those that its roots name."""
        files: dict[str, bytes] = {}
        for folder in (posixpath.dirname(path), *self._roots(path)):
            if self.kind(folder) == _FOLDER:
                inner = self.revision.files(folder)
                files |= {posixpath.join(folder, name): data for name, data in inner.items()}
        with scratch(files) as top:
            try:
                compiled = compile_plan(top / path)
            except Rejected as rejected:
                raise Rejected(_named(rejected.findings, f"{top}/", self.revision.name)) from None
            return replace(compiled, warnings=_named(compiled.warnings, f"{top}/", self.revision.name))

    def _roots(self, path: str) -> list[str]:
        text = self.revision.file(path).decode(errors="backslashreplace")
        document = value_of(load_plan(Source(name=path, text=text)))
        roots = dig(document.data, "spec", "roots") if document else None
        folders = (str(root) for root in roots) if isinstance(roots, list) else ()
        joined = (posixpath.normpath(posixpath.join(posixpath.dirname(path), folder)) for folder in folders)
        return [folder for folder in joined if not folder.startswith(("..", "/"))]


def _named(findings: tuple[Finding, ...], top: str, name: str) -> tuple[Finding, ...]:
    """Return findings of a copied plan the name of the revision, not of the copy."""

    def place(finding: Finding) -> Finding:
        source = finding.place.source
        known = replace(source, name=source.name.replace(top, f"{name}:"))
        return replace(finding, place=replace(finding.place, source=known))

    return tuple(place(finding) for finding in findings)
