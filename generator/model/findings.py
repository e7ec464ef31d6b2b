"""Findings (what is wrong, where, and how to fix it), and the exceptions that stop a command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from generator.model.source import Place


class Severity(Enum):
    """Severity of a finding: an error refuses the plan; an accepted finding is only shown."""

    ERROR = "error"
    WARNING = "warning"
    ACCEPTED = "accepted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """The stable name of one kind of finding; `rollplan explain ID` prints its page.

    `acceptable`: a plan may accept it with a reason.
    """

    id: str
    severity: Severity
    title: str
    acceptable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """A second place that a finding refers to, and why."""

    place: Place
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """One finding: a message in lower case without a full stop, the place, a hint that fixes it.

    `object` is what it is about, as `Kind/name`; `accepted` the plan's reason to go on with it.
    """

    code: Code
    message: str
    place: Place
    hint: str
    related: tuple[Related, ...] = ()
    object: str = ""
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Acceptance:
    """What a plan accepts and why: findings of one code, of one object where it names one."""

    code: Code
    reason: str
    object: str
    place: Place

    def covers(self, finding: Diagnostic) -> bool:
        """Return whether the plan accepts this finding."""
        return finding.code == self.code and self.object in {"", finding.object}


class Rejected(Exception):
    """The input has errors; `findings` holds all of them and the warnings, sorted."""

    def __init__(self, findings: Iterable[Diagnostic]) -> None:
        self.findings = tuple(sorted(set(findings), key=lambda finding: finding.order))
        super().__init__(f"{len(self.findings)} findings")


class Fault(Exception):
    """A fault of usage or environment (file system, permissions): one plain sentence, exit code 2."""


class Findings:
    """Collects findings during compilation; a step that cannot go on with errors stops here."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []
        self._acceptances: tuple[Acceptance, ...] = ()
        self._used: set[Acceptance] = set()

    def accept(self, acceptances: Iterable[Acceptance]) -> None:
        """Mark the findings that the plan accepts, from now on and those that are here already."""
        self._acceptances = tuple(acceptances)
        self._found = [self._marked(finding) for finding in self._found]

    def add(self, code: Code, message: str, place: Place, hint: str, *related: Related) -> None:
        """Collect one finding."""
        self.extend([Diagnostic(code=code, message=message, place=place, hint=hint, related=related)])

    def extend(self, findings: Iterable[Diagnostic]) -> None:
        """Collect the findings of a step that returns its own."""
        self._found.extend(map(self._marked, findings))

    @property
    def all(self) -> tuple[Diagnostic, ...]:
        """Return everything found so far, sorted by place, each once."""
        return tuple(sorted(set(self._found), key=lambda finding: finding.order))

    @property
    def unused(self) -> tuple[Acceptance, ...]:
        """Return what the plan accepts although nobody found it."""
        return tuple(item for item in self._acceptances if item not in self._used)

    def stop_if_errors(self) -> None:
        """Raise `Rejected` with everything found so far when any of it is an error."""
        if any(finding.is_error for finding in self._found):
            raise Rejected(self._found)

    def _marked(self, finding: Diagnostic) -> Diagnostic:
        covering = [item for item in self._acceptances if item.covers(finding)]
        self._used.update(covering)
        return replace(finding, accepted=covering[0].reason) if covering else finding
