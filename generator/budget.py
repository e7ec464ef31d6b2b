"""The accelerators that a rollout may hold: no stage, and no way into one, takes more."""

from __future__ import annotations

from generator.codes import CODES
from generator.diagnostics import Findings
from generator.model import Ref, Rollout
from generator.summary import summarize


def require_budget(rollout: Rollout, budget: Ref | None, found: Findings) -> None:
    """Ask that every stage's peak stays within the budget; the worst stage is the finding."""
    if budget is None:
        return
    worst = max(summarize(rollout), key=lambda row: row.peak)
    if worst.peak > int(budget.value):
        found.add(
            CODES["RP316"],
            f"stage {worst.stage} holds {worst.peak} accelerators at its peak, and the budget is {budget}",
            budget.place,
            "use `policy: follow-weight`, less headroom or a smaller green, or raise the budget",
        )
