"""Goldens: committed outputs that a test must reproduce to the byte.

Missing, extra and changed files all fail. Only `--update-golden` writes them, and never in CI.
"""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Golden:
    folder: Path
    update: bool

    def text(self, name: str, actual: str) -> None:
        """Hold one text against golden/NAME."""
        path = self.folder / name
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(actual.encode())
        expected = path.read_bytes().decode() if path.is_file() else ""
        assert path.is_file(), f"golden/{name} is missing; look at it, then run pytest --update-golden"
        assert actual == expected, _difference({name: expected}, {name: actual})

    def tree(self, name: str, actual: Mapping[str, str]) -> None:
        """Hold a tree of texts, by relative path, against the folder golden/NAME."""
        folder = self.folder / name
        if self.update:
            for path in set(_read(folder)) - set(actual):
                (folder / path).unlink()
            for path, text in actual.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(text.encode())
        expected = _read(folder)
        assert expected == dict(actual), _difference(expected, actual)

    def only(self, name: str, names: Iterable[str]) -> None:
        """Require that the folder golden/NAME has these files and folders, and nothing else."""
        wanted, folder = set(names), self.folder / name
        if self.update:
            for path in folder.iterdir():
                if path.name not in wanted:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        found = {path.name for path in folder.iterdir()}
        assert found == wanted, f"golden/{name}: {sorted(found ^ wanted)} is missing or left over"


def _read(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in files}


def _difference(expected: Mapping[str, str], actual: Mapping[str, str]) -> str:
    lines: list[str] = []
    for path in sorted({*expected, *actual}):
        before, after = (side.get(path, "").splitlines(keepends=True) for side in (expected, actual))
        lines += difflib.unified_diff(before, after, f"golden/{path}", f"actual/{path}")
    return "goldens differ:\n" + "".join(lines[:200])
