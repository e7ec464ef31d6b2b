"""The findings of one file while it is read: how they get their places, and when there are enough."""

from __future__ import annotations

from typing import Final

from generator.load.limits import Limits
from generator.load.yaml.nodes import Mark
from generator.model.codes import CODES
from generator.model.findings import Findings, Related, Severity
from generator.model.source import Place, Source


class Stop(Exception):
    """Reading of a file ends here; the finding that says why is in the report."""


class Report:
    """Adds the findings of one source; `errors` counts those that refuse it."""

    def __init__(self, source: Source, found: Findings) -> None:
        self._source = source
        self._found = found
        self._counts = dict.fromkeys(Severity, 0)

    @property
    def errors(self) -> int:
        """Count the errors so far."""
        return self._counts[Severity.ERROR]

    def add(self, id_: str, message: str, mark: Mark, hint: str, *related: tuple[Mark, str]) -> None:
        """Collect a finding; raise `Stop` when it is one error too many to go on."""
        code = CODES[id_]
        self._counts[code.severity] += 1
        count = self._counts[code.severity]
        if count > Limits.findings:
            return
        if count == Limits.findings:
            hint = f"{hint} ({_LAST[code.severity]})"
        places = (Related(place=self._place(mark), label=label) for mark, label in related)
        self._found.add(code, message, self._place(mark), hint, *places)
        if count == Limits.findings and code.severity is Severity.ERROR:
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
