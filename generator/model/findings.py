"""Findings (what is wrong, where, and how to fix it), and the exceptions that stop a command."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias, TypeVar

from generator.model.source import Place


class Severity(Enum):
    """Severity of a finding: an error refuses the plan; an accepted finding is only shown."""

    ERROR = "error"
    WARNING = "warning"
    ACCEPTED = "accepted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """The stable name of one kind of finding; `rollplan explain ID` prints its page.

    `acceptable`: a plan may accept it with a reason. `keeps` are the invariants of a rollout
    that hold where nothing of this kind is found.
    """

    id: str
    severity: Severity
    title: str
    acceptable: bool = False
    keeps: tuple[str, ...] = ()


def code(id_: str, severity: str, title: str, keeps: tuple[str, ...] = ()) -> Code:
    """Return a code; a plan may accept any `warning`, and an error that is written `error+`."""
    return Code(
        id=id_,
        severity=Severity(severity.rstrip("+")),
        title=title,
        acceptable=severity != Severity.ERROR.value,
        keeps=keeps,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """A second place that a finding refers to, and why."""

    place: Place
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One finding: a message in lower case without a full stop, the place, a hint that fixes it.

    `about` is the object that it speaks of, as `Kind/name`; `accepted` the plan's reason to go on with it.
    """

    code: Code
    message: str
    place: Place
    hint: str
    related: tuple[Related, ...] = ()
    about: str = ""
    accepted: str = ""

    @property
    def severity(self) -> Severity:
        """Return the severity of the finding in this plan."""
        return Severity.ACCEPTED if self.accepted else self.code.severity

    @property
    def is_error(self) -> bool:
        """Return whether the finding refuses the plan."""
        return self.severity is Severity.ERROR

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Sort findings by file, line, column, code, message."""
        place = self.place
        return (place.source.name, place.line, place.column, self.code.id, self.message)


class Named(Protocol):
    """What a finding can speak of: an object of the cluster, or its identity."""

    @property
    def kind(self) -> str:
        """Return the kind."""

    @property
    def name(self) -> str:
        """Return the name."""


def finding_of(
    code: Code, message: str, place: Place, hint: str, *related: Related, about: Named | str = ""
) -> Finding:
    """Return a finding of a code; `about` is the object that it speaks of, or its `Kind/name`."""
    return Finding(
        code=code,
        message=message,
        place=place,
        hint=hint,
        related=related,
        about=about if isinstance(about, str) else f"{about.kind}/{about.name}",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Acceptance:
    """What a plan accepts and why: findings of one code, of one object where it names one."""

    code: Code
    reason: str
    object: str
    place: Place

    def covers(self, finding: Finding) -> bool:
        """Return whether the plan accepts this finding."""
        return finding.code == self.code and self.object in {"", finding.about}


class Rejected(Exception):
    """The input has errors; `findings` holds all of them and the warnings, sorted."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(set(findings), key=lambda finding: finding.order))
        super().__init__(f"{len(self.findings)} findings")


class Fault(Exception):
    """A fault of usage or environment (file system, permissions): one plain sentence, exit code 2."""


T = TypeVar("T")
S = TypeVar("S")
Reporting: TypeAlias = Generator[Finding, None, T]
"""A step of the pipeline: it yields what it finds and returns its value; `yield from` runs it in another."""


def each(step: Callable[[S], Reporting[T]], items: Iterable[S]) -> Reporting[tuple[T, ...]]:
    """Run a step for each item; return what it returns for each."""
    values = []
    for item in items:
        values.append((yield from step(item)))
    return tuple(values)


def unless_errors(step: Reporting[T]) -> Reporting[T | None]:
    """Return what a step returns; None where it finds an error, as the next one cannot go on then."""
    failed = False
    while True:
        try:
            finding = next(step)
        except StopIteration as end:
            return None if failed else end.value
        failed = failed or finding.is_error
        yield finding


def changed(step: Reporting[T], change: Callable[[Finding], Finding]) -> Reporting[T]:
    """Run a step with its findings changed."""
    while True:
        try:
            finding = next(step)
        except StopIteration as end:
            value: T = end.value
            return value
        yield change(finding)


def no_findings(value: T) -> Reporting[T]:
    """Return a value as a step does, with nothing found."""
    yield from ()
    return value


def value_of(step: Reporting[T]) -> T:
    """Return what a step returns, where nobody asks for what it finds."""
    while True:
        try:
            next(step)
        except StopIteration as end:
            value: T = end.value
            return value
