"""Format names in sentences: one name, or several as a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def listed(names: Sequence[str], word: str = "and") -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    return f" {word} ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def owned(names: Sequence[str]) -> str:
    """Return `a's and b's`."""
    return listed([f"{name}'s" for name in names])


def also(names: Iterable[str]) -> str:
    """Return `, b too` of each further name, at the end of a sentence about the first."""
    return "".join(f", {name} too" for name in names)
