"""A folder for files that only a library or another program can read from a disk, gone when it is done."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from generator.disk.values import naming, shown
from generator.model.findings import Fault


@contextmanager
def scratch(files: Mapping[str, bytes]) -> Iterator[pathlib.Path]:
    """Write files by relative path into a new folder, and remove it afterwards.

    Raises `Fault` for a path that leads out of the folder.
    """
    with tempfile.TemporaryDirectory(prefix="rollplan-") as name:
        root = pathlib.Path(name).resolve()
        for path, data in files.items():
            if pathlib.PurePosixPath(path).is_absolute() or ".." in pathlib.PurePosixPath(path).parts:
                raise Fault(f"{shown(path)} leads out of its folder")
            with naming(root / path):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(data)
        yield root
