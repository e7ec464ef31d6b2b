"""Shares and weights: how requests are divided, exactly.

A share is a part of all requests, as a `Fraction` of 1: what a plan writes as `12.5` is 1/8, and a third is a
third. A weight is the whole number of a backendRef or of a rewrite target, an `int`. `divide` turns shares
into weights and `shares_of` weights into shares; `from_percent` reads a share, and
`percent` writes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import gcd

LARGEST = 1_000_000
"""The largest weight of a backendRef and of a rewrite target (field/model-rewrite, field/weights)."""

NONE, WHOLE = Fraction(0), Fraction(1)

_SHOWN = 100_000
"""Shares are shown in parts of this: in thousandths of a percent."""


def from_percent(number: Decimal) -> Fraction:
    """Return the share that a number of percent is."""
    return Fraction(number) / 100


def percent(share: Fraction) -> str:
    """Return a share, or a difference of shares, as people read it: in percent, to the third decimal."""
    whole, rest = divmod(abs(round(share * _SHOWN)), _SHOWN // 100)
    text = f"{whole}.{rest:03d}".rstrip("0").rstrip(".")
    return f"-{text}" if share < 0 and text != "0" else text


def full_percent(share: Fraction) -> str:
    """Return a plan's share, which is a decimal fraction, in percent with all of its digits."""
    return f"{(Decimal(100 * share.numerator) / share.denominator).normalize():f}"


def rounded(share: Fraction) -> Fraction:
    """Return a share as `percent` shows it."""
    return Fraction(round(share * _SHOWN), _SHOWN)


def scale(shares: Iterable[Fraction]) -> int:
    """Return the smallest total of the form 100·10ⁿ of which every share is a whole number.

    ValueError for shares of which none is, such as a third.
    """
    known, total = tuple(shares), 100
    while any(total % share.denominator for share in known):
        if total > 100 * LARGEST:
            raise ValueError("shares that no decimal fraction is equal to have no such total")
        total *= 10
    return total


def factor(weight: int, total: int) -> int:
    """Return the smallest number by which `weight` must grow to be divisible into `total` parts."""
    return total // gcd(weight, total)


def divide(budget: int, shares: Iterable[Fraction]) -> tuple[int, ...]:
    """Divide a budget into what stays and what moves to each share; ValueError when that is not exact."""
    moved = [budget * share for share in shares]
    if any(part.denominator != 1 for part in moved):
        raise ValueError(f"a share of {budget} is not a whole number")
    parts = tuple(map(int, moved))
    return (budget - sum(parts), *parts)


def shares_of(weights: Sequence[int]) -> tuple[Fraction, ...]:
    """Return the share of each weight in all of them; none has any where all are 0."""
    total = sum(weights)
    return tuple(Fraction(weight, total) if total else NONE for weight in weights)
