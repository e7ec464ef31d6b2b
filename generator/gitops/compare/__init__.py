"""Compare two sides of a change: traffic first, then capacity, then objects, field by field.

A side is one stage, or the stages of one or several plans, as they are committed. The answer is data;
how it is shown is the reporters' work.
"""

from __future__ import annotations

from generator.gitops.compare.model import Comparison, Side
from generator.gitops.compare.plans import compare
from generator.gitops.compare.snapshots import read_file, read_stage, read_tree

__all__ = ["Comparison", "Side", "compare", "read_file", "read_stage", "read_tree"]
