"""What to write, what was written, and how a failed system call becomes a sentence."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from generator.model.findings import Fault

Tree = Mapping[str, str]
"""Path relative to a plan's directory, with forward slashes, to text."""

INVENTORY = "inventory.json"
LIVE = "live"


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """One plan's output: the directory below OUT, and everything in it that we own but the inventory.

    `identities` gives the object in a file its name in the inventory; `sources` are the files that the
    plan was read from, which its own output must never replace.
    """

    name: str
    tree: Tree
    identities: Mapping[str, str]
    sources: tuple[pathlib.Path, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What happened to one plan's directory: paths relative to it, sorted.

    `changed` was added or rewritten, `removed` is gone, `unknown` is not ours and was kept.
    """

    name: str
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def unchanged(self) -> bool:
        """Return whether the directory already held what the plan renders."""
        return not self.changed and not self.removed


class HandEdited(Exception):
    """Files were edited, deleted or put in our way by hand; nothing was written. `paths` begin with OUT."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(sorted(paths))
        super().__init__(", ".join(self.paths))


@contextmanager
def naming(path: pathlib.Path, verb: str = "write") -> Iterator[None]:
    """Turn an OSError inside the block into a Fault that names `path` and what the system said."""
    try:
        yield
    except OSError as error:
        raise Fault(f"cannot {verb} {shown(path)}: {error.strerror or error}") from error


def shown(path: pathlib.PurePath | str) -> str:
    """Return a path as text that can be printed, whatever bytes the file system has in it."""
    return os.fsencode(path).decode(errors="backslashreplace")


def ancestors(paths: Iterable[str]) -> frozenset[str]:
    """Return every directory above the given relative paths; "" is the plan's directory itself."""
    found: set[str] = set()
    for path in paths:
        while path:
            path = path.rpartition("/")[0]
            if path in found:
                break
            found.add(path)
    return frozenset(found)
