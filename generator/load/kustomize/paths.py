"""Judge what a kustomization names: a relative path, to something that is there, in a folder it may read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from generator.load.kustomize.fields import Entry
from generator.load.kustomize.job import FILES, Build, file_in
from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.source import Place, quoted

_ALWAYS_REMOTE: Final = re.compile(
    r"://|[?&](ref|version|timeout|submodules)=|\Agit::|\A[^/]+@|\A(github\.com|gh)[:/]", re.I
)
_SEEMS_REMOTE: Final = re.compile(r"\A[-.a-z0-9]+\.[a-z]{2,}(:[0-9]+)?[:/]", re.I)
"""What kustomize takes for an address though a folder of that name exists; what only a missing one is."""

_PLAIN: Final = re.compile(r"/?[\w.+,~ -]{1,255}(/[\w.+,~ -]{1,255})*/?")
"""A path without anything that has a meaning in an address, and without what cannot be seen."""

_LENGTH: Final = 1024
_HINT: Final = "name a path with letters, digits, blanks and `-_.+,~`, on one line"
_RESERVED: Final = frozenset(name.casefold() for name in FILES)


def judged(job: Build, entry: Entry, folder: Path, place: Place) -> Reporting[Path | None]:
    """Return the path of an entry, not resolved; None, with a finding, where it may not be read."""
    text = entry.text.partition("=")[2] if _has_key(entry) else entry.text
    path = folder / text
    if _is_remote(entry.text, path) or _is_remote(text, path):
        yield from _remote(job, entry, place)
    elif not _is_plain(text) or _is_bad_key(entry):
        message = f"{quoted(entry.text)} in `{job.ref}` is no path that rollplan reads"
        yield finding("RP214", message, place, _HINT)
    elif not job.roots.hold(path):
        message = f"`{job.ref}` reads {quoted(path.as_posix())}, outside the folder of the plan"
        yield finding("RP202", message, place, "name the folder under `spec.roots`, if the plan may read it")
    elif not path.exists():
        yield from job.refuse(f"there is no {quoted(path.as_posix())}", place)
    elif not _is_plain(relative_to(folder, path)):
        message = f"{quoted(entry.text)} in `{job.ref}` leads to a path that rollplan does not read"
        yield finding("RP214", message, place, _HINT)
    elif (reason := _unfit(entry, text, path)) or (reason := _unfit(entry, text, _real(path))):
        yield from job.refuse(reason, place)
    else:
        return path
    return None


def _is_remote(text: str, path: Path) -> bool:
    if _ALWAYS_REMOTE.search(text):
        return True
    return bool(_SEEMS_REMOTE.search(text)) and not os.path.exists(path)  # noqa: PTH110  it never raises


def relative_to(folder: Path, path: Path) -> str:
    """Return the way from a folder to a path, both without links."""
    return Path(os.path.relpath(_real(path), _real(folder))).as_posix()


def _is_plain(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text)) and len(text) <= _LENGTH


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _has_key(entry: Entry) -> bool:
    return entry.kind == "keyed file" and "=" in entry.text


def _is_bad_key(entry: Entry) -> bool:
    return _has_key(entry) and not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", entry.text.partition("=")[0])


def _remote(job: Build, entry: Entry, place: Place) -> Reporting[None]:
    message = f"`{job.ref}` has the remote base {quoted(entry.text)}"
    hint = "copy it into the repository: what a rollout is made of must be reviewed with it"
    yield finding("RP213", message, place, hint)


def _unfit(entry: Entry, text: str, path: Path) -> str:
    """Return what keeps a path that exists from being what the entry wants."""
    shown = quoted(text)
    if text.startswith("/"):
        return f"{shown} is not relative"
    if path.is_dir():
        if entry.kind not in {"base", "folder"}:
            return f"{shown} is a folder"
        return "" if file_in(path) else f"the folder {shown} has no kustomization"
    if entry.kind == "folder":
        return f"{shown} is not a folder"
    if path.name.casefold() in _RESERVED:
        return f"{shown} is a kustomization; name its folder"
    return "" if path.is_file() else f"{shown} is not a regular file"
