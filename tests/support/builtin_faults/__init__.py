"""Faults of built-in objects: a table that people read, and the objects that it spoils."""

from __future__ import annotations

import copy
import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
SHORT = {"@main": "spec.template.spec.containers[0]", "@pod": "spec.template.spec"}
_STEP = re.compile(r"\.?([^.\[\]]+)|\[([^\]]*)\]")

Object = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One row: an object, what is changed in it, and the verdict: of rollplan, and of a server."""

    base: str
    changes: str
    kind: str
    field: str
    server: str

    def __str__(self) -> str:
        return f"{self.base}: {self.changes}"

    def object(self) -> Object:
        """Give the spoilt object."""
        data = copy.deepcopy(VALID[self.base])
        for change in self.changes.split("; "):
            where, _, what = change.partition(" = ")
            spoil(data, steps(long(where)), None if what == "~" else yaml.safe_load(what), gone=what == "~")
        return data


def long(text: str) -> str:
    for short, path in SHORT.items():
        text = text.replace(short, path)
    return text


def steps(where: str) -> list[str | int]:
    """Part `a.b[0][c/d]` into its steps."""
    return [int(key) if key.isdigit() else (name or key) for name, key in _STEP.findall(where)]


def spoil(data: Any, path: list[str | int], value: Any, *, gone: bool) -> None:
    for step, after in itertools.pairwise(path):
        if isinstance(data, dict) and step not in data:
            data[step] = [] if isinstance(after, int) else {}
        data = data[step]
    if gone:
        del data[path[-1]]
    else:
        data[path[-1]] = value


def plain(field: str) -> str:
    """Write keys of maps in one way: they stand in brackets, or after a dot."""
    return re.sub(r"\[([^\]]*)\]", r".\1", field)


def mutants(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Give the place of every value inside an object."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from mutants(value, (*path, key))


SPOILERS: tuple[Any, ...] = (None, "", 0, -1, 1.5, True, "a b", "/..", [], {}, ["x"], {"x": "y"}, 70000)
_FIXED = ("apiVersion", "kind", "metadata")


def sweep(chance: random.Random, count: int) -> Iterator[tuple[str, Object]]:
    """Give objects in which one value, taken by chance, is spoilt or taken away, and say where."""
    places = [(name, path) for name in VALID for path in mutants(VALID[name]) if path[0] not in _FIXED]
    for name, path in chance.choices(places, k=count):
        data, value = copy.deepcopy(VALID[name]), chance.choice((*SPOILERS, "gone"))
        spoil(data, list(path), copy.deepcopy(value), gone=value == "gone")
        yield f"{name} {path} = {value!r}", data


def _read() -> tuple[Fault, ...]:
    found, base = [], ""
    for line in (FOLDER / "faults.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if " | " not in line:
            base = line
            continue
        changes, verdict, *server = line.split(" | ")
        kind, _, field = verdict.partition(" ")
        where = long(field or changes.split(" = ")[0])
        found.append(
            Fault(
                base=base,
                changes=changes,
                kind=kind,
                field="" if kind == "ok" else where,
                server=long(server[0]) if server else where,
            )
        )
    return tuple(found)


VALID: dict[str, Object] = {
    item["metadata"]["name"]: item
    for item in yaml.safe_load_all((FOLDER / "valid.yaml").read_text(encoding="utf-8"))
}
FAULTS = _read()
