"""Copy what a kustomization reads: kustomizations written anew, files as they are, nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.emit import emit
from generator.load.kustomize.fields import Entry, entries, understood
from generator.load.kustomize.job import FILES, Build
from generator.load.kustomize.paths import judged, relative_to
from generator.load.limits import Limits
from generator.load.reader import read_bytes, read_source
from generator.load.secrets import load_hiding_secrets
from generator.model.codes import finding
from generator.model.findings import Reporting, unless_errors
from generator.model.source import Document, Place, quoted

Files = Mapping[str, bytes]
"""Texts by the real path of the file that they come from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One kustomization, its files, and the folders of its bases."""

    files: Files
    bases: tuple[Path, ...] = ()


def copied(job: Build) -> Reporting[Files | None]:
    """Return the files of a kustomization and its bases; None where one of them has an error.

    Links are resolved: a file stands under its real path, and every entry names that.
    """
    files: dict[str, bytes] = {}
    seen: set[str] = set()
    waiting = [job.folder]
    failed = False
    while waiting:
        folder = waiting.pop(0)
        if os.path.realpath(folder) in seen:
            continue
        seen.add(os.path.realpath(folder))
        part = yield from unless_errors(_part(job, folder))
        if part is None:
            failed = True
            continue
        files |= part.files
        waiting += part.bases
    return None if failed else files


def _part(job: Build, folder: Path) -> Reporting[_Part | None]:
    file = yield from _file(job, folder)
    document = (yield from _document(job, file)) if file else None
    data = (yield from unless_errors(understood(document, str(job.ref)))) if document else None
    if file is None or document is None:
        return None
    files: dict[str, bytes] = {}
    bases: list[Path] = []
    for entry in [*entries(data)] if isinstance(data, dict) else ():
        if _is_inline(entry):
            name = f"@inline-{entry.path[-1]}.yaml"  # no path of a user's has an @
            files[str(Path(_real(folder)) / name)] = entry.text.encode()
            _put(data, entry, f"./{name}")
            continue
        place = document.at(entry.path)
        path = yield from judged(job, entry, folder, place)
        if path and path.is_dir():
            bases.append(path)
        elif path:
            files[_real(path)] = yield from _contents(path, place)
        _put(data, entry, _named(entry, folder, path or folder))
    files[str(Path(_real(folder)) / file.name)] = emit(data).encode()
    return _Part(files=files, bases=tuple(bases))


def _file(job: Build, folder: Path) -> Reporting[Path | None]:
    """Return the one kustomization file of a folder."""
    files = [folder / name for name in FILES if (folder / name).is_file()]
    own = {os.path.realpath(file) for file in files}
    if len(own) > 1:
        yield from job.refuse(f"{quoted(folder.as_posix())} has several kustomization files")
    elif not files:
        yield from job.refuse(f"{quoted(folder.as_posix())} has no kustomization file")
    elif not job.roots.hold(files[0]):
        message = f"`{job.ref}` reads {quoted(files[0].as_posix())}, outside the folder of the plan"
        hint = "name the folder under `spec.roots`, if the plan may read it"
        yield finding("RP202", message, job.ref.place, hint)
    else:
        return files[0]
    return None


def _document(job: Build, file: Path) -> Reporting[Document | None]:
    """Return the one document of a kustomization, read without an error."""
    source = yield from read_source(file, file.as_posix())
    documents = (yield from unless_errors(load_hiding_secrets(source))) if source else None
    if documents is None:
        return None
    if len(documents) != 1:
        place = documents[1].at(()) if documents else None
        yield from job.refuse(f"{quoted(file.as_posix())} holds {len(documents)} documents, not one", place)
        return None
    return documents[0]


def _contents(path: Path, place: Place) -> Reporting[bytes]:
    data = read_bytes(Path(_real(path)), path.as_posix())
    if len(data) > Limits.size:
        message = f"{quoted(path.as_posix())} has more than {Limits.size:,} bytes"
        yield finding("RP008", message, place, "split it into several files")
    return data


def _is_inline(entry: Entry) -> bool:
    """Return whether a patch stands in the kustomization itself; a line break at the end makes none."""
    return entry.kind == "patch" and ("\n" in entry.text.strip() or entry.text.startswith("{"))


def _named(entry: Entry, folder: Path, path: Path) -> str:
    """Return what names a path from its real folder; with `./` in front nobody takes it for an address."""
    relative = relative_to(folder, path)
    name = relative if relative.startswith("..") else f"./{relative}"
    if entry.kind != "keyed file":
        return name
    key, given, _ = entry.text.partition("=")
    return f"{key if given else Path(key).name}={name}"


def _put(data: Any, entry: Entry, text: str) -> None:
    for part in entry.path[:-1]:
        data = data[part]
    data[entry.path[-1]] = text


def _real(path: Path) -> str:
    return os.path.realpath(path)
