"""Durations such as 1h30m, read and written as Prometheus and kubectl do."""

from __future__ import annotations

import re

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def seconds(duration: str) -> int:
    """Return a duration such as 1h30m in whole seconds, in which Prometheus and kubectl take it, too."""
    parts = re.findall(r"([0-9]+)(h|ms|m|s)", duration)
    return round(sum(int(number) * _UNITS[unit] for number, unit in parts))


def lasting(count: int) -> str:
    """Write whole seconds as PromQL does: in the largest unit that they are a multiple of."""
    units = ((3600, "h"), (60, "m"), (1, "s"))
    return next(f"{count // size}{unit}" for size, unit in units if count % size == 0)
