"""Cases: a base (a plan with its manifests), the lines that break it, and the lines that fix it again.

`tests/findings/README.md` shows how one is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from tests.support.paths import ROOT

FOLDER = ROOT / "tests/findings"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
BASES = sorted(path.name for path in (FOLDER / "bases").iterdir())

Content = str | bytes | PurePosixPath
"""What a file holds; a path is a link's target."""
Files = dict[str, Content]


class BadCase(Exception):
    """A case cannot be read; the message names the file and the edit."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """The files of a case, by path, and those of the case once it is fixed."""

    name: str
    files: Files
    fixed: Files | None

    def write(self, folder: Path, *, fixed: bool = False) -> Path:
        """Write the case into a folder, which may exist, and return its plan."""
        files = self.fixed if fixed else self.files
        if files is None:
            raise BadCase(f"{self.name} has no `fix`")
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, PurePosixPath):
                path.symlink_to(content)
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder / "plan.yaml"


@cache
def case(name: str) -> Case:
    """Return the case of a file tests/findings/NAME.yaml."""
    return parsed(name, (FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def parsed(name: str, text: str) -> Case:
    """Return the case that a text describes."""
    data = yaml.safe_load(text)
    if not isinstance(data, dict) or set(data) - {"base", "change", "fix"} or "change" not in data:
        raise BadCase(f"{name}: a case has `change`, and may have `base` and `fix`")
    files = _changed(name, base(data["base"]).files if "base" in data else {}, data["change"])
    return Case(name=name, files=files, fixed=_changed(name, files, data["fix"]) if "fix" in data else None)


@cache
def base(name: str) -> Case:
    """Return the case that has nothing wrong with it: a folder under tests/findings/bases."""
    folder = FOLDER / "bases" / name
    if name not in BASES:
        raise BadCase(f"no base is called {name}: there are {', '.join(BASES)}")
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    files: Files = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}
    return Case(name=name, files=files, fixed=None)


def _changed(name: str, files: Files, changes: Mapping[str, Any]) -> Files:
    changed = dict(files)
    for path, change in changes.items():
        where = f"{name}, {path}"
        if change is None:
            if changed.pop(path, None) is None:
                raise BadCase(f"{where}: there is no such file to remove")
        elif isinstance(change, dict) and set(change) == {"link"}:
            changed[path] = PurePosixPath(change["link"])
        elif isinstance(change, str | bytes):
            changed[path] = change
        elif isinstance(change, list) and isinstance(before := changed.get(path), str):
            for edit in change:
                before = edited(where, before, edit)
            changed[path] = before
        else:
            raise BadCase(
                f"{where}: give a list of edits to a text, a whole text, or null to remove the file"
            )
    return changed


def edited(where: str, text: str, edit: Mapping[str, str]) -> str:
    """Return a text after one edit."""
    for keys, how in EDITS.items():
        if set(keys) == set(edit) and all(isinstance(edit[key], str) for key in keys):
            return how(where, text, *(edit[key] for key in keys))
    raise BadCase(f"{where}: {edit} is no edit: it has {', or '.join(' and '.join(keys) for keys in EDITS)}")


def _replace(where: str, text: str, old: str, new: str) -> str:
    """Replace a part of one line, or whole lines."""
    lines, old = text.split("\n"), old.removesuffix("\n")
    if "\n" not in old:
        number = _only(where, old, [i for i, line in enumerate(lines) for _ in range(line.count(old))])
        first, *more = new.rstrip("\n").split("\n")
        line = lines[number].replace(old, first)
        return "\n".join([*lines[:number], line, *_indented(more, lines[number]), *lines[number + 1 :]])
    start, end = _lines(where, lines, old)
    return "\n".join([*lines[:start], *_indented(_rows(new), lines[start]), *lines[end:]])


def _after(where: str, text: str, anchor: str, add: str) -> str:
    lines = text.split("\n")
    start, end = _lines(where, lines, anchor)
    return "\n".join([*lines[:end], *_indented(_rows(add), lines[start]), *lines[end:]])


def _before(where: str, text: str, anchor: str, add: str) -> str:
    lines = text.split("\n")
    start, _ = _lines(where, lines, anchor)
    return "\n".join([*lines[:start], *_indented(_rows(add), lines[start]), *lines[start:]])


def _remove(where: str, text: str, old: str) -> str:
    lines = text.split("\n")
    start, end = _lines(where, lines, old)
    return "\n".join([*lines[:start], *lines[end:]])


def _append(where: str, text: str, add: str) -> str:
    return f"{text}{add}" if add.endswith("\n") else f"{text}{add}\n"


def _object(where: str, text: str, add: str) -> str:
    return _append(where, text, f"---\n{add}")


EDITS: dict[tuple[str, ...], Callable[..., str]] = {
    ("replace", "with"): _replace,
    ("after", "add"): _after,
    ("before", "add"): _before,
    ("remove",): _remove,
    ("append",): _append,
    ("object",): _object,
}
"""The keys of an edit → what it does with their values."""


def _lines(where: str, lines: list[str], wanted: str) -> tuple[int, int]:
    """Return where whole lines are, at whatever depth: the first, and the one after the last."""
    rows = _rows(wanted)
    found = [
        start for start, line in enumerate(lines) if lines[start : start + len(rows)] == _indented(rows, line)
    ]
    start = _only(where, wanted, found)
    return start, start + len(rows)


def _only(where: str, wanted: str, found: list[int]) -> int:
    if len(found) != 1:
        raise BadCase(f"{where}: {wanted!r} is there {len(found)} times instead of once")
    return found[0]


def _rows(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


def _indented(rows: list[str], like: str) -> list[str]:
    """Return rows as deep as a line is."""
    depth = " " * (len(like) - len(like.lstrip(" ")))
    return [depth + row if row else row for row in rows]
