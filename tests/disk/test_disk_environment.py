"""Disks that give out, rights that are missing, rubbish that is found: the sentence, and what stays."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.disk import write
from generator.model.findings import Fault
from tests.disk.test_disk import plan, texts
from tests.support.disk_faults import NEW, OLD, PROGRAM

UNSHARE = ("unshare", "--map-root-user", "--mount")
needs_unshare = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(
        [*UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"], check=False, capture_output=True
    ).returncode
    != 0,
    reason="unshare may not mount a tmpfs here",
)


@pytest.mark.parametrize("name", ["new", "old"])
def test_rubbish_of_a_plan_that_is_no_longer_rendered_goes_too(tmp_path: Path, name: str) -> None:
    write(tmp_path, [plan(OLD, "gone"), plan(OLD)], version="1.0")
    shutil.copytree(tmp_path / "gone", tmp_path / f".gone.rollplan-{name}")
    (tmp_path / f".gone.rollplan-{name}/bundles").chmod(0o500)
    write(tmp_path, [plan(OLD)], version="1.0")
    assert sorted(os.listdir(tmp_path)) == ["demo", "gone"]


def test_an_output_directory_that_could_not_be_filled_is_unmade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Fault):
        write(pathlib.Path("a/b/c"), [plan({"x": "\ud800"})], version="1.0")
    assert os.listdir(tmp_path) == []


@contextlib.contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Be nobody inside the block, in a folder of nobody's, since nothing is forbidden to root."""
    was = os.geteuid()
    os.chown(folder, 65534 if was == 0 else was, -1)
    os.seteuid(65534 if was == 0 else was)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.fixture
def home_of_nobody() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder)


def test_a_directory_that_forbids_writing_is_left_alone(home_of_nobody: Path) -> None:
    with unprivileged(home_of_nobody):
        home_of_nobody.chmod(0o555)
        with pytest.raises(Fault, match=r"cannot write .*/out: Permission denied"):
            write(home_of_nobody / "out", [plan(OLD)], version="1.0")
        assert os.listdir(home_of_nobody) == []


def test_a_directory_closed_to_its_owner_is_carried_over(home_of_nobody: Path) -> None:
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
def test_what_is_not_ours_keeps_its_owner(tmp_path: Path) -> None:
    write(tmp_path, [plan(OLD)], version="1.0")
    (tmp_path / "demo/live").mkdir()
    os.chown(tmp_path / "demo/live", 65534, 65533)
    write(tmp_path, [plan(NEW)], version="1.0")
    status = (tmp_path / "demo/live").stat()
    assert (status.st_uid, status.st_gid) == (65534, 65533)


@needs_root
def test_a_tree_that_could_not_be_deleted_is_not_replaced(home_of_nobody: Path) -> None:
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
def test_a_disk_that_gives_out(tmp_path: Path, case: str) -> None:
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
