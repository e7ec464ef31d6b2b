"""The limits that keep a hostile or broken file from costing time or memory."""

from __future__ import annotations

from typing import Final


class Limits:
    """The limits of one file: far above what people write, far below what costs much time or memory."""

    size: Final = 1 << 20
    """Bytes in a file."""

    depth: Final = 64
    """Collections inside one another, those that an alias repeats included."""

    aliases: Final = 100
    """Aliases (`*name`) in a file."""

    values: Final = 250_000
    """Scalars and collections in a file: more than twice what manifests of that size have."""

    nodes: Final = 100_000
    """Scalars and collections in a file that has aliases, with every alias written out."""

    digits: Final = 400
    """Characters of a number."""

    directives: Final = 64
    """Lines that start with `%`: libyaml compares each with all others."""

    findings: Final = 100
    """Errors after which reading stops, and warnings after which further ones are left out."""
