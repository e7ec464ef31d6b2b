"""Killed, interrupted, failed at every call: the tree is the old one or the new one, never mixed.

A small program that changes an existing tree runs under strace, which kills it, interrupts it or makes
its system call fail, at every call that changes the disk in turn.
"""

from __future__ import annotations

import errno
import os
import re
import signal
from pathlib import Path

import pytest

from generator.disk import read_tree
from tests.support.disk_faults import (
    ERRORS,
    NO_EXCHANGE,
    NO_LINKS,
    NO_SYNCFS,
    Check,
    Done,
    Options,
    Point,
    Scene,
    needs_strace,
    sweep,
)


def kill_at(*more: str) -> Options:
    return lambda number, point: (*more, "-e", f"inject={point.call}:signal=SIGKILL:when={point.nth}")


def killed(scene: Scene) -> Check[list[str]]:
    def check(out: Path, done: Done, number: int) -> list[str]:
        assert done.returncode == -signal.SIGKILL
        return scene.check(out)

    return check


@needs_strace
def test_killed_at_any_call_the_tree_is_old_or_new(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    points = scene.points(tmp_path)
    states = sweep(tmp_path, scene, points, kill_at(), killed(scene))
    assert len(points) >= 40
    assert {point.call for point in points} >= {
        "mkdirat", "openat", "write", "pwrite64", "linkat", "utimensat", "syncfs", "renameat2", "fsync",
        "unlinkat",
    }  # fmt: skip
    swap = next(number for number, point in enumerate(points) if point.call == "renameat2")
    assert states == [["old"]] * (swap + 1) + [["new"]] * (len(points) - swap - 1)


@needs_strace
def test_killed_between_the_two_renames_of_an_older_system(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    points = scene.points(tmp_path, *NO_EXCHANGE, *NO_SYNCFS)
    start = next(number for number, point in enumerate(points) if point.call == "syncfs")
    points = [point for point in points[start:] if point.call not in {"syncfs", "renameat2"}]
    states = sweep(tmp_path, scene, points, kill_at(*NO_EXCHANGE, *NO_SYNCFS), killed(scene))
    assert [point.call for point in points].count("renameat") == 3
    assert len(points) >= 30
    assert states == sorted(states, reverse=True)
    renames = [state for point, state in zip(points, states, strict=True) if point.call == "renameat"]
    assert renames == [["old"], ["old"], ["new"]]


@needs_strace
def test_killed_in_the_first_run_of_all(tmp_path: Path) -> None:
    scene = Scene(tmp_path, existing=False)
    points = [
        point for point in scene.points(tmp_path) if point.call in {"renameat", "fsync", "syncfs", "write"}
    ]
    states = sweep(tmp_path, scene, points, kill_at(), killed(scene))
    assert len(points) >= 7
    assert [state for [state] in states] == ["old"] * (len(points) - 1) + ["new"]


@needs_strace
def test_killed_between_two_plans_each_is_old_or_new(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ("one", "two"))
    points = [point for point in scene.points(tmp_path) if point.call in {"renameat2", "fsync", "syncfs"}]
    states = sweep(tmp_path, scene, points, kill_at(), killed(scene))
    assert [point.call for point in points] == ["syncfs", "renameat2", "renameat2", "fsync"]
    assert states == [["old", "old"], ["old", "old"], ["new", "old"], ["new", "new"]]


@needs_strace
@pytest.mark.parametrize("variant", [(), (*NO_EXCHANGE, *NO_SYNCFS)], ids=["exchange", "two renames"])
def test_a_call_that_fails_leaves_the_old_tree_and_says_why(tmp_path: Path, variant: tuple[str, ...]) -> None:
    scene = Scene(tmp_path)
    emulated = {"syncfs", "renameat2"} if variant else set()
    points = [point for point in scene.points(tmp_path, *variant) if point.call not in emulated]

    def fail(number: int, point: Point) -> tuple[str, ...]:
        return (*variant, "-e", f"inject={point.call}:error={ERRORS[number % len(ERRORS)]}:when={point.nth}")

    def check(out: Path, done: Done, number: int) -> str:
        text = os.strerror(getattr(errno, ERRORS[number % len(ERRORS)]))
        names = os.listdir(out)
        [state] = scene.check(out)
        if state == "new":  # the swap was done; what could not be deleted waits for the next run
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
            return state
        assert done.returncode == 2
        assert re.fullmatch(rf"cannot (write|delete) {re.escape(str(out))}[\w./-]*: {text}\n", done.stdout)
        assert names == ["demo"]
        return state

    states = sweep(tmp_path, scene, points, fail, check)
    assert len(points) >= 40
    assert states == sorted(states, reverse=True)
    deleting = [point.call for point, state in zip(points, states, strict=True) if state == "new"]
    assert set(deleting) == {"unlinkat"}
    assert {"linkat", "write", "fsync", "mkdirat"} <= {point.call for point in points} - set(deleting)


@needs_strace
def test_when_the_second_plan_fails_the_first_goes_back(tmp_path: Path) -> None:
    scene = Scene(tmp_path, ("one", "two"))
    for number, variant in enumerate([(), NO_EXCHANGE]):
        call, nth = ("renameat", 4) if variant else ("renameat2", 2)
        out = tmp_path / str(number)
        done = scene.run(out, *variant, "-e", f"inject={call}:error=EIO:when={nth}")
        assert (done.returncode, done.stdout) == (2, f"cannot write {out}/two: Input/output error\n")
        assert sorted(os.listdir(out)) == ["one", "two"]
        assert scene.check(out) == ["old", "old"]


@needs_strace
@pytest.mark.usefixtures("interruptible")
def test_interrupted_at_any_call_no_temporary_stays(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    points = scene.points(tmp_path)

    def check(out: Path, done: Done, number: int) -> list[str]:
        names = os.listdir(out)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
        assert set(names) <= {"demo", ".rollplan.lock"}  # the file of the lock is no lock
        return scene.check(out)

    states = sweep(
        tmp_path,
        scene,
        points,
        lambda number, point: ("-e", f"inject={point.call}:signal=SIGINT:when={point.nth}"),
        check,
    )
    assert len(points) >= 40
    assert states == sorted(states, reverse=True)


@needs_strace
def test_without_hard_links_the_rest_is_copied_with_its_times(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    (scene.pristine / "demo/live/link").symlink_to(".stage")
    os.utime(scene.pristine / "demo/live/.stage", (10**9, 10**9))
    done = scene.run(tmp_path / "out", *NO_LINKS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    demo = tmp_path / "out/demo"
    assert os.readlink(demo / "live/link") == ".stage"
    assert (demo / "live/.stage").stat().st_mtime == 10**9
    (demo / "live/link").unlink()
    assert read_tree(demo) == scene.after["demo"]
    assert scene.check(tmp_path / "out") == ["new"]


@needs_strace
def test_a_mount_below_that_looks_like_the_same_disk_is_not_copied(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    done = scene.run(tmp_path / "out", "-e", "inject=linkat:error=EXDEV:when=1")
    assert done.returncode == 2
    assert done.stdout.endswith(f": {os.strerror(errno.EXDEV)}\n")
    assert scene.check(tmp_path / "out") == ["old"]
