"""Compare two values: the fields that differ, with list items matched by their identity.

A list is turned into a mapping by the identity of its items, so that an item that moved is the same
item; its order is compared apart. What is left is mappings of mappings, which deepdiff compares.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.gitops.compare.model import ADDED, CHANGED, REMOVED, REORDERED, FieldChange
from generator.kubernetes.list_keys import IDENTITIES

_DEFAULTS = {"kind": ("Service", "Gateway"), "protocol": ("TCP",), "operator": ("Exists", "Equal")}
"""Values that need not be shown to know which item is meant."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_FLAG = re.compile(r"(-{1,2}[^=\s]+)=")
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class _Item:
    """An item of a list: what it is, which of those alike, and what to call it."""

    key: str
    number: int
    text: str = field(compare=False)


class _List(dict[_Item, Any]):
    """A list by the identity of its items: another type than a mapping, which a list cannot equal."""


def differences(before: Any, after: Any) -> tuple[FieldChange, ...]:
    """Return every field that differs between two values of JSON, in the order of their paths."""
    from deepdiff import DeepDiff  # its import takes longer than many a comparison

    if _dumped(before) == _dumped(after):
        return ()
    one, other = _keyed(before), _keyed(after)
    found = list(_reordered((), one, other))
    compared = DeepDiff(
        one, other, view="tree", ignore_private_variables=False, threshold_to_diff_deeper=0, verbose_level=2
    )
    for kind, levels in compared.items():
        for level in levels:
            steps = tuple(level.path(output_format="list"))
            sides = (
                None if "added" in kind else _unkeyed(level.t1),
                None if "removed" in kind else _unkeyed(level.t2),
            )
            what = ADDED if "added" in kind else REMOVED if "removed" in kind else CHANGED
            found.append(FieldChange(path=_path(steps), kind=what, before=sides[0], after=sides[1]))
    return tuple(sorted(found, key=lambda change: (change.path, change.kind)))


def rule_text(rule: Mapping[str, Any]) -> str:
    """Return which rule of a route or rewrite is meant: its name, or what it matches."""
    if rule.get("name"):
        return str(rule["name"])
    matches = rule.get("matches") or [{}]
    return " or ".join(" and ".join(_match(match)) or "all requests" for match in matches)


def _match(match: Mapping[str, Any]) -> Iterator[str]:
    for name, words in match.items():
        for one in words if isinstance(words, list) else [words]:
            if isinstance(one, Mapping):
                label = one.get("name") or ("" if name == "path" else name)
                value = one.get("value", one.get("method", one.get("service", "")))
                yield f"{label}: {value}" if label else str(value)
            else:
                yield f"{name}: {one}"


def _keyed(value: Any, name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _keyed(child, str(key)) for key, child in value.items()}
    if not isinstance(value, list) or not value:
        return value
    seen: Counter[str] = Counter()
    items = _List()
    for place, child in enumerate(value):
        key, text = _identity(name, child)
        number = seen[key]
        seen[key] += 1
        items[_Item(key, number, f"{text}{f' #{number + 1}' if number and text else ''}" or str(place))] = (
            _keyed(child)
        )
    return items


def _identity(name: str, item: Any) -> tuple[str, str]:
    """Return what identifies an item of the list `name`, as a key and as text."""
    if not isinstance(item, Mapping):
        flag = _FLAG.match(item) if isinstance(item, str) else None
        text = flag[1] if flag else item if isinstance(item, str) else _dumped(item)
        return _dumped(flag[1] if flag else item), text
    known = {field: item[field] for field in IDENTITIES.get(name, ()) if item.get(field) is not None}
    if name == "rules":
        known = {"name": item["name"]} if item.get("name") else known
        return _dumped(known), rule_text(item) if known else ""
    words = [str(value) for field, value in known.items() if value not in _DEFAULTS.get(field, ())]
    return _dumped(known), " ".join(text for text in words if not text.endswith(".k8s.io"))


def _unkeyed(value: Any) -> Any:
    if isinstance(value, _List):
        return [_unkeyed(child) for child in value.values()]
    if isinstance(value, dict):
        return {key: _unkeyed(child) for key, child in value.items()}
    return value


def _reordered(steps: tuple[Any, ...], one: Any, other: Any) -> Iterator[FieldChange]:
    """Return the lists whose common items stand in another order."""
    if not isinstance(one, dict) or type(one) is not type(other):
        return
    both, order = [key for key in one if key in other], [key for key in other if key in one]
    if isinstance(one, _List) and both != order:
        before, after = ([item.text for item in side] for side in (both, order))
        yield FieldChange(path=_path(steps), kind=REORDERED, before=before, after=after)
    for key in both:
        yield from _reordered((*steps, key), one[key], other[key])


def _path(steps: tuple[Any, ...]) -> str:
    text = ""
    for step in steps:
        if isinstance(step, _Item):
            text += f"[{step.text[:_LONGEST]}]"
        elif _PLAIN.fullmatch(str(step)):
            text += f".{step}" if text else str(step)
        else:
            text += f"[{_dumped(step)}]"
    return text


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=False, default=str)
