"""Read every file and directory of a plan's directory; links are never followed."""

from __future__ import annotations

import os
import pathlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass

from generator.disk.values import naming, shown
from generator.model.findings import Fault

_DEPTH = 64
"""Deeper directories are refused: each level holds file descriptors open while it is carried over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A tree on the disk by relative path: directories ("" is the root), and everything else as files."""

    files: Mapping[str, os.stat_result]
    directories: Mapping[str, os.stat_result]


def read_tree(directory: pathlib.Path) -> dict[str, str]:
    r"""Read every file below `directory` as text, by relative path, line ends as they are.

    Bytes that are not UTF-8 show as `\xNN`. Raises `Fault` for links, for anything else that is not a
    regular file, and when `directory` does not exist.
    """
    found = scan(directory)
    if not found.directories:
        raise Fault(f"{shown(directory)} does not exist")
    return {
        shown(path): read_file(directory / path, found.files[path]).decode(errors="backslashreplace")
        for path in sorted(found.files)
    }


def scan(root: pathlib.Path) -> Listing:
    """List what is below `root`; nothing at all when it does not exist.

    Raises `Fault` when `root` is not a real directory, or what is below cannot be moved with it.
    """
    with naming(root, "read"):
        try:
            top = root.lstat()
        except FileNotFoundError:
            return Listing(files={}, directories={})
        if not stat.S_ISDIR(top.st_mode):
            raise Fault(f"{shown(root)} is {_KINDS.get(stat.S_IFMT(top.st_mode), 'not a directory')}")
    files: dict[str, os.stat_result] = {}
    directories = {"": top}
    waiting = [""]
    while waiting:
        path = waiting.pop()
        for name, status in _entries(root / path):
            child = f"{path}/{name}" if path else name
            if stat.S_ISDIR(status.st_mode):
                _check_directory(root / child, child, status, top)
                directories[child] = status
                waiting.append(child)
            else:
                files[child] = status
    return Listing(files=files, directories=directories)


def read_file(path: pathlib.Path, status: os.stat_result) -> bytes:
    """Read a regular file; raises `Fault` when it is a link or anything else."""
    if not stat.S_ISREG(status.st_mode):
        raise Fault(f"{shown(path)} is {_KINDS.get(stat.S_IFMT(status.st_mode), 'not a regular file')}")
    with naming(path, "read"):
        # O_NONBLOCK: a pipe put there since the listing must not hang us.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()


def _entries(directory: pathlib.Path) -> list[tuple[str, os.stat_result]]:
    with naming(directory, "read"), os.scandir(directory) as entries:
        return [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]


def _check_directory(place: pathlib.Path, path: str, status: os.stat_result, top: os.stat_result) -> None:
    if status.st_dev != top.st_dev:
        raise Fault(f"{shown(place)} is a mount point, which cannot be carried into a new tree")
    if path.count("/") >= _DEPTH:
        raise Fault(f"{shown(place)} is nested more than {_DEPTH} directories deep")


_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFREG: "a file, not a directory",
    stat.S_IFDIR: "a directory, not a file",
}
