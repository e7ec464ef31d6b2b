"""Evaluate the metric gates of a stage with Prometheus: a gate without a number does not hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Query = Callable[[str], tuple[float, ...]]
"""Gives every value of a query; none when no series matched."""

_HOLDS: Mapping[str, tuple[str, Callable[[float, float], bool]]] = {
    "max": ("at most", lambda value, bound: value <= bound),
    "min": ("at least", lambda value, bound: value >= bound),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """The result of one gate: whether it holds, what was measured, and what was required."""

    name: str
    holds: bool
    measured: str
    required: str


def judge(metrics: Iterable[Mapping[str, Any]], query: Query) -> tuple[GateResult, ...]:
    """Check the metric gates of a stage, as `rollout.json` has them.

    An absent series, a NaN and an infinity do not hold (field/metrics): nothing was measured. A query with
    several values holds when each of them does.
    """
    return tuple(_judge(metric, query(metric["promql"])) for metric in metrics)


def _judge(metric: Mapping[str, Any], values: tuple[float, ...]) -> GateResult:
    bound = next(name for name in _HOLDS if name in metric)
    phrase, holds = _HOLDS[bound]
    return GateResult(
        name=metric["name"],
        holds=bool(values) and all(math.isfinite(value) and holds(value, metric[bound]) for value in values),
        measured=", ".join(f"{value:g}" for value in values) or "no answer",
        required=f"{phrase} {metric[bound]:g}",
    )
