"""Quantities of Kubernetes: `8`, `500m`, `16Gi`, `1e3`."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(
    r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:([KMGTPE]i)|([numkMGTPE]?)|[eE]([+-]?[0-9]+))", re.ASCII
)
_BINARY = {f"{letter}i": 1024**power for power, letter in enumerate("KMGTPE", 1)}
_DECIMAL = {"": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def quantity(text: str) -> Decimal | None:
    """Return the number that a quantity stands for; None for text that is no quantity."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    sign, digits, binary, decimal, exponent = match.groups()
    if exponent is not None and len(exponent) > 4:
        return None
    value = Decimal(digits)
    value = value * _BINARY[binary] if binary else value.scaleb(int(exponent or _DECIMAL[decimal or ""]))
    return -value if sign == "-" else value
