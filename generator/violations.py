"""What an API server would hold against an object: where in it, of which kind, in its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from generator.source import Path

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """One reason to refuse an object.

    `kind` is the key of the row that has its code (`verify` joins the tables); `message` is what the
    server says after the field's path, such as `Invalid value: 0: should be greater than or equal to 1`.
    """

    path: Path
    kind: str
    message: str
    hint: str = ""

    @property
    def field(self) -> str:
        """Give the path as the server writes it: `spec.rules[0].name`."""
        return field_of(self.path)


Checker = Callable[[Mapping[str, Any]], Iterable[Violation]]
"""Says what a server would hold against one object; it gets the whole object and changes nothing."""


def field_of(path: Path) -> str:
    """Write a path as the server does: `spec.rules[0].name`, keys of maps in brackets where not plain."""
    steps = (f".{step}" if _PLAIN.fullmatch(str(step)) else f"[{step}]" for step in path)
    return "".join(steps).removeprefix(".")
