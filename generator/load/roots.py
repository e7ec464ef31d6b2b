"""The folders that a plan may read: its own, and those that it names."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Roots:
    """Real paths; a path is inside when it is, after all links are followed, below one of them."""

    paths: tuple[str, ...]

    def hold(self, path: Path) -> bool:
        """Return whether the path leads inside."""
        real = os.path.realpath(path)
        return any(os.path.commonpath([real, root]) == root for root in self.paths)


def roots_of(folder: Path, others: Iterable[str] = ()) -> Roots:
    """Return the plan's folder and the others, which are relative to it."""
    return Roots(paths=tuple(os.path.realpath(folder / other) for other in ("", *others)))
