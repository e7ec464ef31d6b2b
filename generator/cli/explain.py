"""The story of a code: what it means, why it matters, how to fix it, with a wrong and a right example."""

from __future__ import annotations

from difflib import SequenceMatcher, get_close_matches
from operator import eq

from generator.model.findings import Fault
from generator.resources import TEMPLATES
from generator.rules import CODES
from generator.rules.invariants import CONTRACT, invariant_page

PAGES = TEMPLATES / "explain"


def explanation(code: str) -> str:
    """Return the page of a code, or of an invariant such as I5, in Markdown.

    Fault for what does not exist.
    """
    name = code.upper()
    if name in CONTRACT:
        return invariant_page(CONTRACT[name], CODES.values())
    if name not in CODES:
        close = get_close_matches(name[:40], CODES, n=len(CODES))
        hint = f"codes run from {min(CODES)} to {max(CODES)}"
        if close:
            hint = f"did you mean {max(sorted(close), key=lambda known: _likeness(known, name))}?"
        raise Fault(f"there is no code {code[:40]}; {hint}")
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def _likeness(known: str, name: str) -> tuple[float, int]:
    """Rank codes by how like they are to a name, and those that are equally like by equal positions."""
    return SequenceMatcher(None, known, name[:40]).ratio(), sum(map(eq, known, name))
