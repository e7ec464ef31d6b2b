"""Quantities as manifests have them: text, or a bare number."""

from __future__ import annotations

from decimal import Decimal

from generator.apiserver import quantities

WANTED = "a quantity such as 500m, 8Gi or 1"


def quantity(value: object) -> Decimal | None:
    """Return what a quantity stands for; None for what is no quantity."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    return quantities.quantity(str(value))


def is_whole(amount: Decimal) -> bool:
    """Return whether an amount is a number without a part."""
    return amount == amount.to_integral_value()
