"""The strategies: one file each, one row each."""

from __future__ import annotations

from generator.stages.blue_green import strategy as blue_green
from generator.stages.lora_adapter import strategy as lora_adapter
from generator.stages.rolling_update import strategy as rolling_update

STRATEGIES = {
    strategy.name: strategy
    for strategy in (blue_green.STRATEGY, lora_adapter.STRATEGY, rolling_update.STRATEGY)
}
"""Strategy by the name that a plan's `spec.strategy.type` gives it."""
