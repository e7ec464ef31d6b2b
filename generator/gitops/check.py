"""Compare committed files with what the plans render: each difference, its kind and its fix."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generator.disk.status import DirectoryStatus, directory_status
from generator.disk.values import Planned
from generator.model.source import quoted

EDITED, MISSING, PLAN_CHANGED, OTHER_VERSION, UNKNOWN = (
    "edited",
    "missing",
    "plan-changed",
    "other-version",
    "unknown",
)
TITLES = {
    EDITED: "edited by hand",
    MISSING: "missing",
    PLAN_CHANGED: "plan changed",
    OTHER_VERSION: "written by another version of rollplan",
    UNKNOWN: "not rendered by this plan",
}
"""Kind of difference → what people read; in the order in which they are shown."""

_RENDER = "rollplan render {plan} --out {out}"
_FIXES = {
    EDITED: f"{_RENDER} --force",
    MISSING: f"{_RENDER} --force",
    PLAN_CHANGED: _RENDER,
    OTHER_VERSION: _RENDER,
    UNKNOWN: "rm {file}",
}
"""Kind → the command that fixes it; an edit worth keeping belongs into the plan or its manifests first."""

_INVENTORY = "inventory.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One file that is not what its plan renders; `line` is the first that differs, where there is one."""

    plan: str
    file: str
    kind: str
    detail: str
    fix: str
    line: int = 1


def check(out: Path, planned: Planned, version: str) -> tuple[Difference, ...]:
    """Return every difference between a plan's directory below `out` and what the plan renders.

    Reads, never writes. Raises `Fault` for a directory that is not rollplan's.
    """
    found = directory_status(out / planned.name, planned, version)
    if not found.exists:
        return (_difference(out, planned, MISSING, "", "the plan was never rendered here"),)
    rows = sorted(_differences(found, version), key=lambda row: (tuple(TITLES).index(row[0]), row[1]))
    return tuple(_difference(out, planned, *row) for row in rows)


_Row = tuple[str, str, str, int]


def _difference(out: Path, planned: Planned, kind: str, path: str, detail: str, line: int = 1) -> Difference:
    file = (out / planned.name / path).as_posix()
    plan = planned.sources[0].as_posix()
    words = {"plan": plan, "out": out.as_posix(), "file": file}
    fix = _FIXES[kind].format(**{name: shlex.quote(word) for name, word in words.items()})
    return Difference(plan=plan, file=file, kind=kind, detail=detail, fix=fix, line=line)


def _differences(found: DirectoryStatus, version: str) -> Iterator[_Row]:
    changed = OTHER_VERSION if found.version not in {None, version} else PLAN_CHANGED
    rows = [row for path in found.old.keys() | found.new.keys() for row in _file(path, found, changed)]
    rows += [(EDITED, path, "it is executable", 1) for path in found.programs]
    rows += [(UNKNOWN, path, "the inventory does not know it", 1) for path in found.unknown]
    yield from rows
    yield from _inventory(found, version, alone=not any(row[0] != UNKNOWN for row in rows))


def _inventory(found: DirectoryStatus, version: str, *, alone: bool) -> Iterator[_Row]:
    """Report what is wrong with the inventory, unless another row reports it already."""
    if found.version is None:
        what = "it is damaged" if _INVENTORY in found.disk else "it is not there"
        yield EDITED, _INVENTORY, what, 1
    elif found.version != version:
        yield OTHER_VERSION, _INVENTORY, f"it is of {quoted(found.version)}, and this is {version}", 1
    elif alone and found.disk[_INVENTORY] != found.new[_INVENTORY]:
        yield EDITED, _INVENTORY, *_first_difference(_INVENTORY, found)


def _file(path: str, found: DirectoryStatus, changed: str) -> Iterator[_Row]:
    """Compare one file: what was written, what is on disk, and what the plan renders."""
    was, now, expected = (side.get(path) for side in (found.old, found.disk, found.new))
    if path == _INVENTORY or now == expected:
        return
    if now is None:
        yield (changed, path, "it is new", 1) if was is None else (MISSING, path, "it was deleted", 1)
    elif expected is None:
        untouched = (changed, path, "it is rendered no more", 1)
        yield untouched if now == was else (EDITED, path, "it is rendered no more, and was edited", 1)
    else:
        yield changed if now == was else EDITED, path, *_first_difference(path, found)


def _first_difference(path: str, found: DirectoryStatus) -> tuple[str, int]:
    """Show the first line that differs, as it is and as it is rendered."""
    now, expected = found.contents[path]
    if now.replace(b"\r\n", b"\n") == expected:
        return "its lines end in CRLF", 1
    lines, rendered = (side.decode(errors="backslashreplace").split("\n") for side in (now, expected))
    pairs = enumerate(zip(lines, rendered, strict=False), 1)
    number = next((place for place, (one, other) in pairs if one != other), min(len(lines), len(rendered)))
    one, other = lines[number - 1].strip(), rendered[number - 1].strip()
    return f"line {number} is {quoted(one)}, and {quoted(other)} is rendered", number
