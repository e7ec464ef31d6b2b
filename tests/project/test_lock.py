"""The lock fits the ranges of pyproject.toml, has all hashes, and names no place to download from."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.lock import LOCKS, ROOT, locked, oldest, ranges

RUN = ("requires", "", "build")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_locked_within_its_range(lock: str) -> None:
    versions = locked(lock)
    wanted = ranges() if lock == "requirements-dev.txt" else {name: ranges()[name] for name in RUN}
    for each in (Requirement(text) for texts in wanted.values() for text in texts):
        version = versions.get(canonicalize_name(each.name))
        assert version, f"{lock} lacks {each.name}: run `make lock`"
        assert each.specifier.contains(version), (
            f"{lock} has {each.name} {version}, not {each}: run `make lock`"
        )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_the_lock_is_a_pin_or_a_hash(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pin = r"[a-z0-9-]+==\S+( ; [^\\\n]+)?"
    digest = r"    --hash=sha256:[0-9a-f]{64}"
    assert re.fullmatch(rf"({pin}( \\\n{digest})+\n)+", text)


def test_what_runs_is_what_is_tested() -> None:
    run, tested = map(locked, LOCKS)
    assert run.items() <= tested.items()


def test_every_range_has_a_lower_bound_that_can_be_installed() -> None:
    """`make test DEPS=oldest` installs the bounds."""
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line) for line in oldest()), oldest()
