"""The command as a process: signals, closed pipes, full disks, what goes wrong inside, what it imports."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from generator.rules import CODES
from tests.conftest import Rollplan
from tests.support.command import MAIN, command, environment
from tests.support.paths import ROOT
from tests.support.patience import PATIENCE

GOOD = "plans/blue-green/plan.yaml"
BAD = "RP101-field/plan.yaml"
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
BUSY = """
import time
import generator.pipeline
def compile_plan(path):
    print("busy", flush=True)
    for _ in range(12_000):  # one long sleep would not notice a signal that comes just before it
        time.sleep(0.05)
generator.pipeline.compile_plan = compile_plan
"""
"""Makes the command wait where it reads a plan, and say that it does."""

BROKEN = """
import generator.pipeline
from tests.support.patience import PATIENCE
def compile_plan(path):
    raise RuntimeError("the \\x1b[31mpump is dry")
generator.pipeline.compile_plan = compile_plan
"""


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("name", ["validate", "render"])
def test_a_signal_ends_the_command_without_a_traceback(
    tmp_path: Path, name: str, number: int, code: int
) -> None:
    out = ["--out", tmp_path / "out"] if name == "render" else []
    with subprocess.Popen(
        command(name, GOOD, *out, code=BUSY + MAIN),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=ROOT,
        env=environment(),
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "busy\n"
        process.send_signal(number)
        rest, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, rest, errors.strip()) == (code, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "args",
    [
        ("stages", GOOD),
        ("validate", BAD),
        ("explain", "RP101"),
        ("schema",),
        ("completion", "bash"),
        ("--help",),
    ],
    ids=lambda args: args[0],
)
def test_a_reader_that_goes_away_is_no_news(cases: Path, args: tuple[str, ...]) -> None:
    """As `| head -1` does, only sooner."""
    reads, writes = os.pipe()
    os.close(reads)
    done = run(args, stdout=writes, cwd=cases)
    os.close(writes)
    assert (done.returncode, done.stderr) == (141, "")


def test_head_gets_its_line() -> None:
    script = '"$@" | head -1; echo "${PIPESTATUS[0]}"'
    shell = ["bash", "-c", script, "rollplan", *command("schema")]
    done = subprocess.run(
        shell, capture_output=True, encoding="utf-8", cwd=ROOT, env=environment(), check=False
    )
    first, code = done.stdout.splitlines()
    assert (first, done.stderr) == ("{", "")
    assert code in {"0", "141"}, "0 where the pipe holds the rest"


@FULL
@pytest.mark.parametrize("args", [("stages", GOOD), ("validate", BAD), ("schema",)], ids=lambda args: args[0])
def test_a_full_disk_under_stdout_is_a_fault(cases: Path, args: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = run(args, stdout=full.fileno(), cwd=cases)
    assert (done.returncode, done.stderr) == (2, "rollplan: No space left on device\n")


@pytest.mark.parametrize(("closed", "code"), [(1, 0), (2, 0)])
def test_a_closed_stream_is_left_alone(closed: int, code: int) -> None:
    shell = ["bash", "-c", f'exec "$@" {closed}>&-', "rollplan", *command("stages", GOOD)]
    done = subprocess.run(
        shell, capture_output=True, encoding="utf-8", cwd=ROOT, env=environment(), check=False
    )
    assert done.returncode == code
    assert bool(done.stdout) == (closed != 1)
    assert done.stderr == ""


@FULL
def test_a_fault_that_nobody_can_read_keeps_its_exit_code() -> None:
    script = 'exec "$@" 2>/dev/full'
    shell = ["bash", "-c", script, "rollplan", *command("validate", "no/such.yaml")]
    assert subprocess.run(shell, cwd=ROOT, env=environment(), check=False).returncode == 2


@pytest.mark.parametrize("name", ["validate", "stages", "render"])
def test_an_error_inside_is_one_sentence(tmp_path: Path, name: str) -> None:
    args = (name, GOOD, *(["--out", str(tmp_path / "out")] if name == "render" else []))
    done = run(args, code=BROKEN + MAIN)
    said = r"internal error, RuntimeError: the \x1b[31mpump is dry; ROLLPLAN_DEBUG=1 shows where"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"rollplan: {said}\n")
    assert list(tmp_path.iterdir()) == []


def test_an_error_inside_shows_where_when_asked() -> None:
    done = run(("validate", GOOD), code=BROKEN + MAIN, ROLLPLAN_DEBUG="1")
    assert "Traceback" in done.stderr
    assert "RuntimeError" in done.stderr


def test_the_start_imports_little() -> None:
    """Half of the time of `--version` was once these imports."""
    timed = [sys.executable, "-X", "importtime", "-c", MAIN, "--version"]
    done = subprocess.run(
        timed, capture_output=True, encoding="utf-8", cwd=ROOT, env=environment(), check=False
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert done.stdout == "rollplan 0.1.0\n"
    assert "click" in imported
    assert not imported & {"yaml", "jinja2", "jsonschema", "deepdiff", "subprocess", "asyncio"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(rollplan: Rollplan, shell: str) -> None:
    done = rollplan("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_ROLLPLAN_COMPLETE" in done.stdout
    assert f"{shell}_complete" in done.stdout
    assert re.search(r"\brollplan\b", done.stdout)


@pytest.mark.parametrize(("shell", "check"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_the_shell_reads_its_script(rollplan: Rollplan, tmp_path: Path, shell: str, check: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    script = tmp_path / "script"
    script.write_text(rollplan("completion", shell).stdout)
    read = subprocess.run([shell, check, script], capture_output=True, encoding="utf-8", check=False)
    assert (read.returncode, read.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        ("rollplan ex", ["explain"]),
        ("rollplan explain rp31", [code for code in CODES if code.startswith("RP31")]),
        ("rollplan validate --format g", ["github"]),
    ],
)
def test_completion_offers(rollplan: Rollplan, words: str, offers: list[str]) -> None:
    asked = {"_ROLLPLAN_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = rollplan(**asked)
    assert done.stdout.split() == [f"plain,{offer}" for offer in offers]


def run(
    args: tuple[str, ...], *, code: str = MAIN, stdout: int = subprocess.PIPE, cwd: Path = ROOT, **others: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*args, code=code),
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=cwd,
        env=environment(**others),
        check=False,
    )
