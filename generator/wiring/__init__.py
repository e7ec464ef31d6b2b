"""How the objects of a rollout hang together: names, ports and selectors that no server checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.diagnostics import Diagnostic, Findings
from generator.model import Rollout
from generator.wiring.names import missing_names
from generator.wiring.ports import unknown_ports
from generator.wiring.scene import Scene
from generator.wiring.selectors import idle_selectors

CHECKS: tuple[Callable[[Scene], Iterator[Diagnostic]], ...] = (missing_names, unknown_ports, idle_selectors)
"""What is asked of the objects of a rollout."""


def require_wiring(rollout: Rollout, found: Findings) -> None:
    """Add a finding for each thread between objects that leads nowhere in the whole rollout.

    A thread to what an earlier or a later stage has is no loose end: when it must be there is for the order
    of stages to say.
    """
    staged = {id(item.data): item for stage in rollout.stages for item in stage.objects}
    scene = Scene(objects=tuple(staged.values()))
    for check in CHECKS:
        found.extend(check(scene))
