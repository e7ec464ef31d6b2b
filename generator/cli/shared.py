"""What the commands share: exit codes, options, and how an outcome is shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from generator.model.findings import Finding
    from generator.pipeline import Compiled


FOUND, FAULT, INTERRUPTED, UNREAD, TERMINATED = 1, 2, 130, 141, 143
"""Exit codes beside 0: findings or differences; a fault of usage, system or rollplan; Ctrl-C; a reader
that went away, as `head` does; SIGTERM. The last three are what a shell says of the signals."""

PLANS = click.argument("plans", nargs=-1, required=True, metavar="PLAN...", type=click.Path())

CRDS = click.option(
    "--crds",
    multiple=True,
    type=click.Path(),
    help="Check objects against the cluster's own CustomResourceDefinitions in this file or folder.",
)


def format_option(*choices: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the option that chooses how to show the outcome: text, unless the user says another."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(choices),
        default="text",
        show_default=True,
        help="How to show the outcome.",
    )


def refusing(command: Callable[..., None]) -> Callable[..., None]:
    """Show the findings of a refused plan in the chosen format, and exit 1."""

    @wraps(command)
    def run(format_: str, **options: object) -> None:
        from generator.model.findings import Rejected

        try:
            command(format_=format_, **options)
        except Rejected as rejected:
            to_stdout = format_ != "text" or command.__name__ == "validate"
            show_findings(rejected.findings, format_, sys.stdout if to_stdout else sys.stderr)
            raise click.exceptions.Exit(FOUND) from None

    return run


def show_findings(findings: Sequence[Finding], format_: str, stream: TextIO) -> None:
    """Print findings in a format."""
    from generator.cli.formats import FINDINGS

    colour = colours(stream)
    click.echo(FINDINGS[format_](findings, colour=colour), nl=False, file=stream, color=colour)


def warnings_of(compiled: Sequence[Compiled]) -> tuple[Finding, ...]:
    """Return the warnings of all plans."""
    return tuple(warning for plan in compiled for warning in plan.warnings)


def say(*sentences: str) -> None:
    """Print something that is no result to standard error, with nothing that can harm a terminal."""
    from generator.cli.formats.sanitize import clean

    for sentence in sentences:
        click.echo(clean(sentence), err=True)


def colours(stream: TextIO | None) -> bool:
    """Return whether to colour: on terminals, unless NO_COLOR is set; everywhere with FORCE_COLOR."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream is not None and stream.isatty())
