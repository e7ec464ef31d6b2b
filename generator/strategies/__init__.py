"""The strategies: one file each, one row each."""

from __future__ import annotations

from generator.strategies import blue_green, lora_adapter, rolling_update

STRATEGIES = {
    strategy.name: strategy
    for strategy in (blue_green.STRATEGY, lora_adapter.STRATEGY, rolling_update.STRATEGY)
}
"""Strategy by the name that a plan's `spec.strategy.type` gives it."""
