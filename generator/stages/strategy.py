"""What a strategy is: its parameters, and the stages that it makes of a plan and its manifests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from generator.model.findings import Reporting
from generator.model.plan import Bundles, Parameters, Plan
from generator.model.rollout import Rollout
from generator.plan.fields import Fields
from generator.plan.steps import GateTable


@dataclass(frozen=True, kw_only=True, slots=True)
class Strategy:
    """One row of the table of strategies.

    `parse` reads the plan's `spec`; `prepare` finds what the stages need among the manifests; `plan` makes
    the rollout of that. Both return None with an error where something is missing.
    """

    name: str
    modes: frozenset[str]
    parse: Callable[[Fields, GateTable], Reporting[Parameters]]
    prepare: Callable[[Plan, Bundles], Reporting[Any]]
    plan: Callable[[Any], Reporting[Rollout | None]]
