"""One run at a time on an output directory: flock on a file in it, which holds the PID of its owner."""

from __future__ import annotations

import fcntl
import os
import pathlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from generator.disk.values import naming, shown
from generator.model.findings import Fault

LOCK = ".rollplan.lock"


@contextmanager
def hold(out: pathlib.Path, directory: int) -> Iterator[None]:
    """Hold the lock of `out`, open as `directory`; raises `Fault` at once when another run holds it.

    The lock is the kernel's and dies with its process; the file may outlive it and means nothing alone.
    """
    with naming(out / LOCK):
        descriptor = _take(out, directory)
    try:
        with naming(out / LOCK):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        with suppress(OSError):  # unlink while we hold it, so that nobody else's file can stand there
            os.unlink(LOCK, dir_fd=directory)
        os.close(descriptor)


def _take(out: pathlib.Path, directory: int) -> int:
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(LOCK, flags, 0o644, dir_fd=directory)
        try:
            _lock(out, descriptor)
            if _is_current(directory, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(out: pathlib.Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Fault(f"another run (PID {_owner(descriptor)}) is writing to {shown(out)}") from None


def _is_current(directory: int, descriptor: int) -> bool:
    """Return whether we locked the file that stands there, not one that its owner has unlinked since."""
    try:
        present = os.stat(LOCK, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(present, os.fstat(descriptor))


def _owner(descriptor: int) -> str:
    for _ in range(20):  # the owner may stand between taking the lock and writing its PID
        text = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        if text:
            return text
        time.sleep(0.005)
    return "unknown"
