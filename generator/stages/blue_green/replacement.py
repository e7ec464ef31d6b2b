"""Check that green has what it needs to replace blue without clients noticing (field/blue-green)."""

from __future__ import annotations

from generator.model.findings import Reporting
from generator.stages.blue_green.client_names import PoolView, require_copies, require_names, warn_of_adapters
from generator.stages.blue_green.engine_change import require_engine, warn_of_sidecars
from generator.stages.blue_green.objectives import Choice, objective_for

_CHECKS = (require_names, require_copies, warn_of_adapters, require_engine, warn_of_sidecars)


def require_replacement(blue: PoolView, green: PoolView, choice: Choice) -> Reporting[str]:
    """Hold green against blue; return the objective that requests get on their way to green."""
    for check in _CHECKS:
        yield from check(blue, green)
    return (yield from objective_for(choice, blue, green))
