"""What green must bring so that it can take over from blue without a client noticing (contract §3.1)."""

from __future__ import annotations

from generator.continuity import Side, require_copies, require_names, warn_of_adapters
from generator.diagnostics import Findings
from generator.frameworks import require_engine, warn_of_sidecars
from generator.objectives import Choice, objective_for

_CHECKS = (require_names, require_copies, warn_of_adapters, require_engine, warn_of_sidecars)


def require_takeover(blue: Side, green: Side, choice: Choice, found: Findings) -> str:
    """Hold green against blue; give the objective that requests get on their way to green."""
    for check in _CHECKS:
        check(blue, green, found)
    return objective_for(choice, blue, green, found)
