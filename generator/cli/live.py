"""The commands promote, rollback, gate and krm."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from generator.cli.shared import FOUND, format_option, say

if TYPE_CHECKING:
    from generator.disk.live import RenderedTree
    from generator.gitops.promotion import Index, Promotion


_EDITED = "these files are not what the plan renders; nothing is done. Undo the edit, or render again:"

_directory = click.argument("directory", metavar="DIR", type=click.Path())


def _complete_stage(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    from generator.gitops.promotion import read_index
    from generator.model.findings import Fault

    path = Path(context.params.get("directory") or ".") / "rollout.json"
    try:
        index = read_index(path.read_text(encoding="utf-8"), path.as_posix())
    except (OSError, Fault):
        return []
    return [stage.name for stage in index.stages if stage.name.startswith(incomplete)]


@click.command()
@_directory
@click.argument("stage", shell_complete=_complete_stage)
@click.option("--skip-to", "skip", is_flag=True, help="Leap over stages; the risk is told.")
@click.option("--confirm-cleanup", "confirmed", is_flag=True, help="Take away what served before.")
def promote(directory: str, stage: str, skip: bool, confirmed: bool) -> None:
    """Make STAGE of the rendered plan in DIR live: the next stage, or any earlier one.

    Writes DIR/live and nothing else.
    """
    from generator.gitops.promotion import promote as planned

    def decide(index: Index, rendered: RenderedTree) -> Promotion:
        return planned(index, rendered.tree, rendered.live, stage, skip=skip, confirmed=confirmed)

    _make_live(directory, decide)


@click.command()
@_directory
def rollback(directory: str) -> None:
    """Make the rollback live: the stage that is live, with the traffic back where it was."""
    from generator.gitops.promotion import roll_back

    def decide(index: Index, rendered: RenderedTree) -> Promotion:
        return roll_back(index, rendered.tree, rendered.live)

    _make_live(directory, decide)


@click.command()
@_directory
@click.argument("stage", shell_complete=_complete_stage)
@click.option("--prometheus", "url", required=True, metavar="URL", help="The address before /api/v1.")
@click.option("--bearer-token-file", "token", type=click.Path(dir_okay=False), help="A file with a token.")
@click.option(
    "--time", "time", default="", help="When to query, in RFC 3339 or Unix time; now when left out."
)
@format_option("text", "json")
def gate(directory: str, stage: str, url: str, token: str | None, time: str, format_: str) -> None:
    """Query Prometheus for the metric gates of STAGE; exit 0 when all hold, 1 when one does not."""
    import json

    from generator.cli.formats import GATES
    from generator.disk.live import read_rendered
    from generator.disk.values import HandEdited
    from generator.gitops.gate import judge
    from generator.gitops.prometheus import PrometheusServer
    from generator.gitops.promotion import Refused, read_index

    try:
        tree = read_rendered(Path(directory)).tree
        name = f"{directory}/rollout.json"
        number = read_index(tree.get("rollout.json", ""), name).find(stage)
    except HandEdited as edited:
        _refuse(_EDITED, *(f"  {path}" for path in edited.paths))
    except Refused as refused:
        _refuse(str(refused))
    server = PrometheusServer(url=url, token=_read_token(token))
    metrics = json.loads(tree["rollout.json"])["stages"][number]["gate"]["metrics"]
    results = judge(metrics, lambda promql: server.values(promql, time))
    click.echo(GATES[format_](results), nl=False)
    if not all(result.holds for result in results):
        raise click.exceptions.Exit(FOUND)


@click.command()
def krm() -> None:
    """Be a KRM function: a ResourceList with the plan on standard input, one stage's objects on output."""
    from generator.gitops.krm import run

    text, good = run(sys.stdin.buffer.read().decode(errors="replace"))
    click.echo(text, nl=False)
    if not good:
        raise click.exceptions.Exit(FOUND)


def _read_token(path: str | None) -> str:
    return Path(path).read_text(encoding="utf-8").strip() if path else ""


def _make_live(directory: str, decide: Callable[[Index, RenderedTree], Promotion]) -> None:
    from generator.disk.live import make_live
    from generator.disk.values import HandEdited
    from generator.gitops.promotion import Refused, read_index

    made: list[Promotion] = []

    def files(rendered: RenderedTree) -> Mapping[str, str]:
        index = read_index(rendered.tree.get("rollout.json", ""), f"{directory}/rollout.json")
        made.append(decide(index, rendered))
        return made[0].files

    try:
        changed = make_live(Path(directory), files)
    except HandEdited as edited:
        _refuse(_EDITED, *(f"  {path}" for path in edited.paths))
    except Refused as refused:
        _refuse(str(refused))
    say(*(f"warning: {risk}" for risk in made[0].risks))
    say(f"{directory.rstrip('/')}/live: {made[0].stage}{'' if changed else ', as before'}")


def _refuse(*sentences: str) -> NoReturn:
    say(*sentences)
    raise click.exceptions.Exit(FOUND)
