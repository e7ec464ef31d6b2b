"""A violation: the field of an object, its kind, and the API server's message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from generator.model.source import Path


class Key(str):
    """A step of a path that is the key of a map, where the server writes it in brackets."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """One reason to refuse an object.

    `kind` is the key of the row that has its code (`verify` joins the tables); `message` is what the
    server says after the field's path, such as `Invalid value: 0: should be greater than or equal to 1`;
    `inside` leads on from the path to the very value, where the server names what is around it.
    """

    path: Path
    kind: str
    message: str
    hint: str = ""
    inside: Path = ()

    @property
    def field(self) -> str:
        """Return the path as the server writes it: `spec.rules[0].name`."""
        return field_of(self.path)

    @staticmethod
    def unknown(path: Path, known: Iterable[str], elsewhere: Mapping[str, str] | None = None) -> Violation:
        """Make the violation of a field that the API does not have, and name the one that is meant.

        `elsewhere` has the fields that other versions of the API have, and why this one does not.
        """
        name = str(path[-1])
        close = get_close_matches(name, known, n=1, cutoff=0.6) if len(name) < 100 else []
        hint = f"did you mean `{close[0]}`?" if close else ""
        hint = (elsewhere or {}).get(name, hint)
        return Violation(path=path, kind="unknown", message=f'unknown field "{field_of(path)}"', hint=hint)


Checker = Callable[[Mapping[str, Any]], Iterable[Violation]]
"""Says what a server would hold against one object; it gets the whole object and changes nothing."""


def field_of(path: Path) -> str:
    """Write a path as the server does: `spec.rules[0].name`, `metadata.labels[app]`."""
    steps = (f"[{step}]" if isinstance(step, int | Key) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")
