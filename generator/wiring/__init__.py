"""How the objects of one stage hang together: names, ports and selectors that no server checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.diagnostics import Diagnostic, Findings
from generator.model import Rollout
from generator.wiring.names import missing_names
from generator.wiring.ports import unknown_ports
from generator.wiring.scene import Scene
from generator.wiring.selectors import idle_selectors

CHECKS: tuple[Callable[[Scene], Iterator[Diagnostic]], ...] = (missing_names, unknown_ports, idle_selectors)
"""What is asked of every stage."""


def require_wiring(rollout: Rollout, found: Findings) -> None:
    """Add a finding for each thread between the objects of a stage that leads nowhere."""
    for stage in rollout.stages:
        scene = Scene(objects=stage.objects)
        for check in CHECKS:
            found.extend(check(scene))
