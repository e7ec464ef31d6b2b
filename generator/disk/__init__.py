"""The output directory: read, compared, and replaced whole; nothing else of rollplan touches it.

A plan's directory is only ever swapped for a complete sibling, so that whoever reads it, and whatever
kills us, finds the old tree or the new one. It needs POSIX (Linux, macOS); Windows has no such swap.
"""

from __future__ import annotations

from generator.disk.inventory import inventory_text
from generator.disk.live import RenderedTree, make_live, read_rendered
from generator.disk.status import DirectoryStatus, directory_status
from generator.disk.temporary import scratch
from generator.disk.tree import read_tree
from generator.disk.values import HandEdited, Planned, Tree, Written
from generator.disk.write import write

__all__ = [
    "DirectoryStatus",
    "HandEdited",
    "Planned",
    "RenderedTree",
    "Tree",
    "Written",
    "directory_status",
    "inventory_text",
    "make_live",
    "read_rendered",
    "read_tree",
    "scratch",
    "write",
]
