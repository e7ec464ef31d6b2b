"""Write the copy of a kustomization into a new folder, and run kustomize there with nothing around it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TIMEOUT: Final = 60
"""Seconds that a build may take."""

MEMORY: Final = 2 << 30
"""Bytes of addresses that a build may use; Go reserves far more of them than it fills."""

OUTPUT: Final = 64 << 20
"""Bytes that a build may write."""

_NOWHERE: Final = "/nonexistent"
_UNREACHABLE: Final = "http://127.0.0.1:1"
_ENVIRONMENT: Final = {
    "PATH": _NOWHERE,
    "TMPDIR": _NOWHERE,
    "GIT_ALLOW_PROTOCOL": "none",
    "HTTP_PROXY": _UNREACHABLE,
    "HTTPS_PROXY": _UNREACHABLE,
}
"""No git or other program is found, no clone has a place, and no address is reached."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """What a builder wrote, and the code with which it ended."""

    output: str
    errors: str
    code: int


@contextmanager
def workspace(files: Mapping[str, bytes], top: str) -> Iterator[Path]:
    """Write files by their real path below `top` into a new folder, and remove it afterwards.

    Its only writer is here because the builder reads from a disk; nothing of a user's folder changes.
    """
    with tempfile.TemporaryDirectory(prefix="rollplan-") as name:
        root = Path(name).resolve()
        for path, data in files.items():
            file = root / os.path.relpath(path, top)
            if not file.is_relative_to(root) or ".." in file.parts:
                raise ValueError(f"{path} is not below {top}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        yield root


def run(words: Sequence[str], folder: Path) -> Ran:
    """Run a builder, named by its absolute path, within limits of time, memory and output.

    Raises subprocess.TimeoutExpired.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        done = subprocess.run(  # noqa: S603  a program by its path, a folder of ours, and no shell
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=folder,
            env=_ENVIRONMENT,
            timeout=TIMEOUT,
            check=False,
            preexec_fn=_limit,
        )
        full = os.fstat(output.fileno()).st_size >= OUTPUT
        output.seek(0)
        errors.seek(0)
        return Ran(
            output=output.read().decode("utf-8", errors="replace"),
            errors=f"it writes more than {OUTPUT:,} bytes"
            if full
            else errors.read().decode(errors="replace"),
            code=1 if full else done.returncode,
        )


def _limit() -> None:
    limits = {resource.RLIMIT_CPU: TIMEOUT, resource.RLIMIT_FSIZE: OUTPUT, resource.RLIMIT_CORE: 0}
    if sys.platform == "linux":  # elsewhere the system refuses a limit of addresses
        limits[resource.RLIMIT_AS] = MEMORY
    for which, limit in limits.items():
        _, hard = resource.getrlimit(which)
        lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(which, (lowest, lowest))
