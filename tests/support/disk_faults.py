"""A stage for faults: a program that changes an existing tree, under strace, which plays the fault."""

from __future__ import annotations

import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from generator.disk import read_tree, write
from tests.disk.test_disk import plan
from tests.support.paths import ROOT

OLD = {"README.md": "old\n", "bundles/a.yaml": "a\n", "stages/0/k.yaml": "old\n", "stages/9/k.yaml": "gone\n"}
NEW = {"README.md": "new\n", "bundles/a.yaml": "a\n", "stages/0/k.yaml": "new\n", "stages/1/k.yaml": "more\n"}
KEPT = {"live/.stage": "0\n", "live/deep/a.yaml": "live\n", "notes.txt": "mine\n"}

PROGRAM = f"""
import pathlib, sys
sys.path.insert(0, {str(ROOT)!r})
from generator.model.findings import Fault
from generator.disk import Planned, write
out, names, trees = pathlib.Path(sys.argv[1]), sys.argv[2].split(","), {{"old": {OLD!r}, "new": {NEW!r}}}
big = {{"README.md": "x" * 300_000}}
tree = trees.get(sys.argv[3], big)
planned = [Planned(name=name, tree=tree, identities={{}}, sources=()) for name in names]
try:
    write(out, planned, version="1.0")
except Fault as fault:
    print(fault)
    sys.exit(2)
except KeyboardInterrupt:
    sys.exit(130)
"""
CHILD = (sys.executable, "-I", "-S", "-B", "-c", PROGRAM)

CALLS = (
    "open,openat,creat,write,pwrite64,ftruncate,fchmod,fchmodat,chmod,chown,fchown,fchownat,utimensat,link,linkat,"
    "symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,rename,renameat,renameat2,fsync,fdatasync,syncfs"
)
NO_EXCHANGE = ("-e", "inject=renameat2:error=ENOSYS")
NO_SYNCFS = ("-e", "inject=syncfs:error=ENOSYS")
NO_LINKS = ("-e", "inject=linkat:error=EPERM")
ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EACCES", "EROFS")

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None
    or subprocess.run(["strace", "-o", os.devnull, "true"], check=False, capture_output=True).returncode != 0,
    reason="strace is not installed or may not trace (package strace)",
)


@dataclass(frozen=True)
class Point:
    """One system call of the program: the how-many-th of its name, and what it says."""

    call: str
    nth: int
    line: str


State = TypeVar("State")
Done = subprocess.CompletedProcess[str]
Options = Callable[[int, Point], tuple[str, ...]]
"""What strace does at a point, as its arguments."""
Check = Callable[[Path, Done, int], State]
"""What a run left behind: its folder, the finished process, the number of the point."""


class Scene:
    """An output directory as it was before the run, copied afresh for every run."""

    def __init__(self, folder: Path, names: tuple[str, ...] = ("demo",), *, existing: bool = True) -> None:
        self.names = names
        self.pristine = folder / "pristine"
        self.pristine.mkdir()
        self.before: dict[str, dict[str, str]] = {name: {} for name in names}
        planned = [plan(OLD, name) for name in names]
        if existing:
            write(self.pristine, planned, version="1.0")
            for name, path in itertools.product(names, KEPT):
                (self.pristine / name / path).parent.mkdir(parents=True, exist_ok=True)
                (self.pristine / name / path).write_text(KEPT[path])
            self.before = {name: read_tree(self.pristine / name) for name in names}
        finished = self.copy(folder / "finished")
        self.finish(finished)
        self.after = {name: read_tree(finished / name) for name in names}

    def copy(self, out: Path) -> Path:
        shutil.copytree(self.pristine, out, symlinks=True)
        return out

    def run(self, out: Path, *options: str) -> Done:
        """Run the program on a fresh copy under strace; gives the finished process."""
        self.copy(out)
        command = [
            "strace",
            "-f",
            "-qq",
            "-o",
            f"{out}.log",
            "-e",
            f"trace={CALLS}",
            *options,
        ]
        arguments = [str(out), ",".join(self.names), "new"]
        return subprocess.run([*command, *CHILD, *arguments], check=False, capture_output=True, text=True)

    def finish(self, out: Path) -> None:
        write(out, [plan(NEW, name) for name in self.names], version="1.0")

    def points(self, folder: Path, *options: str) -> list[Point]:
        """List every call of a whole run that changes the disk."""
        self.run(folder / "count", *options)
        points: list[Point] = []
        counts: dict[str, int] = {}
        for line in pathlib.Path(folder / "count.log").read_text().splitlines():
            call = re.match(r"\d+ +(\w+)\(", line)
            if call is None:
                continue
            counts[call[1]] = counts.get(call[1], 0) + 1
            if call[1] != "openat" or "O_CREAT" in line:
                points.append(Point(call=call[1], nth=counts[call[1]], line=line))
        return points

    def seen(self, out: Path, name: str) -> dict[str, str]:
        """Read a plan's tree as a reader must that knows of the second name of the old tree."""
        for place in (out / name, out / f".{name}.rollplan-old"):
            if place.exists():
                return read_tree(place)
        return {}

    def check(self, out: Path) -> list[str]:
        """Check that each tree is old or new, and that the next run fixes the rest; say which it is."""
        states = []
        for name in self.names:
            tree = self.seen(out, name)
            assert tree in (self.before[name], self.after[name])
            states.append("new" if tree == self.after[name] else "old")
        self.finish(out)
        assert {name: read_tree(out / name) for name in self.names} == self.after
        assert sorted(os.listdir(out)) == sorted(self.names)
        return states


def sweep(
    folder: Path, scene: Scene, points: Sequence[Point], options: Options, check: Check[State]
) -> list[State]:
    """Run the program once for each point, two at a time; gives what `check` says of each."""

    def visit(numbered: tuple[int, Point]) -> State:
        number, point = numbered
        out = folder / f"{number}-{point.call}-{point.nth}"
        done = scene.run(out, *options(number, point))
        try:
            return check(out, done, number)
        except AssertionError as error:
            raise AssertionError(f"at {point.line}: {done.stdout}{done.stderr}") from error

    with ThreadPoolExecutor(2) as workers:
        return list(workers.map(visit, enumerate(points)))
