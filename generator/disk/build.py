"""Build a plan's new directory beside the old one, which is only read and linked to."""

from __future__ import annotations

import errno
import os
import pathlib
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from generator.disk.compare import DIRECTORY_MODE, FILE_MODE, Blueprint
from generator.disk.values import naming, shown
from generator.model.findings import Fault

_NO_LINKS = frozenset({errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})
"""What systems say that have no hard links, not here, not one more, or not to another user's file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Site:
    place: pathlib.Path  # where the tree will stand: the name for messages
    blueprint: Blueprint
    children: Mapping[str, list[str]]


@contextmanager
def opened(name: str | pathlib.Path, parent: int | None = None) -> Iterator[int]:
    """Open a directory, never through a link in its last component; yields its descriptor."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def build(out: int, slot: str, name: str, place: pathlib.Path, blueprint: Blueprint) -> int:
    """Build the tree of `blueprint` as `slot` in the directory `out`, beside the old tree `name`.

    Gives the inode number of the new directory. Raises `Fault`; what it made so far stays.
    """
    children: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted({*blueprint.write, *blueprint.link, *blueprint.directories} - {""}):
        children[path.rpartition("/")[0]].append(path)
    site = _Site(place=place, blueprint=blueprint, children=children)
    with naming(place):
        _directory(site, "", slot, out, name, out)
        return os.stat(slot, dir_fd=out, follow_symlinks=False).st_ino


def flush(out: int, slots: Iterable[tuple[str, Blueprint]]) -> None:
    """Make the new trees durable: file by file, for a system without syncfs."""
    for slot, blueprint in slots:
        for path in (*blueprint.write, *blueprint.directories):
            descriptor = os.open(f"{slot}/{path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=out)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _directory(site: _Site, path: str, name: str, parent: int, old_name: str, old_parent: int | None) -> None:
    os.mkdir(name, DIRECTORY_MODE, dir_fd=parent)
    with opened(name, parent) as new, _opened_old(site, path, old_name, old_parent) as old:
        for child in site.children[path]:
            with naming(site.place / child):
                _child(site, child, new, old)
        _dress(site.blueprint, path, new)


@contextmanager
def _opened_old(site: _Site, path: str, name: str, parent: int | None) -> Iterator[int | None]:
    if parent is None or path not in site.blueprint.found.directories:
        yield None
        return
    with opened(name, parent) as descriptor:
        yield descriptor


def _child(site: _Site, path: str, new: int, old: int | None) -> None:
    name = path.rpartition("/")[2]
    blueprint = site.blueprint
    if path in blueprint.directories:
        _directory(site, path, name, new, name, old)
    elif path in blueprint.write:
        _create(name, blueprint.write[path], FILE_MODE, new, blueprint.stamps.get(path))
    elif old is not None:
        _link(site, path, name, new, old)


def _create(name: str, data: bytes, mode: int, parent: int, stamp: os.stat_result | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, mode, dir_fd=parent)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:  # the umask took some
            os.fchmod(descriptor, mode)
        _stamp(descriptor, stamp)
    finally:
        os.close(descriptor)


def _link(site: _Site, path: str, name: str, new: int, old: int) -> None:
    try:
        os.link(name, name, src_dir_fd=old, dst_dir_fd=new, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _copy(site, path, name, new, old)


def _copy(site: _Site, path: str, name: str, new: int, old: int) -> None:
    status = site.blueprint.found.files[path]
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(name, dir_fd=old), name, dir_fd=new)
        return
    if not stat.S_ISREG(status.st_mode):
        raise Fault(f"{shown(site.place / path)} is not a file and cannot be carried into a new tree")
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=old)
    with os.fdopen(descriptor, "rb") as file:
        _create(name, file.read(), stat.S_IMODE(status.st_mode), new, status)


def _dress(blueprint: Blueprint, path: str, directory: int) -> None:
    """Return a filled directory its mode, and owner and times of the one it stands for."""
    was = blueprint.found.directories.get(path)
    now = os.fstat(directory)
    if path in blueprint.ours or was is None:
        if now.st_mode & 0o777 != DIRECTORY_MODE:
            os.fchmod(directory, DIRECTORY_MODE)
    else:
        if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
            with suppress(
                PermissionError
            ):  # only root may give away; the directory is worth more than its owner
                os.fchown(directory, was.st_uid, was.st_gid)
        if was.st_mode != now.st_mode:
            os.fchmod(directory, stat.S_IMODE(was.st_mode))
    _stamp(directory, blueprint.stamps.get(path))


def _stamp(descriptor: int, status: os.stat_result | None) -> None:
    if status is not None:
        os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
