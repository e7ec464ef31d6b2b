"""Compare a plan's directory with what the plan renders, without writing."""

from __future__ import annotations

import pathlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass

from generator.disk.compare import digests_of, rendered, unknown
from generator.disk.inventory import parse_inventory, writer
from generator.disk.tree import read_file, scan
from generator.disk.values import INVENTORY, Planned, shown


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryStatus:
    """What was written, what stands there and what is to stand, as SHA-256 by path relative to `place`.

    `contents` has what differs, on the disk and as it is to be; `version` wrote the inventory (None: there
    is none, or it is damaged); `unknown` is not ours, `programs` are files of ours that can be run.
    """

    place: pathlib.Path
    exists: bool
    version: str | None
    old: Mapping[str, str]
    disk: Mapping[str, str]
    new: Mapping[str, str]
    contents: Mapping[str, tuple[bytes, bytes]]
    unknown: tuple[str, ...]
    programs: tuple[str, ...]


def directory_status(place: pathlib.Path, plan: Planned, version: str) -> DirectoryStatus:
    """Compare the directory at `place` with what `plan` renders; reads, never writes.

    Raises `Fault` when the directory is not ours, or cannot be read.
    """
    found, files = scan(place), rendered(plan, version)
    digests = digests_of(place, found, files)
    both = [path for path, sha256 in digests.disk.items() if digests.new.get(path, sha256) != sha256]
    return DirectoryStatus(
        place=place,
        exists=bool(found.directories),
        version=_version(place, found.files),
        old=digests.old,
        disk=digests.disk,
        new=digests.new,
        contents={path: (read_file(place / path, found.files[path]), files[path]) for path in both},
        unknown=unknown(found, digests),
        programs=tuple(
            sorted(path for path in digests.disk if stat.S_IMODE(found.files[path].st_mode) & 0o111)
        ),
    )


def _version(place: pathlib.Path, files: Mapping[str, object]) -> str | None:
    if INVENTORY not in files:
        return None
    data = (place / INVENTORY).read_bytes()
    return None if parse_inventory(data, shown(place / INVENTORY)) is None else writer(data)
