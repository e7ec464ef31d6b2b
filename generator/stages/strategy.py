"""What a strategy is: its parameters, and the stages that it makes of a plan and its manifests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from generator.model.findings import Findings
from generator.model.plan import Bundles, Parameters, Plan
from generator.model.rollout import Rollout
from generator.plan.fields import Fields
from generator.plan.steps import GateTable


@dataclass(frozen=True, kw_only=True, slots=True)
class Strategy:
    """One row of the table of strategies.

    `parse` reads the plan's `spec`; `plan` gives the rollout and raises `Rejected` where the manifests do
    not have what it needs.
    """

    name: str
    modes: frozenset[str]
    parse: Callable[[Fields, GateTable, Findings], Parameters]
    plan: Callable[[Plan, Bundles, Findings], Rollout]
