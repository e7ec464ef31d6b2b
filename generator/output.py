"""The last steps of the road: what a compiled plan renders, as the disk takes it."""

from __future__ import annotations

from generator.disk import Planned
from generator.pipeline import Compiled
from generator.render import render


def planned(compiled: Compiled) -> Planned:
    """Give what the disk needs to know of a plan: its files, and what each of them holds."""
    rendered = render(compiled.rollout)
    return Planned(
        name=compiled.rollout.plan.name,
        tree=rendered.files,
        identities=rendered.identities,
        sources=compiled.sources,
    )
