"""Findings: what is wrong, where, and how to mend it; and the two ways in which a command stops."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from generator.source import Place


class Severity(Enum):
    """How much a finding weighs: an error refuses the plan, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """The stable name of one kind of finding; `rollplan explain ID` tells its story."""

    id: str
    severity: Severity
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """A second place that a finding speaks of, and why."""

    place: Place
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """One finding: a message in lower case without a full stop, the place, a hint that mends it."""

    code: Code
    message: str
    place: Place
    hint: str
    related: tuple[Related, ...] = ()

    @property
    def is_error(self) -> bool:
        """Say whether the finding refuses the plan."""
        return self.code.severity is Severity.ERROR

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Sort findings by file, line, column, code, message."""
        place = self.place
        return (place.source.name, place.line, place.column, self.code.id, self.message)


class Rejected(Exception):
    """The input has errors; `findings` holds all of them and the warnings beside them, sorted."""

    def __init__(self, findings: Iterable[Diagnostic]) -> None:
        self.findings = tuple(sorted(set(findings), key=lambda finding: finding.order))
        super().__init__(f"{len(self.findings)} findings")


class Fault(Exception):
    """The environment fails us (file system, permissions, usage): one plain sentence, exit code 2."""


class Findings:
    """Collects findings along the road; a step that cannot go on with errors stops here."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []

    def add(self, code: Code, message: str, place: Place, hint: str, *related: Related) -> None:
        """Collect one finding."""
        self._found.append(Diagnostic(code=code, message=message, place=place, hint=hint, related=related))

    def extend(self, findings: Iterable[Diagnostic]) -> None:
        """Collect the findings of a step that returns its own."""
        self._found.extend(findings)

    @property
    def all(self) -> tuple[Diagnostic, ...]:
        """Give everything found so far, sorted by place, each once."""
        return tuple(sorted(set(self._found), key=lambda finding: finding.order))

    def stop_if_errors(self) -> None:
        """Raise `Rejected` with everything found so far when any of it is an error."""
        if any(finding.is_error for finding in self._found):
            raise Rejected(self._found)
