"""The commands that explain rollplan itself: explain, schema, completion."""

from __future__ import annotations

import click

_PUBLISHED = {
    "rollout": "render/rollout.schema.json",
    "inventory": "render/inventory.schema.json",
    "diff": "gitops/diff.schema.json",
}
"""What `schema --of` describes beside plans → the schema's file."""


def _complete_code(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    from generator.cli.explain import topics
    from generator.rules import CODES

    names = [code for code in CODES if code.startswith(incomplete.upper())]
    return names + [topic for topic in ("field", *topics()) if topic.startswith(incomplete.lower())]


@click.command()
@click.argument("code", shell_complete=_complete_code)
def explain(code: str) -> None:
    """Explain a finding (RP301), an invariant (I5) or a topic (`field` lists them)."""
    from generator.cli.explain import explanation

    click.echo(explanation(code), nl=False)


@click.command()
@click.option(
    "--of",
    type=click.Choice(["plan", *_PUBLISHED]),
    default="plan",
    show_default=True,
    help="What the schema describes: a plan, or a file or report for machines.",
)
def schema(of: str) -> None:
    """Print the JSON Schema of plans, for editors, or of what rollplan writes."""
    import json

    from generator.plan.schema import bundled_schema
    from generator.resources import SCHEMAS

    if of in _PUBLISHED:
        click.echo((SCHEMAS / _PUBLISHED[of]).read_text(encoding="utf-8"), nl=False)
    else:
        click.echo(json.dumps(bundled_schema(), indent=2))


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell."""
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    known = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}[shell]
    click.echo(known(context.find_root().command, {}, "rollplan", "_ROLLPLAN_COMPLETE").source())
