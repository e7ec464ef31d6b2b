"""Findings with code frames, and stage tables, for terminals and logs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from generator.cli.formats.sanitize import clean
from generator.model.findings import Finding, Severity
from generator.model.rollout import Rollout
from generator.model.source import Place
from generator.stages.summary import HEAD, Row, proof_sentence, replica_text, summarize

_WIDTH = 100
"""Columns of source that a code frame shows; a longer line is cut around the place."""

_COLOURS = {
    "error": "31",
    "warning": "33",
    "accepted": "35",
    "help": "36",
    "frame": "34",
    "bold": "1",
    "added": "32",
}


def findings(found: Sequence[Finding], *, colour: bool = False) -> str:
    """Return every finding with its place, a code frame and a hint, and a last line that counts them."""
    paint = Paint(colour)
    blocks = [_finding(finding, paint) for finding in found]
    return "\n".join([*blocks, _count(found)]) if blocks else ""


def summaries(rollouts: Iterable[Rollout], *, colour: bool = False) -> str:
    """Return the stage table of every rollout."""
    paint = Paint(colour)
    return "\n".join(_summary(rollout, paint) for rollout in rollouts)


def _summary(rollout: Rollout, paint: Paint) -> str:
    title = f"{paint('bold', rollout.plan.name)} ({rollout.plan.type})"
    proof = proof_sentence(rollout)
    return f"{title}\n\n{_table(summarize(rollout), paint)}" + (f"\n{proof}\n" if proof else "")


def _table(rows: Sequence[Row], paint: Paint) -> str:
    head, *rest = aligned([tuple(title.upper() for title in HEAD), *(_cells(row) for row in rows)])
    return "\n".join([paint("bold", head), *rest, ""])


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of cells as text with every column as wide as its widest cell."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _cells(row: Row) -> tuple[str, ...]:
    peak = f"{row.accelerators} ({row.peak})" if row.peak != row.accelerators else str(row.accelerators)
    return (
        row.stage,
        clean("; ".join(row.traffic)) or "-",
        replica_text(row),
        peak,
        row.gate or "-",
        row.rollback or "-",
    )


def _finding(finding: Finding, paint: Paint) -> str:
    severity = finding.severity.value
    head = f"{paint(severity, f'{severity}[{finding.code.id}]')}: {paint('bold', clean(finding.message))}"
    lines = [head, *_frame(finding.place, "", "-->", "^", paint)]
    for related in finding.related:
        lines += _frame(related.place, clean(related.label), ":::", "-", paint)
    lines.append(f"  {paint('help', '= help:')} {clean(finding.hint)}")
    if finding.accepted:
        lines.append(f"  {paint('accepted', '= accepted:')} {clean(finding.accepted)}")
    return "\n".join([*lines, ""])


def _frame(place: Place, label: str, arrow: str, mark: str, paint: Paint) -> list[str]:
    number = str(place.line)
    margin = " " * len(number)
    lines = place.source.text.split("\n") if place.source.text else []
    head = f"{margin}{paint('frame', arrow)} {clean(str(place))}"
    if place.line > len(lines):
        return [f"{head} {label}".rstrip()]
    text, column = _window(lines[place.line - 1], place.column - 1)
    under = mark * max(1, min(place.length, len(text) - column))
    bar, marked = paint("frame", "|"), paint("error" if mark == "^" else "frame", under)
    return [
        head,
        f"{margin} {bar}",
        f"{number} {bar} {clean(text)}".rstrip(),
        f"{margin} {bar} {' ' * len(clean(text[:column]))}{marked} {label}".rstrip(),
    ]


def _window(line: str, column: int) -> tuple[str, int]:
    start = max(0, column - _WIDTH // 2) if len(line) > _WIDTH else 0
    return line[start : start + _WIDTH].replace("\t", " "), column - start


_COUNTED = {Severity.ERROR: "{} error{}", Severity.WARNING: "{} warning{}", Severity.ACCEPTED: "{} accepted"}
"""Severity → how many findings of it there are, with an `s` where there are several."""


def _count(found: Sequence[Finding]) -> str:
    numbers = ((sum(finding.severity is one for finding in found), words) for one, words in _COUNTED.items())
    words = (words.format(number, "s" if number > 1 else "") for number, words in numbers if number)
    return ", ".join(words) + "\n"


class Paint:
    """Colours text for terminals, or leaves it as it is."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, style: str, text: str) -> str:
        """Return the text in a style."""
        return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if self._colour else text
