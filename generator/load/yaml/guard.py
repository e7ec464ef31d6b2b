"""The guard against YAML that costs more than it looks: depth, aliases, and what aliases multiply."""

from __future__ import annotations

from yaml.events import NodeEvent

from generator.load.limits import Limits
from generator.load.yaml.nodes import Mark, Node
from generator.load.yaml.report import Report, Stop


class Guard:
    """Counts what a file asks for and raises `Stop`, with a finding, before anything too large is built."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._depth = 0
        self._aliases = 0
        self._nodes = 0  # so far, with every alias written out

    def count(self, event: NodeEvent) -> None:
        """Count a scalar, a collection or an alias."""
        self._nodes += 1
        if self._nodes > Limits.values:
            start = event.start_mark
            message = f"the file has more than {Limits.values:,} values"
            raise self._report.fatal(
                "RP008", message, (start.line + 1, start.column + 1, 1), "split the file"
            )

    def enter(self, mark: Mark) -> None:
        """Count a collection that starts at `mark`; its depth is that of the collections still open."""
        self._depth += 1
        self._check_depth(self._depth, mark)

    def leave(self) -> None:
        """Forget a collection that ends."""
        self._depth -= 1

    def expand(self, target: Node, mark: Mark) -> None:
        """Count an alias at `mark` and everything in the node that it repeats."""
        self._aliases += 1
        if self._aliases > Limits.aliases:
            message = f"more than {Limits.aliases} aliases in one file"
            raise self._report.fatal("RP007", message, mark, "write the values out")
        size, height = _measure(target, Limits.nodes - self._nodes)
        self._nodes += size
        if self._nodes > Limits.nodes:
            message = f"with its aliases written out, the file has more than {Limits.nodes:,} values"
            raise self._report.fatal("RP007", message, mark, "write the values out, or split the file")
        self._check_depth(self._depth + height, mark)

    def _check_depth(self, depth: int, mark: Mark) -> None:
        if depth > Limits.depth:
            raise too_deep(self._report, mark)


def too_deep(report: Report, mark: Mark) -> Stop:
    """Collect the finding about nesting, and return the exception to raise."""
    message = f"lists and mappings are nested more than {Limits.depth} deep"
    return report.fatal("RP006", message, mark, "close what is open, or flatten the data")


def _measure(node: Node, budget: int) -> tuple[int, int]:
    """Count the nodes and the nested collections in `node`, and stop once they pass the budget."""
    size = height = 0
    todo = [(node, 1)]
    while todo and size <= budget:
        inner, level = todo.pop()
        size += 1
        if inner.items is not None:
            height = max(height, level)
            todo.extend((child, level + 1) for child in inner.children)
    return size, height
