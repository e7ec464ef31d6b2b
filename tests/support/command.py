"""Running the command under a terminal, and while it is busy."""

from __future__ import annotations

import errno
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from generator.cli import cli
from tests.support.paths import ROOT

MAIN = "from generator.cli import main; main()"
COLOURS = ("NO_COLOR", "FORCE_COLOR")


def command(*args: object, code: str = MAIN) -> list[str]:
    """Give the words that run the command; `code` may prepare something before it."""
    return [sys.executable, "-W", "error", "-c", code, *map(str, args)]


def environment(**others: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in COLOURS}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **others}


def in_terminal(*args: object, cwd: Path = ROOT, **others: str) -> tuple[int, str]:
    """Run the command with a terminal as its stdout and stderr; give its exit code and what it showed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(*args), stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd, env=environment(**others)
    ) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    return process.returncode, shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError as error:
        if error.errno == errno.EIO:  # Linux says so when the last program has left the terminal
            return b""
        raise


def in_process(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    """Run the command in this process, which is ten times as quick; give its exit code and its texts."""
    code = cli.main([str(arg) for arg in args], prog_name="rollplan", standalone_mode=False)
    captured = capsys.readouterr()
    return int(code or 0), captured.out, captured.err
