"""The ranges of pyproject.toml and the versions of the lock (a program: print the lower bounds)."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]  # tests.support cannot be imported when this runs alone
LOCKS = ("requirements.txt", "requirements-dev.txt")


def ranges() -> dict[str, list[str]]:
    """Return the requirements of pyproject.toml: of the build, of rollplan itself, and of each extra."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = data["project"]
    return {
        "requires": data["build-system"]["requires"],
        "": project["dependencies"],
        **project["optional-dependencies"],
    }


def locked(name: str) -> dict[str, str]:
    """Return the version of each project that a lock names."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, re.MULTILINE))


def oldest() -> list[str]:
    """Return the lower bound of every requirement, as pip's constraints."""
    named = {requirement for each in ranges().values() for requirement in each}
    return [re.sub(">=", "==", requirement) for requirement in sorted(named)]


if __name__ == "__main__":
    print(*oldest(), sep="\n")
