"""The findings of one file while it is read: how they get their places, and when there are enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from generator.load.limits import Limits
from generator.load.yaml.nodes import Mark
from generator.model.codes import finding
from generator.model.findings import Finding, Related, Severity
from generator.model.source import Place, Source


class Stop(Exception):
    """Reading of a file ends here; the finding that says why is in the report."""


class Report:
    """Collects the findings of one source; `errors` counts those that refuse it."""

    def __init__(self, source: Source) -> None:
        self.findings: list[Finding] = []
        self._source = source
        self._counts = dict.fromkeys(Severity, 0)

    @property
    def errors(self) -> int:
        """Count the errors so far."""
        return self._counts[Severity.ERROR]

    def add(self, id_: str, message: str, mark: Mark, hint: str, *related: tuple[Mark, str]) -> None:
        """Collect a finding; raise `Stop` when it is one error too many to go on."""
        places = (Related(place=self._place(mark), label=label) for mark, label in related)
        found = finding(id_, message, self._place(mark), hint, *places)
        severity = found.code.severity
        self._counts[severity] += 1
        count = self._counts[severity]
        if count > Limits.findings:
            return
        if count == Limits.findings:
            found = replace(found, hint=f"{hint} ({_LAST[severity]})")
        self.findings.append(found)
        if count == Limits.findings and severity is Severity.ERROR:
            raise Stop

    def fatal(self, id_: str, message: str, mark: Mark, hint: str, *related: tuple[Mark, str]) -> Stop:
        """Collect a finding that ends the reading of the file, and return the exception to raise."""
        self.add(id_, message, mark, hint, *related)
        return Stop()

    def _place(self, mark: Mark) -> Place:
        line, column, length = mark
        return Place(source=self._source, line=line, column=column, length=length)


_LAST: Final = {
    Severity.ERROR: f"reading stops here, at {Limits.findings} errors",
    Severity.WARNING: f"further warnings of this file are left out, after {Limits.findings}",
}
