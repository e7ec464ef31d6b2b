"""The commands that explain rollplan itself: explain, schema, completion."""

from __future__ import annotations

import click


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
def schema() -> None:
    """Print the JSON Schema of plans, for editors."""
    import json

    from generator.plan.schema import bundled_schema

    click.echo(json.dumps(bundled_schema(), indent=2))


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell."""
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    known = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}[shell]
    click.echo(known(context.find_root().command, {}, "rollplan", "_ROLLPLAN_COMPLETE").source())
