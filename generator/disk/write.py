"""Write rendered plans to disk: compare, refuse, build, swap, clean up."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from generator.disk.build import build, flush, opened
from generator.disk.compare import DirectoryPlan, plan_directory
from generator.disk.linux import sync_file_system
from generator.disk.lock import hold
from generator.disk.paths import check_plans, check_target
from generator.disk.swap import heal, leftovers, slot, swap_all, tidy
from generator.disk.values import HandEdited, Planned, Written, naming, shown


def write(
    out: pathlib.Path, planned: Sequence[Planned], *, version: str, force: bool = False
) -> tuple[Written, ...]:
    """Make the directory of each plan below `out` hold exactly its tree, and return what changed.

    `version` is rollplan's own, for the inventory. A plan's directory is replaced whole, or not touched at
    all when it is already right; files that are not ours and `live/` stay. Raises `HandEdited` when files
    of ours were changed by hand, unless `force`; `Fault` when the place, the names or the file system
    forbid it. Whatever is raised, every directory is as it was.
    """
    check_plans(planned)
    with naming(out):
        target = pathlib.Path(os.path.realpath(out))
        check_target(out, target, planned)
        with _made(target) as directory:
            before = os.fstat(directory)
            with hold(out, directory):
                plans = _prepare(out, directory, planned, version, force=force)
                due = [one for one in plans if one.due]
                if due:
                    _commit(out, directory, due)
            if not due:  # the lock file came and went: whoever watches OUT need not know
                with suppress(PermissionError):
                    os.utime(directory, ns=(before.st_atime_ns, before.st_mtime_ns))
    return tuple(one.written for one in plans)


def _prepare(
    out: pathlib.Path, directory: int, planned: Sequence[Planned], version: str, *, force: bool
) -> list[DirectoryPlan]:
    for name in leftovers(directory):
        with naming(out / slot(name), "delete"):
            heal(directory, name)
    plans = [plan_directory(out / plan.name, plan, version) for plan in planned]
    edited = [shown(out / one.written.name / path) for one in plans for path in one.edited]
    if edited and not force:
        raise HandEdited(edited)
    return plans


def _commit(out: pathlib.Path, directory: int, due: Sequence[DirectoryPlan]) -> None:
    """Replace the directories that are due: build all, make them durable, swap all."""
    names = [one.written.name for one in due]
    try:
        built = {
            name: build(directory, slot(name), name, out / name, one.blueprint)
            for name, one in zip(names, due, strict=True)
        }
        if not sync_file_system(directory):
            flush(directory, [(slot(one.written.name), one.blueprint) for one in due])
        swap_all(out, directory, built)
    finally:
        tidy(directory, names)


@contextmanager
def _made(target: pathlib.Path) -> Iterator[int]:
    """Open a directory, made with its parents if need be, and unmade when the block fails."""
    made: list[pathlib.Path] = []
    try:
        for path in reversed([path for path in (target, *target.parents) if not path.exists()]):
            made.append(path)
            path.mkdir()
            path.chmod(0o755)  # whatever the umask is
        with opened(target) as directory:
            yield directory
    except BaseException:
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir()
        raise
