"""What gates show of a cluster, and how much was proved with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """What is known once an instruction has succeeded or a metric gate holds.

    `word` is ready, accepted, gone, loaded, unloaded or drained; `of` is an object's identity or a model.
    """

    word: str
    of: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """How much was checked: the ways from stage to stage and back, and the half-applied states on them."""

    transitions: int
    rollbacks: int
    states: int


class Telling(Protocol):
    """Something that shows a fact when it succeeds, or nothing that anyone relies on."""

    @property
    def fact(self) -> Fact | None:
        """Give the fact."""


def facts_of(asked: Iterable[Telling]) -> tuple[Fact, ...]:
    """Give what is known once all of these have succeeded."""
    return tuple(item.fact for item in asked if item.fact)
