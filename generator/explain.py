"""The story of a code: what it means, why it matters, how to mend it, with a wrong and a right example."""

from __future__ import annotations

from difflib import get_close_matches

from generator.codes import CODES
from generator.diagnostics import Fault
from generator.resources import TEMPLATES

PAGES = TEMPLATES / "explain"


def explanation(code: str) -> str:
    """Give the page of a code, in Markdown; raises Fault for a code that does not exist."""
    name = code.upper()
    if name not in CODES:
        close = get_close_matches(name, CODES, n=1)
        hint = f"did you mean {close[0]}?" if close else f"codes run from {min(CODES)} to {max(CODES)}"
        raise Fault(f"there is no code {code[:40]}; {hint}")
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")
