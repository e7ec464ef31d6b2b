"""Merge keys: `<<` once in a mapping, an alias or a list of aliases, and no chains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from generator.load.yaml.nodes import Mark, Node
from generator.load.yaml.report import Report
from generator.load.yaml.scalars import Reading
from generator.model.source import quoted

KEY: Final = "<<"


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    """A merge key, its value, and the keys that stand before it in its mapping."""

    mark: Mark
    value: Node
    before: tuple[str, ...]


def merge(own: dict[str, Node], merges: list[Merge], reading: Reading, report: Report) -> dict[str, Node]:
    """Return the merged keys, the first alias's before the next one's, then the mapping's own, which win."""
    if not merges:
        return own
    first, *others = merges
    for other in others:
        message, hint = "'<<' is in one mapping twice", "give one '<<' a list of aliases"
        report.add("RP012", message, other.mark, hint, (first.mark, "first written here"))
    inherited = _inherited(first, report)
    for name in first.before if not reading.own_keys_first else ():
        if name in inherited:
            message = f"'<<' comes after key {quoted(name)} that it has too: kubectl would override the key"
            report.add(
                "RP012", message, first.mark, "put '<<' first", (own[name].key or first.mark, "the key")
            )
    return {**inherited, **own}


def _inherited(merge: Merge, report: Report) -> dict[str, Node]:
    value = merge.value
    targets = value.items if isinstance(value.items, list) and not value.is_alias else [value]
    inherited: dict[str, Node] = {}
    if not targets:
        report.add("RP012", "'<<' has an empty list", merge.mark, "remove the merge key")
    for target in targets:
        if not target.is_alias or not isinstance(target.items, dict):
            message = "'<<' takes an alias of a mapping, or a list of such aliases"
            report.add("RP012", message, target.mark, "write '<<: *name', or write the keys out")
        elif target.has_merge:
            message = "'<<' leads to a mapping that has a '<<' itself"
            report.add("RP012", message, target.mark, "merge that one's aliases here in one list")
        else:
            inherited |= {name: node for name, node in target.items.items() if name not in inherited}
    return inherited
