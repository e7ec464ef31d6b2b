"""The commands that compile plans: validate, stages, render."""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
    say,
    show_findings,
    warnings_of,
)

if TYPE_CHECKING:
    from generator.disk.values import Written
    from generator.pipeline import Compiled


@click.command()
@PLANS
@CRDS
@format_option("text", "json", "github", "sarif", "junit", "markdown")
@refusing
def validate(plans: tuple[str, ...], crds: tuple[str, ...], format_: str) -> None:
    """Check plans and the manifests that they name; show every finding."""
    from generator.pipeline import compile_plans

    show_findings(warnings_of(compile_plans(plans, crds)), format_, sys.stdout)


@click.command()
@PLANS
@CRDS
@click.option("--out", required=True, type=click.Path(), help="Write OUT/<plan name>/.")
@click.option("--force", is_flag=True, help="Overwrite files that were edited by hand.")
@format_option("text", "json", "github", "sarif", "junit")
@refusing
def render(plans: tuple[str, ...], crds: tuple[str, ...], out: str, force: bool, format_: str) -> None:
    """Compile plans and write their stages, all or nothing; show the stage tables."""
    from pathlib import Path

    from generator.disk.values import HandEdited
    from generator.disk.write import write
    from generator.pipeline import compile_plans, planned

    compiled = compile_plans(plans, crds)
    try:
        results = write(Path(out), [planned(plan) for plan in compiled], version=__version__, force=force)
    except HandEdited as edited:
        say("edited by hand since it was rendered; nothing is written. Undo the edit, or use --force:")
        say(*(f"  {path}" for path in edited.paths))
        raise click.exceptions.Exit(FOUND) from None
    _tables(compiled, format_)
    say(*(_written(out, result) for result in results))


@click.command()
@PLANS
@CRDS
@format_option("text", "json", "github")
@refusing
def stages(plans: tuple[str, ...], crds: tuple[str, ...], format_: str) -> None:
    """Show each rollout as a table: traffic, replicas, accelerators, gates, the way back."""
    from generator.pipeline import compile_plans

    _tables(compile_plans(plans, crds), format_)


def _tables(compiled: Sequence[Compiled], format_: str) -> None:
    from generator.cli.formats import SUMMARIES

    if format_ not in SUMMARIES:  # a format for findings alone
        show_findings(warnings_of(compiled), format_, sys.stdout)
        return
    show_findings(warnings_of(compiled), "text", sys.stderr)
    colour = colours(sys.stdout)
    text = SUMMARIES[format_]([plan.rollout for plan in compiled], colour=colour)
    click.echo(text, nl=False, color=colour)


def _written(out: str, result: Written) -> str:
    counts = ((result.changed, "written"), (result.removed, "removed"), (result.unknown, "unknown, kept"))
    words = [f"{len(paths)} {what}" for paths, what in counts if paths]
    return f"{out.rstrip('/')}/{result.name}: {'; '.join(words) if words else 'nothing to write'}"
