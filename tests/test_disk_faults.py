"""Killed, interrupted, out of space, raced: afterwards the tree is the old one or the new one, never mixed.

A small program that changes an existing tree runs under strace, which kills it, interrupts it or makes
its system call fail, at every call that changes the disk in turn.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from test_disk import plan, texts

from generator.diagnostics import Fault
from generator.disk import read_tree, write

ROOT = pathlib.Path(__file__).parents[1]
OLD = {"README.md": "old\n", "bundles/a.yaml": "a\n", "stages/0/k.yaml": "old\n", "stages/9/k.yaml": "gone\n"}
NEW = {"README.md": "new\n", "bundles/a.yaml": "a\n", "stages/0/k.yaml": "new\n", "stages/1/k.yaml": "more\n"}
KEPT = {"live/.stage": "0\n", "live/deep/a.yaml": "live\n", "notes.txt": "mine\n"}

PROGRAM = f"""
import pathlib, sys
sys.path.insert(0, {str(ROOT)!r})
from generator.diagnostics import Fault
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
UNSHARE = ("unshare", "--map-root-user", "--mount")
needs_unshare = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(
        [*UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"], check=False, capture_output=True
    ).returncode
    != 0,
    reason="unshare may not mount a tmpfs here",
)


@dataclass(frozen=True)
class Point:
    """One system call of the program: the how-many-th of its name, and what it says."""

    call: str
    nth: int
    line: str


class Scene:
    """An output directory as it was before the run, copied afresh for every run."""

    def __init__(self, folder, names=("demo",), *, existing=True):
        self.names = names
        self.pristine = folder / "pristine"
        self.pristine.mkdir()
        self.before = {name: {} for name in names}
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

    def copy(self, out):
        shutil.copytree(self.pristine, out, symlinks=True)
        return out

    def run(self, out, *options):
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

    def finish(self, out):
        write(out, [plan(NEW, name) for name in self.names], version="1.0")

    def points(self, folder, *options):
        """List every call of a whole run that changes the disk."""
        self.run(folder / "count", *options)
        points, counts = [], {}
        for line in pathlib.Path(folder / "count.log").read_text().splitlines():
            call = re.match(r"\d+ +(\w+)\(", line)
            if call is None:
                continue
            counts[call[1]] = counts.get(call[1], 0) + 1
            if call[1] != "openat" or "O_CREAT" in line:
                points.append(Point(call=call[1], nth=counts[call[1]], line=line))
        return points

    def seen(self, out, name):
        """Read a plan's tree as a reader must that knows of the second name of the old tree."""
        for place in (out / name, out / f".{name}.rollplan-old"):
            if place.exists():
                return read_tree(place)
        return {}

    def check(self, out):
        """Check that each tree is old or new, and that the next run mends the rest; say which it is."""
        states = []
        for name in self.names:
            tree = self.seen(out, name)
            assert tree in (self.before[name], self.after[name])
            states.append("new" if tree == self.after[name] else "old")
        self.finish(out)
        assert {name: read_tree(out / name) for name in self.names} == self.after
        assert sorted(os.listdir(out)) == sorted(self.names)
        return states


def sweep(folder, scene, points, options, check):
    """Run the program once for each point, two at a time; gives what `check` says of each."""

    def visit(numbered):
        number, point = numbered
        out = folder / f"{number}-{point.call}-{point.nth}"
        done = scene.run(out, *options(number, point))
        try:
            return check(out, done, number)
        except AssertionError as error:
            raise AssertionError(f"at {point.line}: {done.stdout}{done.stderr}") from error

    with ThreadPoolExecutor(2) as workers:
        return list(workers.map(visit, enumerate(points)))


def kill_at(*more):
    return lambda number, point: (*more, "-e", f"inject={point.call}:signal=SIGKILL:when={point.nth}")


def killed(scene):
    def check(out, done, number):
        assert done.returncode == -signal.SIGKILL
        return scene.check(out)

    return check


@needs_strace
def test_killed_at_any_call_the_tree_is_old_or_new(tmp_path):
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
def test_killed_between_the_two_renames_of_an_older_system(tmp_path):
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
def test_killed_in_the_first_run_of_all(tmp_path):
    scene = Scene(tmp_path, existing=False)
    points = [
        point for point in scene.points(tmp_path) if point.call in {"renameat", "fsync", "syncfs", "write"}
    ]
    states = sweep(tmp_path, scene, points, kill_at(), killed(scene))
    assert len(points) >= 7
    assert [state for [state] in states] == ["old"] * (len(points) - 1) + ["new"]


@needs_strace
def test_killed_between_two_plans_each_is_old_or_new(tmp_path):
    scene = Scene(tmp_path, ("one", "two"))
    points = [point for point in scene.points(tmp_path) if point.call in {"renameat2", "fsync", "syncfs"}]
    states = sweep(tmp_path, scene, points, kill_at(), killed(scene))
    assert [point.call for point in points] == ["syncfs", "renameat2", "renameat2", "fsync"]
    assert states == [["old", "old"], ["old", "old"], ["new", "old"], ["new", "new"]]


@needs_strace
@pytest.mark.parametrize("variant", [(), (*NO_EXCHANGE, *NO_SYNCFS)], ids=["exchange", "two renames"])
def test_a_call_that_fails_leaves_the_old_tree_and_says_why(tmp_path, variant):
    scene = Scene(tmp_path)
    emulated = {"syncfs", "renameat2"} if variant else set()
    points = [point for point in scene.points(tmp_path, *variant) if point.call not in emulated]

    def fail(number, point):
        return (*variant, "-e", f"inject={point.call}:error={ERRORS[number % len(ERRORS)]}:when={point.nth}")

    def check(out, done, number):
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
def test_when_the_second_plan_fails_the_first_goes_back(tmp_path):
    scene = Scene(tmp_path, ("one", "two"))
    for number, variant in enumerate([(), NO_EXCHANGE]):
        call, nth = ("renameat", 4) if variant else ("renameat2", 2)
        out = tmp_path / str(number)
        done = scene.run(out, *variant, "-e", f"inject={call}:error=EIO:when={nth}")
        assert (done.returncode, done.stdout) == (2, f"cannot write {out}/two: Input/output error\n")
        assert sorted(os.listdir(out)) == ["one", "two"]
        assert scene.check(out) == ["old", "old"]


@needs_strace
def test_interrupted_at_any_call_no_temporary_stays(tmp_path):
    scene = Scene(tmp_path)
    points = scene.points(tmp_path)

    def check(out, done, number):
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
def test_without_hard_links_the_rest_is_copied_with_its_times(tmp_path):
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
def test_a_mount_below_that_looks_like_the_same_disk_is_not_copied(tmp_path):
    scene = Scene(tmp_path)
    done = scene.run(tmp_path / "out", "-e", "inject=linkat:error=EXDEV:when=1")
    assert done.returncode == 2
    assert done.stdout.endswith(f": {os.strerror(errno.EXDEV)}\n")
    assert scene.check(tmp_path / "out") == ["old"]


@pytest.mark.parametrize("name", ["new", "old"])
def test_rubbish_of_a_plan_that_is_no_longer_rendered_goes_too(tmp_path, name):
    write(tmp_path, [plan(OLD, "gone"), plan(OLD)], version="1.0")
    shutil.copytree(tmp_path / "gone", tmp_path / f".gone.rollplan-{name}")
    (tmp_path / f".gone.rollplan-{name}/bundles").chmod(0o500)
    write(tmp_path, [plan(OLD)], version="1.0")
    assert sorted(os.listdir(tmp_path)) == ["demo", "gone"]


def test_an_output_directory_that_could_not_be_filled_is_unmade(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Fault):
        write(pathlib.Path("a/b/c"), [plan({"x": "\ud800"})], version="1.0")
    assert os.listdir(tmp_path) == []


@contextlib.contextmanager
def unprivileged(folder):
    """Be nobody inside the block, in a folder of nobody's, since nothing is forbidden to root."""
    was = os.geteuid()
    os.chown(folder, 65534 if was == 0 else was, -1)
    os.seteuid(65534 if was == 0 else was)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.fixture
def home_of_nobody():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder)


def test_a_directory_that_forbids_writing_is_left_alone(home_of_nobody):
    with unprivileged(home_of_nobody):
        home_of_nobody.chmod(0o555)
        with pytest.raises(Fault, match=r"cannot write .*/out: Permission denied"):
            write(home_of_nobody / "out", [plan(OLD)], version="1.0")
        assert os.listdir(home_of_nobody) == []


def test_a_directory_closed_to_its_owner_is_carried_over(home_of_nobody):
    out = home_of_nobody
    with unprivileged(home_of_nobody):
        write(out, [plan(OLD)], version="1.0")
        (out / "demo/mine").mkdir()
        (out / "demo/mine/notes.txt").write_text("mine\n")
        (out / "demo/mine").chmod(0o555)
        write(out, [plan(NEW)], version="1.0")
        assert os.listdir(out) == ["demo"]
        assert (out / "demo/mine").stat().st_mode & 0o777 == 0o555
        assert (out / "demo/mine/notes.txt").read_text() == "mine\n"
        (out / "demo/mine").chmod(0o755)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a directory of another user")


@needs_root
def test_what_is_not_ours_keeps_its_owner(tmp_path):
    write(tmp_path, [plan(OLD)], version="1.0")
    (tmp_path / "demo/live").mkdir()
    os.chown(tmp_path / "demo/live", 65534, 65533)
    write(tmp_path, [plan(NEW)], version="1.0")
    status = (tmp_path / "demo/live").stat()
    assert (status.st_uid, status.st_gid) == (65534, 65533)


@needs_root
def test_a_tree_that_could_not_be_deleted_is_not_replaced(home_of_nobody):
    out = home_of_nobody
    with unprivileged(home_of_nobody):
        write(out, [plan(OLD)], version="1.0")
    (out / "demo/live").mkdir()
    (out / "demo/live/.stage").write_text("0\n")
    with unprivileged(home_of_nobody):
        assert write(out, [plan(OLD)], version="1.0")[0].unchanged
        with pytest.raises(Fault, match=r"cannot write .*/demo/live: Permission denied"):
            write(out, [plan(NEW)], version="1.0")
        assert os.listdir(out) == ["demo"]
        assert texts(out / "demo") == {**OLD, "live/.stage": "0\n"}


IN_TMPFS = """
set -eu
mount -t tmpfs -o {options} none "$1"
mkdir "$1/out"
run() {{ "$PYTHON" -I -S -B -c "$PROGRAM" "$1/out" demo "$2"; }}
run "$1" old
echo keep > "$1/out/demo/notes.txt"
{change}
find "$1/out" -exec stat -c '%n %Y %s' {{}} + | sort > "$1.before"
run "$1" {tree} && exit 3 || code=$?
find "$1/out" -exec stat -c '%n %Y %s' {{}} + | sort | grep -v '/out [0-9]' > "$1.after"
grep -v '/out [0-9]' "$1.before" | diff - "$1.after"
exit $code
"""
TMPFS = {
    "full": ("size=128k", ":", "big", "cannot write {out}/demo/README.md: No space left on device"),
    "full from the start": (
        "size=64k", 'cat /dev/zero > "$1/filler" 2>/dev/null || :', "new",
        "cannot write {out}[^:]*: No space left on device",
    ),
    "no inodes": ("nr_inodes=20", ":", "new", "cannot write {out}/demo/[^:]*: No space left on device"),
    "read-only": (
        "size=1m", 'mount -o remount,ro "$1"', "new",
        "cannot write {out}/.rollplan.lock: Read-only file system",
    ),
    "mount below": (
        "size=1m", 'mkdir "$1/out/demo/live"; mount -t tmpfs none "$1/out/demo/live"', "new",
        "{out}/demo/live is a mount point, which cannot be carried into a new tree",
    ),
}  # fmt: skip


@needs_unshare
@pytest.mark.parametrize("case", TMPFS)
def test_a_disk_that_gives_out(tmp_path, case):
    options, change, tree, sentence = TMPFS[case]
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        [*UNSHARE, "sh", "-c", IN_TMPFS.format(options=options, change=change, tree=tree), "sh", str(disk)],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHON": sys.executable, "PROGRAM": PROGRAM, "PATH": os.environ["PATH"]},
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.fullmatch(sentence.format(out=re.escape(f"{disk}/out")) + "\n", done.stdout)
    assert done.stderr == ""


def test_a_second_run_is_told_who_holds_the_lock(tmp_path):
    write(tmp_path, [plan(OLD)], version="1.0")
    with holding(tmp_path) as pid:
        with pytest.raises(Fault) as caught:
            write(tmp_path, [plan(NEW)], version="1.0")
        assert str(caught.value) == f"another run (PID {pid}) is writing to {tmp_path}"
        assert texts(tmp_path / "demo") == OLD
    write(tmp_path, [plan(NEW)], version="1.0")
    assert os.listdir(tmp_path) == ["demo"]


@contextlib.contextmanager
def holding(out):
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
            yield int(process.stdout.readline())
        finally:
            process.kill()
    assert (out / ".rollplan.lock").exists()


@needs_strace
def test_a_lock_on_a_file_that_its_owner_has_unlinked_counts_for_nothing(tmp_path):
    scene = Scene(tmp_path)
    out, log = scene.copy(tmp_path / "out"), tmp_path / "log"
    lock = out / ".rollplan.lock"
    with contextlib.ExitStack() as held:
        held.enter_context(lock.open("w"))
        slow = ("-e", "trace=openat,flock", "-e", "inject=flock:delay_enter=500000:when=1")
        process = held.enter_context(
            subprocess.Popen(["strace", "-o", str(log), *slow, *CHILD, str(out), "demo", "new"])
        )
        while not (log.exists() and '".rollplan.lock"' in log.read_text()):
            assert process.poll() is None
        lock.unlink()  # the program has it open and is about to lock it
        lock.touch()
        assert process.wait() == 0
    assert log.read_text().count('".rollplan.lock"') == 2
    assert log.read_text().count("flock(") == 2
    assert scene.check(out) == ["new"]


RACER = f"""
import os, pathlib, sys
sys.path.insert(0, {str(ROOT)!r})
from generator.diagnostics import Fault
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


def whole_tree(demo):
    """Read a tree through its open directory, as `git add` does; None when it was replaced meanwhile."""
    found = {}
    try:
        with contextlib.closing(open_directory(demo)) as directory:
            for folder, _, files, descriptor in os.fwalk(dir_fd=directory.fileno()):
                for name in files:
                    with open(os.open(name, os.O_RDONLY, dir_fd=descriptor)) as file:
                        found[os.path.normpath(f"{folder}/{name}")] = file.read()
            same = os.path.samestat(os.fstat(directory.fileno()), os.stat(demo))
    except FileNotFoundError:
        return None
    return found if same else None


class open_directory:  # noqa: N801 - reads as the function that it stands for
    def __init__(self, path):
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def fileno(self):
        return self._descriptor

    def close(self):
        os.close(self._descriptor)


@pytest.mark.parametrize("count", [2, 8])
def test_racing_runs_lose_or_write_whole_trees(tmp_path, count):
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
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
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
