"""What a gate asks in a plan's words, before the engine that answers is known."""

from __future__ import annotations

from dataclasses import dataclass

from generator.source import Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Who a gate asks: a pool, or those of its requests for `alias` that `target` answers."""

    pool: str
    alias: str = ""
    target: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a gate asks in the plan's words; `window` is how many seconds it looks back."""

    metric: str
    percentile: float
    window: int
    place: Place
