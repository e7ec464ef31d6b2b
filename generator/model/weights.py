"""Exact weights: percentages as whole numbers whose sum stays the same in every stage."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import gcd

LARGEST = 1_000_000
"""The largest weight of a backendRef and of a rewrite target (field/model-rewrite, field/weights)."""

WHOLE = Decimal(100)


def scale(weights: Iterable[Decimal]) -> int:
    """Return the smallest total of the form 100·10ⁿ in which every percentage is a whole number."""
    digits = max((-int(weight.as_tuple().exponent) for weight in weights), default=0)
    total: int = 100 * 10 ** max(digits, 0)
    return total


def factor(weight: int, total: int) -> int:
    """Return the smallest number by which `weight` must grow to be divisible into `total` parts."""
    return total // gcd(weight, total)


def divide(budget: int, percents: Iterable[Decimal]) -> tuple[int, ...]:
    """Divide a budget into what stays and what moves to each share; ValueError when that is not exact."""
    moved = [budget * percent / WHOLE for percent in percents]
    if any(part != part.to_integral_value() for part in moved):
        raise ValueError(f"a share of {budget} is not a whole number")
    parts = tuple(map(int, moved))
    return (budget - sum(parts), *parts)


def percent(weight: int, total: int) -> Decimal:
    """Return the share of a weight in a total, in percent without trailing zeros."""
    share = Decimal(weight * 100) / Decimal(total) if total else Decimal(0)
    whole = share.to_integral_value()
    return Decimal(int(whole)) if share == whole else share.quantize(Decimal("0.001")).normalize()
