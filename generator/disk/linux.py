"""Two Linux system calls that Python lacks; on other systems they report that they are missing."""

from __future__ import annotations

import errno
import os

_RENAME_EXCHANGE = 2
_ABSENT = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP})


def exchange(directory: int, one: str, other: str) -> bool:
    """Swap two names in `directory` in one step; return False where the system cannot.

    Raises `OSError`.
    """
    return _call("renameat2", directory, os.fsencode(one), directory, os.fsencode(other), _RENAME_EXCHANGE)


def sync_file_system(directory: int) -> bool:
    """Make the file system that holds `directory` durable in one step; False where the system cannot.

    One journal commit for all files is several times faster than an fsync for each of them. Raises
    `OSError` (of lost writes too, since Linux 5.8).
    """
    return _call("syncfs", directory)


def _call(name: str, *arguments: int | bytes) -> bool:
    try:
        import ctypes  # only a run that changes something pays for it
    except ImportError:  # a Python built without libffi
        return False
    library = ctypes.CDLL(None, use_errno=True)
    try:
        function = library[name]
    except AttributeError:  # not Linux, or a C library that is older than the call
        return False
    if function(*arguments) == 0:
        return True
    code = ctypes.get_errno()
    if code in _ABSENT:
        return False
    raise OSError(code, os.strerror(code))
