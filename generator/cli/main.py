"""The entry point: all commands, streams, signals and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, NoReturn

import click

from generator import __version__
from generator.cli import help as help_
from generator.cli import live, plans, review
from generator.cli.shared import FAULT, INTERRUPTED, TERMINATED, UNREAD, say

if TYPE_CHECKING:
    from types import FrameType


COMMANDS = (
    plans.validate,
    plans.stages,
    plans.render,
    review.check,
    review.diff,
    live.promote,
    live.rollback,
    live.gate,
    live.krm,
    help_.explain,
    help_.schema,
    help_.completion,
)
"""Every command of rollplan."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rollplan", message="%(prog)s %(version)s")
def cli() -> None:
    """Compile rollouts of LLM inference on Kubernetes into stages that kubectl or GitOps applies."""


for _command in COMMANDS:
    cli.add_command(_command)


def main() -> NoReturn:
    """Run the command line and exit with its code; no traceback reaches the user."""
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # it is None where the shell has closed it
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(_run())


def _run() -> int:
    try:
        return int(cli.main(prog_name="rollplan", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return FAULT
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except SystemExit as end:  # click ends with 1 when nobody reads what it prints
        return UNREAD if end.code == 1 else TERMINATED
    except Exception as error:
        if os.environ.get("ROLLPLAN_DEBUG"):
            raise
        with suppress(OSError):  # nobody may be there to read it; the exit code says it too
            say(f"rollplan: {_sentence(error)}")
    return FAULT


def _sentence(error: Exception) -> str:
    from generator.model.findings import Fault

    if isinstance(error, Fault):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"cannot use {error.filename}: {error.strerror}" if error.filename else f"{error.strerror}"
    return f"internal error, {type(error).__name__}: {error}; ROLLPLAN_DEBUG=1 shows where"


def _terminated(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit(TERMINATED)
