"""Runs that race for one output directory, and readers beside them."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.disk import write
from generator.model.findings import Fault
from tests.disk.test_disk import plan, texts
from tests.support.disk_faults import CHILD, NEW, OLD, Scene, needs_strace
from tests.support.paths import ROOT


def test_a_second_run_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    write(tmp_path, [plan(OLD)], version="1.0")
    with holding(tmp_path) as pid:
        with pytest.raises(Fault) as caught:
            write(tmp_path, [plan(NEW)], version="1.0")
        assert str(caught.value) == f"another run (PID {pid}) is writing to {tmp_path}"
        assert texts(tmp_path / "demo") == OLD
    write(tmp_path, [plan(NEW)], version="1.0")
    assert os.listdir(tmp_path) == ["demo"]


@contextlib.contextmanager
def holding(out: Path) -> Iterator[int]:
    """Hold the lock in another process, which is killed at the end and so leaves its file behind."""
    program = f"""
import os, pathlib, sys, time
sys.path.insert(0, {str(ROOT)!r})
from generator.disk.lock import hold
with hold(pathlib.Path(sys.argv[1]), os.open(sys.argv[1], os.O_RDONLY)):
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline())
        finally:
            process.kill()
    assert (out / ".rollplan.lock").exists()


@needs_strace
def test_a_lock_on_a_file_that_its_owner_has_unlinked_counts_for_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    out, log = scene.copy(tmp_path / "out"), tmp_path / "log"
    lock = out / ".rollplan.lock"
    with contextlib.ExitStack() as held:
        held.enter_context(lock.open("w"))
        opens = next(point for point in scene.points(tmp_path) if ".rollplan.lock" in point.line)
        stop = ("-f", "-e", "trace=openat,flock", "-e", f"inject=openat:signal=SIGSTOP:when={opens.nth}")
        process = held.enter_context(
            subprocess.Popen(["strace", "-o", str(log), *stop, *CHILD, str(out), "demo", "new"])
        )
        while not (
            log.exists() and (stopped := re.search(r"(?m)^(\d+) .*stopped by SIGSTOP", log.read_text()))
        ):
            assert process.poll() is None
        lock.unlink()  # the program has it open and is about to lock it
        lock.touch()
        os.kill(int(stopped[1]), signal.SIGCONT)
        assert process.wait() == 0
    assert log.read_text().count('".rollplan.lock"') == 2
    assert log.read_text().count("flock(") == 2
    assert scene.check(out) == ["new"]


RACER = f"""
import os, pathlib, sys
sys.path.insert(0, {str(ROOT)!r})
from generator.model.findings import Fault
from generator.disk import Planned, write
won, owners = 0, set()
print("ready", flush=True)
sys.stdin.readline()
for turn in range(int(sys.argv[2])):
    tree = ({OLD!r}, {NEW!r})[turn % 2]
    try:
        planned = Planned(name="demo", tree=tree, identities={{}}, sources=())
        write(pathlib.Path(sys.argv[1]), [planned], version="1.0")
        won += 1
    except Fault as fault:
        owners.add(str(fault))
print(won, *sorted(owners), sep="\\n")
"""


def whole_tree(demo: Path) -> dict[str, str] | None:
    """Read a tree through its open directory, as `git add` does; None when it was replaced meanwhile."""
    found = {}
    with contextlib.ExitStack() as stack, contextlib.suppress(FileNotFoundError):
        directory = os.open(demo, os.O_RDONLY | os.O_DIRECTORY)
        stack.callback(os.close, directory)
        for folder, _, files, descriptor in os.fwalk(dir_fd=directory):
            for name in files:
                with open(os.open(name, os.O_RDONLY, dir_fd=descriptor)) as file:
                    found[os.path.normpath(f"{folder}/{name}")] = file.read()
        if os.path.samestat(os.fstat(directory), os.stat(demo)):
            return found
    return None


@pytest.mark.parametrize("count", [2, 8])
def test_racing_runs_lose_or_write_whole_trees(tmp_path: Path, count: int) -> None:
    scene = Scene(tmp_path)
    out = scene.copy(tmp_path / "out")
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(out), str(200 // count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    trees = 0
    while any(racer.poll() is None for racer in racers):
        tree = whole_tree(out / "demo")
        assert tree in (None, scene.before["demo"], scene.after["demo"])
        trees += tree is not None
    reports = [racer.communicate()[0].splitlines() for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * count
    assert sum(int(report[0]) for report in reports) >= count
    others = "|".join(str(racer.pid) for racer in racers)
    for report in reports:
        for owner in report[1:]:
            assert re.fullmatch(rf"another run \(PID ({others})\) is writing to {re.escape(str(out))}", owner)
    assert trees > 0
    assert os.listdir(out) == ["demo"]
    assert scene.check(out)
