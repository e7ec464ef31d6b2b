"""The accelerators that a rollout may hold: no stage, and no way into one or back from it, takes more."""

from __future__ import annotations

from collections.abc import Iterator

from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.rollout import Rollout
from generator.model.source import Ref
from generator.stages.summary import peak, summarize


def require_budget(rollout: Rollout, budget: Ref | None) -> Reporting[None]:
    """Check that every stage's peak stays within the budget; the worst stage is the finding."""
    if budget is None:
        return
    ways = [
        (row.peak, f"stage {row.stage} holds {{}} accelerators at its peak") for row in summarize(rollout)
    ]
    ways += [
        (most, f"the way back from stage {stage} holds {{}} accelerators") for stage, most in _back(rollout)
    ]
    worst, message = max(ways, key=lambda way: way[0])
    if worst > int(budget.value):
        yield finding(
            "RP316",
            f"{message.format(worst)}, and the budget is {budget}",
            budget.place,
            "use `policy: follow-weight`, less headroom or a smaller green, or raise the budget",
        )


def _back(rollout: Rollout) -> Iterator[tuple[str, int]]:
    """Return what each stage before cleanup holds at most while the rollback lets blue grow again."""
    back = {item.identity: item for item in rollout.rollback.objects}
    for index, stage in enumerate(rollout.stages):
        if index and not stage.deletions:
            after = tuple(back.get(item.identity, item) for item in stage.objects)
            yield rollout.directory(index), peak(stage.objects, after, rollout.accelerators)
