"""Swapping whole directories, and fixing what a killed run left behind.

For a plan NAME, `.NAME.rollplan-new` holds the tree being built and, after the swap, the replaced one: it
may always be deleted. Where two names cannot change places in one step, `.NAME.rollplan-old` is the old
tree between two renames: while NAME is missing, the old tree is there, and moves back.
"""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from generator.disk.build import opened
from generator.disk.linux import exchange
from generator.disk.values import naming

_LEFTOVER = re.compile(r"\.([a-z0-9-]{1,63})\.rollplan-(?:new|old)")


def slot(name: str) -> str:
    """Return the name of the sibling in which a plan's new tree is built."""
    return f".{name}.rollplan-new"


def swap_all(place: pathlib.Path, out: int, built: Mapping[str, int]) -> None:
    """Put the built tree of each plan (name -> inode number) in place; all of them or none.

    `out` is the open directory, `place` its name for messages. Raises `Fault`, after putting the old trees
    back.
    """
    try:
        for name in built:
            with naming(place / name):
                _swap(out, name)
        with naming(place):
            os.fsync(out)
    except BaseException:
        for name, inode in built.items():
            with suppress(OSError):
                _swap_back(out, name, inode)
        raise


def heal(out: int, name: str) -> None:
    """Bring a plan's old tree back if a killed run left it aside, and delete what that run built.

    Raises `OSError`.
    """
    if _inode(out, _aside(name)):
        if _inode(out, name):
            _discard(out, slot(name))
            os.rename(_aside(name), slot(name), src_dir_fd=out, dst_dir_fd=out)
        else:
            os.rename(_aside(name), name, src_dir_fd=out, dst_dir_fd=out)
    _discard(out, slot(name))


def leftovers(out: int) -> tuple[str, ...]:
    """Name the plans of which a killed run left something in `out`."""
    matches = (_LEFTOVER.fullmatch(name) for name in os.listdir(out))
    return tuple(sorted({match[1] for match in matches if match}))


def tidy(out: int, names: Sequence[str]) -> None:
    """Heal as far as possible and in silence: what stays is rubbish that the next run deletes."""
    try:
        _heal_quietly(out, names)
    except BaseException:  # an interrupt must not leave rubbish either
        _heal_quietly(out, names)
        raise


def _heal_quietly(out: int, names: Sequence[str]) -> None:
    for name in names:
        with suppress(OSError):
            heal(out, name)


def _aside(name: str) -> str:
    return f".{name}.rollplan-old"


def _swap(out: int, name: str) -> None:
    if _inode(out, name) is None:
        os.rename(slot(name), name, src_dir_fd=out, dst_dir_fd=out)
    elif not exchange(out, slot(name), name):
        os.rename(name, _aside(name), src_dir_fd=out, dst_dir_fd=out)
        os.rename(slot(name), name, src_dir_fd=out, dst_dir_fd=out)
        os.rename(_aside(name), slot(name), src_dir_fd=out, dst_dir_fd=out)


def _swap_back(out: int, name: str, inode: int) -> None:
    """Undo a swap, however far it came: the disk is asked, since an interrupt can come after any step."""
    if _inode(out, name) != inode:
        return
    if _inode(out, _aside(name)):
        os.rename(_aside(name), slot(name), src_dir_fd=out, dst_dir_fd=out)
    if _inode(out, slot(name)):
        _swap(out, name)
    else:
        os.rename(name, slot(name), src_dir_fd=out, dst_dir_fd=out)


def _inode(out: int, name: str) -> int | None:
    try:
        return os.stat(name, dir_fd=out, follow_symlinks=False).st_ino
    except FileNotFoundError:
        return None


def _discard(parent: int, name: str) -> None:
    """Delete a tree, never through a link, going on after a failure, which is raised at the end."""
    if _inode(parent, name) is None:
        return
    failure: OSError | None = None
    with opened(name, parent) as directory:
        if os.fstat(directory).st_mode & 0o700 != 0o700:  # carried over, and closed even to its owner
            os.fchmod(directory, 0o700)
        with os.scandir(directory) as listing:
            entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in listing]
        for child, is_directory in entries:
            try:
                if is_directory:
                    _discard(directory, child)
                else:
                    os.unlink(child, dir_fd=directory)
            except OSError as error:
                failure = failure or error
    if failure:
        raise failure
    os.rmdir(name, dir_fd=parent)
