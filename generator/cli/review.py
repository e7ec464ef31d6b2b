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
    from generator.gitops.compare.model import Side


_UNMERGED, _DRIVER = 1, (7, 9)
"""How many words Git gives to an external diff command: one for a file with conflicts, two more than
usual for one that has a new name."""


@click.command()
@PLANS
@CRDS
@click.option("--out", required=True, type=click.Path(), help="The folder that the plans are rendered into.")
@format_option("text", "json", "github")
@refusing
def check(plans: tuple[str, ...], crds: tuple[str, ...], out: str, format_: str) -> None:
    """Return whether what is committed below OUT is exactly what the plans render; write nothing."""
    from pathlib import Path

    from generator.cli.formats import CHECKS
    from generator.gitops.check import check as compared
    from generator.pipeline import compile_plans, planned

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
    if git_driver:
        _drive(sides, format_)
    elif not _same(_named(sides, against), format_):
        raise click.exceptions.Exit(FOUND)


def _same(sides: tuple[Side, Side], format_: str) -> bool:
    """Print what differs, and say whether nothing does."""
    from generator.cli.formats import DIFFERENCES
    from generator.gitops.compare.plans import compare

    found = compare(*sides)
    colour = colours(sys.stdout)
    click.echo(DIFFERENCES[format_](found, colour=colour), nl=False, color=colour)
    return found.same


def _named(sides: tuple[str, ...], revision: str | None) -> tuple[Side, Side]:
    from generator.gitops.inputs import against, side

    if revision is not None and len(sides) == 1:
        return against(revision, sides[0])
    if revision is not None or len(sides) != 2:
        raise click.UsageError("name two sides, or one path and --against REV")
    return side(sides[0]), side(sides[1])


def _drive(words: tuple[str, ...], format_: str) -> None:
    """Show one file to Git, which takes any exit code but 0 for a crash and stops."""
    from generator.cli.formats.sanitize import clean
    from generator.gitops.inputs import two_files
    from generator.model.findings import Rejected

    if len(words) == _UNMERGED:
        click.echo(f"{clean(words[0])} is not merged yet")
    elif len(words) not in _DRIVER:
        raise click.UsageError("Git gives an external diff command seven words, or nine; see git(1)")
    else:
        try:
            _same(two_files(words[0], words[1], words[4]), format_)
        except Rejected as rejected:
            show_findings(rejected.findings, "text", sys.stdout)
