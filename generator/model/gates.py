"""Gates: shell instructions and metric thresholds, and the facts that they show about a cluster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from generator.model.source import Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """What is known once an instruction has succeeded or a metric gate holds.

    `word` is ready, accepted, gone, loaded, unloaded or drained; `of` is an object's identity or a model.
    """

    word: str
    of: str


class HasFact(Protocol):
    """Something that shows a fact when it succeeds, or nothing that anyone relies on."""

    @property
    def fact(self) -> Fact | None:
        """Return the fact."""


def facts_of(asked: Iterable[HasFact]) -> tuple[Fact, ...]:
    """Return what is known once all of these have succeeded."""
    return tuple(item.fact for item in asked if item.fact)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a gate measures: a pool, or its requests for `alias` that `target` answers."""

    pool: str
    alias: str = ""
    target: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """The metric of a gate as the plan names it; `window` is how many seconds it looks back."""

    metric: str
    percentile: float
    window: int
    place: Place


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricGate:
    """A threshold on one number; `bound` is `max` or `min`.

    `promql` is empty while only the `question` is known; `sample` is how many requests of the `subject` an
    answer needs.
    """

    name: str
    promql: str
    bound: str
    threshold: float
    question: Question | None = None
    subject: Subject | None = None
    sample: int = 0
    fact: Fact | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """A titled piece of shell for people to run in the plan's directory."""

    title: str
    script: str
    fact: Fact | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """What must be true before the next stage; `after` is what is known when the soak is over."""

    checks: tuple[Instruction, ...] = ()
    soak: str = ""
    metrics: tuple[MetricGate, ...] = ()
    after: tuple[Fact, ...] = ()

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Return all that is known when the gate holds."""
        return (*facts_of((*self.checks, *self.metrics)), *self.after)
