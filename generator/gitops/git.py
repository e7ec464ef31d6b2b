"""Files as a Git revision has them, read with the git command; nothing is checked out or changed.

Revisions and paths may come from a stranger's pull request: no shell sees them, none can be taken for an
option, and nothing that a repository's configuration names is run or fetched.
"""

from __future__ import annotations

import os
import posixpath
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator.model.findings import Fault
from generator.model.source import quoted

_TIMEOUT: Final = 60
_LARGEST: Final = 64 << 20
"""Bytes that are read of one folder: as much as a render may write."""

_GIT: Final = (
    "git",
    "--no-pager",
    "--no-replace-objects",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "protocol.allow=never",
)
_QUIET: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
_FILE, _PROGRAM, _LINK = "100644", "100755", "120000"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file of a revision: its mode and its object, relative to the folder that was asked for."""

    path: str
    mode: str
    object: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """A commit of the repository around `folder`, under the name that the user gave it."""

    name: str
    commit: str
    folder: Path

    def kind(self, path: str) -> str | None:
        """Return whether a path is a `blob` (a file) or a `tree` (a folder); None where nothing is."""
        done = _run(self.folder, "cat-file", "-t", f"{self.commit}:{path}")
        return None if done.returncode else done.stdout.decode().strip()

    def folders(self, path: str) -> tuple[str, ...]:
        """Return the names of the folders in a folder."""
        listed = _checked(
            self.folder, "ls-tree", "-z", "-d", "--name-only", "--full-tree", f"{self.commit}:{path}"
        )
        return tuple(os.fsdecode(name) for name in listed.split(b"\0") if name)

    def files(self, path: str) -> dict[str, bytes]:
        """Return every regular file below a folder; raises `Fault` for a link, which could lead anywhere."""
        entries = [entry for entry in self._entries(path) if entry.mode in {_FILE, _PROGRAM, _LINK}]
        links = [entry.path for entry in entries if entry.mode == _LINK]
        if links:
            raise Fault(f"{quoted(posixpath.join(path, links[0]))} of {self.name} is a symbolic link")
        if sum(entry.size for entry in entries) > _LARGEST:
            raise Fault(f"{quoted(path)} of {self.name} has more than {_LARGEST >> 20} MiB")
        return dict(zip((entry.path for entry in entries), self._contents(entries), strict=True))

    def file(self, path: str) -> bytes:
        """Return the bytes of one file."""
        folder, name = posixpath.split(path)
        found = {entry.path: entry for entry in self._entries(folder) if entry.path == name}
        (contents,) = self._contents([found[name]])
        return contents

    def _entries(self, path: str) -> list[Entry]:
        listed = _checked(self.folder, "ls-tree", "-r", "-z", "-l", "--full-tree", f"{self.commit}:{path}")
        return [_entry(line) for line in listed.split(b"\0") if line]

    def _contents(self, entries: list[Entry]) -> list[bytes]:
        requested = "".join(f"{entry.object}\n" for entry in entries).encode()
        given = _checked(self.folder, "cat-file", "--batch", given=requested)
        found, place = [], 0
        for entry in entries:
            start = given.index(b"\n", place) + 1
            found.append(given[start : start + entry.size])
            place = start + entry.size + 1
        return found


def revision(name: str, folder: Path) -> Revision:
    """Find a revision in the repository around `folder`; raises `Fault` where there is none."""
    if not name or name.startswith("-") or "\0" in name:
        raise Fault(f"{quoted(name)} is no revision")
    done = _run(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    commit = done.stdout.decode().strip()
    if done.returncode or not commit.isalnum():
        raise Fault(f"Git knows no revision {quoted(name)}" + _reason(done.stderr))
    return Revision(name=name, commit=commit, folder=folder)


def inside(path: Path) -> str:
    """Return a path of the working tree as the repository around it knows it."""
    real = Path(os.path.realpath(path))
    folder = next(parent for parent in (real, *real.parents) if parent.is_dir())
    top = os.fsdecode(_checked(folder, "rev-parse", "--show-toplevel")).removesuffix("\n")
    relative = os.path.relpath(real, os.path.realpath(top))
    return "" if relative == "." else relative


def _entry(line: bytes) -> Entry:
    head, _, path = line.partition(b"\t")
    mode, _, object_, size = head.decode().split()
    return Entry(path=os.fsdecode(path), mode=mode, object=object_, size=0 if size == "-" else int(size))


def _checked(folder: Path, *words: str, given: bytes = b"") -> bytes:
    done = _run(folder, *words, given=given)
    if done.returncode:
        raise Fault(f"Git cannot read the repository around {quoted(str(folder))}" + _reason(done.stderr))
    return done.stdout


def _run(folder: Path, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603  a fixed program, no shell, and no word of a user that is an option
            [*_GIT, "-C", str(folder), *words],
            input=given,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
            env={**os.environ, **_QUIET},
        )
    except FileNotFoundError:
        raise Fault("git is not installed, and only it can read a revision") from None
    except subprocess.TimeoutExpired:
        raise Fault(f"git took more than {_TIMEOUT} seconds") from None
    except ValueError:
        raise Fault("a path has a character that none can have") from None


def _reason(error: bytes) -> str:
    line = error.decode(errors="replace").strip().partition("\n")[0].removeprefix("fatal: ")
    return f": {line[:200]}" if line else ""
