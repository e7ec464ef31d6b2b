"""Compare the files on disk with those that rollplan wrote last and those that it is to write."""

from __future__ import annotations

import errno
import os
import pathlib
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from generator.disk.inventory import digest, encoded, inventory_text, parse_inventory
from generator.disk.tree import Listing, read_file, scan
from generator.disk.values import INVENTORY, LIVE, Planned, Written, ancestors, shown
from generator.model.findings import Fault

FILE_MODE = 0o644
DIRECTORY_MODE = 0o755


@dataclass(frozen=True, kw_only=True, slots=True)
class Blueprint:
    """How to build a plan's new directory: relative paths; "" is the directory itself.

    `write` are new bytes, `link` is carried over from the old tree, `directories` are all there will be,
    `ours` those that hold our files (the others keep mode and owner), `stamps` what keeps its times.
    """

    write: Mapping[str, bytes]
    link: frozenset[str]
    directories: frozenset[str]
    ours: frozenset[str]
    stamps: Mapping[str, os.stat_result]
    found: Listing


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryPlan:
    """One plan's directory compared: what will be done, what was edited by hand, whether it is due."""

    blueprint: Blueprint
    written: Written
    edited: tuple[str, ...]
    due: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Digests:
    """SHA-256 by path: files of the inventory, files on disk, and files to write."""

    old: Mapping[str, str]
    disk: Mapping[str, str]
    new: Mapping[str, str]


def plan_directory(place: pathlib.Path, plan: Planned, version: str) -> DirectoryPlan:
    """Compare the directory at `place` with what `plan` renders; reads, never writes.

    Raises `Fault` when the directory is not ours, or something that is not ours stands in the way.
    """
    found = scan(place)
    files = rendered(plan, version)
    digests = digests_of(place, found, files)
    blueprint = _blueprint(found, files, digests)
    _check_blocked(place, blueprint, digests)
    disk, new = digests.disk, digests.new
    due = bool(digests.disk.keys() - digests.new.keys() or blueprint.write) or _directories_differ(blueprint)
    if due:
        _check_rights(place, found)
    written = Written(
        name=plan.name,
        changed=tuple(sorted(path for path in new if disk.get(path) != new[path])),
        removed=tuple(sorted(disk.keys() - new.keys())),
        unknown=unknown(found, digests),
    )
    return DirectoryPlan(
        blueprint=blueprint,
        written=written,
        edited=tuple(sorted(path for path in digests.old.keys() | new.keys() if _is_edited(path, digests))),
        due=due,
    )


def rendered(plan: Planned, version: str) -> dict[str, bytes]:
    """Return the bytes of every file of a plan, its inventory among them."""
    files = {path: encoded(plan, path) for path in plan.tree}
    return {**files, INVENTORY: inventory_text(plan, version=version).encode()}


def digests_of(place: pathlib.Path, found: Listing, files: Mapping[str, bytes]) -> Digests:
    """Return the digests of what was, what is and what is to be."""
    old = dict(_owned(place, found))
    _check_links(place, found, ancestors([*old, *files]))
    disk = {
        path: digest(read_file(place / path, status))
        for path, status in found.files.items()
        if path in old or path in files
    }
    return Digests(old=old, disk=disk, new={path: digest(data) for path, data in files.items()})


def _owned(place: pathlib.Path, found: Listing) -> Mapping[str, str]:
    """Read what we wrote last; a damaged inventory owns nothing, so that it counts as edited itself."""
    if INVENTORY not in found.files:
        if found.files or len(found.directories) > 1:
            raise Fault(f"{shown(place)} is not empty and has no {INVENTORY} of ours; move it away")
        return {}
    data = read_file(place / INVENTORY, found.files[INVENTORY])
    old = parse_inventory(data, shown(place / INVENTORY))
    return {} if old is None else {**old, INVENTORY: digest(data)}


def unknown(found: Listing, digests: Digests) -> tuple[str, ...]:
    """Return the files that are not ours; those of `live/` are another command's."""
    return tuple(
        sorted(shown(path) for path in found.files.keys() - digests.disk.keys() if not _is_live(path))
    )


def _is_edited(path: str, digests: Digests) -> bool:
    """Return whether writing would destroy somebody's work: neither what we wrote nor what we will write."""
    now = digests.disk.get(path)
    return now != digests.new.get(path) and now != digests.old.get(path)


def _blueprint(found: Listing, files: Mapping[str, bytes], digests: Digests) -> Blueprint:
    same = {path for path, sha256 in digests.new.items() if digests.disk.get(path) == sha256}
    keep = {path for path in same if stat.S_IMODE(found.files[path].st_mode) == FILE_MODE}
    link = keep | (found.files.keys() - digests.disk.keys())
    ours = ancestors(files)
    strange = found.directories.keys() - ancestors(digests.old) - ours
    directories = ours | strange | ancestors(link | strange)
    moved = directories ^ found.directories.keys()
    touched = _parents({*(files.keys() - same), *(digests.disk.keys() - files.keys()), *moved})
    kept = (directories & found.directories.keys()) - touched
    return Blueprint(
        write={path: data for path, data in files.items() if path not in keep},
        link=frozenset(link),
        directories=frozenset(directories),
        ours=ours,
        stamps={path: found.directories[path] for path in kept}
        | {path: found.files[path] for path in same - keep},
        found=found,
    )


def _directories_differ(blueprint: Blueprint) -> bool:
    """Return whether a directory is missing, superfluous, or not of the mode that ours have."""
    found = blueprint.found.directories
    return blueprint.directories != found.keys() or any(
        found[path].st_mode & 0o777 != DIRECTORY_MODE for path in blueprint.ours
    )


def _check_blocked(place: pathlib.Path, blueprint: Blueprint, digests: Digests) -> None:
    blocked = (digests.new.keys() & blueprint.directories) | (blueprint.ours & blueprint.link)
    if blocked:
        raise Fault(f"{shown(place / min(blocked))} is in the way of a file of ours; move it away")


def _check_links(place: pathlib.Path, found: Listing, directories: frozenset[str]) -> None:
    for path in sorted(directories & found.files.keys()):
        if stat.S_ISLNK(found.files[path].st_mode):
            raise Fault(f"{shown(place / path)} is a symbolic link where a directory of ours must be")


def _check_rights(place: pathlib.Path, found: Listing) -> None:
    """Refuse a tree that we could replace but not delete afterwards: another user's directories."""
    for path, status in found.directories.items():
        if status.st_uid == os.geteuid():  # then the mode can be changed
            continue
        if not os.access(
            place / path, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids
        ):
            raise Fault(f"cannot write {shown(place / path)}: {os.strerror(errno.EACCES)}")


def _parents(paths: Iterable[str]) -> set[str]:
    return {path.rpartition("/")[0] for path in paths if path}


def _is_live(path: str) -> bool:
    return path.partition("/")[0] == LIVE
