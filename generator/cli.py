"""The command line: each command parses its options, calls one function, and shows what it gave.

Only click is imported at the start; a command imports what it needs when it runs.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from io import TextIOWrapper
from typing import TYPE_CHECKING, NoReturn, TextIO

import click

from generator import __version__
from generator.live_commands import gate, krm, promote, rollback

if TYPE_CHECKING:
    from types import FrameType

    from generator.diagnostics import Diagnostic
    from generator.disk import Written
    from generator.pipeline import Compiled

FOUND, FAULT, INTERRUPTED, UNREAD, TERMINATED = 1, 2, 130, 141, 143
"""Exit codes beside 0: findings or differences; a fault of usage, system or rollplan; Ctrl-C; a reader
that went away, as `head` does; SIGTERM. The last three are what a shell says of the signals."""


def _complete_code(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    from generator.codes import CODES

    return [code for code in CODES if code.startswith(incomplete.upper())]


def _refusing(command: Callable[..., None]) -> Callable[..., None]:
    """Show the findings of a refused plan in the chosen format, and exit 1."""

    @wraps(command)
    def run(format_: str, **options: object) -> None:
        from generator.diagnostics import Rejected

        try:
            command(format_=format_, **options)
        except Rejected as rejected:
            to_stdout = format_ != "text" or command.__name__ == "validate"
            _show(rejected.findings, format_, sys.stdout if to_stdout else sys.stderr)
            raise click.exceptions.Exit(FOUND) from None

    return run


_plans = click.argument("plans", nargs=-1, required=True, metavar="PLAN...", type=click.Path())
_format = click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How to show the outcome.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rollplan", message="%(prog)s %(version)s")
def cli() -> None:
    """Compile rollouts of LLM inference on Kubernetes into stages that kubectl or GitOps applies."""


@cli.command()
@_plans
@_format
@_refusing
def validate(plans: tuple[str, ...], format_: str) -> None:
    """Check plans and the manifests that they name; show every finding."""
    from generator.pipeline import compile_plans

    _show(_warnings(compile_plans(plans)), format_, sys.stdout)


@cli.command()
@_plans
@click.option("--out", required=True, type=click.Path(), help="Write OUT/<plan name>/.")
@click.option("--force", is_flag=True, help="Overwrite files that were edited by hand.")
@_format
@_refusing
def render(plans: tuple[str, ...], out: str, force: bool, format_: str) -> None:
    """Compile plans and write their stages, all or nothing; show the stage tables."""
    from pathlib import Path

    from generator.disk import HandEdited, write
    from generator.output import planned
    from generator.pipeline import compile_plans

    compiled = compile_plans(plans)
    try:
        results = write(Path(out), [planned(plan) for plan in compiled], version=__version__, force=force)
    except HandEdited as edited:
        _say("edited by hand since it was rendered; nothing is written. Undo the edit, or use --force:")
        _say(*(f"  {path}" for path in edited.paths))
        raise click.exceptions.Exit(FOUND) from None
    _tables(compiled, format_)
    _say(*(_written(out, result) for result in results))


@cli.command()
@_plans
@_format
@_refusing
def stages(plans: tuple[str, ...], format_: str) -> None:
    """Show each rollout as a table: traffic, replicas, accelerators, gates, the way back."""
    from generator.pipeline import compile_plans

    _tables(compile_plans(plans), format_)


@cli.command()
@click.argument("code", shell_complete=_complete_code)
def explain(code: str) -> None:
    """Tell what a finding means, why it matters and how to mend it."""
    from generator.explain import explanation

    click.echo(explanation(code), nl=False)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of plans, for editors."""
    import json

    from generator.plan_schema import bundled_schema

    click.echo(json.dumps(bundled_schema(), indent=2))


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell."""
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    known = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}[shell]
    click.echo(known(cli, {}, "rollplan", "_ROLLPLAN_COMPLETE").source())


for _command in (promote, rollback, gate, krm):
    cli.add_command(_command)


def _tables(compiled: Sequence[Compiled], format_: str) -> None:
    from generator.reporters import SUMMARIES

    _show(_warnings(compiled), "text", sys.stderr)
    colour = _colour(sys.stdout)
    text = SUMMARIES[format_]([plan.rollout for plan in compiled], colour=colour)
    click.echo(text, nl=False, color=colour)


def _warnings(compiled: Sequence[Compiled]) -> tuple[Diagnostic, ...]:
    return tuple(warning for plan in compiled for warning in plan.warnings)


def _show(findings: Sequence[Diagnostic], format_: str, stream: TextIO) -> None:
    from generator.reporters import FINDINGS

    colour = _colour(stream)
    click.echo(FINDINGS[format_](findings, colour=colour), nl=False, file=stream, color=colour)


def _written(out: str, result: Written) -> str:
    counts = ((result.changed, "written"), (result.removed, "removed"), (result.unknown, "unknown, kept"))
    said = [f"{len(paths)} {what}" for paths, what in counts if paths]
    return f"{out.rstrip('/')}/{result.name}: {'; '.join(said) if said else 'nothing to write'}"


def _say(*sentences: str) -> None:
    from generator.reporters.sanitize import clean

    for sentence in sentences:
        click.echo(clean(sentence), err=True)


def _colour(stream: TextIO | None) -> bool:
    """Say whether to colour: on terminals, unless NO_COLOR is set; everywhere with FORCE_COLOR."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream is not None and stream.isatty())


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
            _say(f"rollplan: {_sentence(error)}")
    return FAULT


def _sentence(error: Exception) -> str:
    from generator.diagnostics import Fault

    if isinstance(error, Fault):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"cannot use {error.filename}: {error.strerror}" if error.filename else f"{error.strerror}"
    return f"internal error, {type(error).__name__}: {error}; ROLLPLAN_DEBUG=1 shows where"


def _terminated(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit(TERMINATED)
