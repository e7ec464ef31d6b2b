"""The commands for people who review: check and diff."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from generator import __version__
from generator.cli.shared import (
    CRDS,
    FOUND,
    PLANS,
    colours,
    format_option,
    refusing,
    show_findings,
    warnings_of,
)

if TYPE_CHECKING:
    from generator.compare import Side

_DRIVER = (7, 9)
"""How many words Git gives to an external diff command: two more for a file that has a new name."""


@click.command()
@PLANS
@CRDS
@click.option("--out", required=True, type=click.Path(), help="The folder that the plans are rendered into.")
@format_option("text", "json", "github")
@refusing
def check(plans: tuple[str, ...], crds: tuple[str, ...], out: str, format_: str) -> None:
    """Say whether what is committed below OUT is exactly what the plans render; write nothing."""
    from pathlib import Path

    from generator.check import check as compared
    from generator.output import planned
    from generator.pipeline import compile_plans
    from generator.reporters import CHECKS

    compiled = compile_plans(plans, crds)
    show_findings(warnings_of(compiled), "text", sys.stderr)
    found = [item for plan in compiled for item in compared(Path(out), planned(plan), __version__)]
    colour = colours(sys.stdout)
    click.echo(CHECKS[format_](found, colour=colour), nl=False, color=colour)
    if found:
        raise click.exceptions.Exit(FOUND)


@click.command()
@click.argument("sides", nargs=-1, required=True, metavar="A B", type=click.Path())
@click.option("--against", metavar="REV", help="Compare the one path with what this Git revision has.")
@click.option("--git-driver", is_flag=True, help="Be the command of a Git diff driver.")
@format_option("text", "markdown", "json")
@refusing
def diff(sides: tuple[str, ...], against: str | None, git_driver: bool, format_: str) -> None:
    """Show what changes from A to B: traffic first, then replicas, then objects field by field.

    A and B are stage directories, rendered plans, folders of them, plan files, or any of them in Git as
    REV:path. As a Git diff driver: git config diff.rollplan.command "rollplan diff --git-driver", and
    *.yaml diff=rollplan in .gitattributes.
    """
    from generator.compare import compare
    from generator.reporters import DIFFERENCES

    before, after = _driven(sides) if git_driver else _named(sides, against)
    found = compare(before, after)
    colour = colours(sys.stdout)
    click.echo(DIFFERENCES[format_](found, colour=colour), nl=False, color=colour)
    if not found.same and not git_driver:  # Git takes any other code than 0 for a crash
        raise click.exceptions.Exit(FOUND)


def _named(sides: tuple[str, ...], revision: str | None) -> tuple[Side, Side]:
    from generator.sides import against, side

    if revision is not None and len(sides) == 1:
        return against(revision, sides[0])
    if revision is not None or len(sides) != 2:
        raise click.UsageError("name two sides, or one path and --against REV")
    return side(sides[0]), side(sides[1])


def _driven(words: tuple[str, ...]) -> tuple[Side, Side]:
    from generator.sides import two_files

    if len(words) not in _DRIVER:
        raise click.UsageError("Git gives an external diff command seven words, or nine; see git(1)")
    return two_files(words[0], words[1], words[4])
