"""The patterns of the schemas are anchored, mean the same to every engine, and cannot be made to hang."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.plan.test_schemas import FILES, schemas
from tests.support.patience import PATIENCE

PATTERNS = sorted({part["pattern"] for path in FILES for _, part in schemas(path) if "pattern" in part})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_anchored_and_means_the_same_everywhere(pattern: str) -> None:
    """RE2, ECMAScript and Python agree on what is left: no classes of Unicode, no look-around."""
    assert re.fullmatch(r"\^.*\$", pattern)
    assert not is_loose(pattern)
    assert not re.search(r"\\[dDwWsSbBAZux1-9]|\(\?", pattern)
    re.compile(pattern, re.ASCII)


def is_loose(pattern: str) -> bool:
    """Say whether a choice escapes the anchors, or a repetition without end stands in another one."""
    text = re.sub(r"\[[^\]]*\]", "x", pattern)
    while group := re.search(r"\(([^()]*)\)([*+]|\{\d+,\})?", text):
        endless = re.search(r"[*+<]|\{\d+,\}", group[1]) is not None
        if endless and group[2]:
            return True
        text = text.replace(group[0], "<" if endless or group[2] else "x", 1)
    return "|" in text


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^((a*)b)*$", "^a|b$", "^(x(a|b+)?)*$", "^(a{2,})*$"])
def test_loose_patterns_are_found(pattern: str) -> None:
    assert is_loose(pattern)


def test_patterns_answer_at_once() -> None:
    """Backtracking without end would show here: the process is given minutes for what takes seconds."""
    words = [sys.executable, "-c", LONG_TEXTS]
    answered = subprocess.run(
        words,
        input=json.dumps(PATTERNS),
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert (answered.returncode, answered.stderr) == (0, "")
    assert json.loads(answered.stdout) == PATTERNS


LONG_TEXTS = """
import json, re, sys
from tests.support.patience import PATIENCE
patterns = json.load(sys.stdin)
for pattern in patterns:
    compiled = re.compile(pattern, re.ASCII)
    for unit in ("a", "A", "0", "-", ".", "a-", "a.", "/", "1h", "1", "0%", "*.", "a ", "\u00e9", "a/", "-a"):
        for end in ("", "!", "\\n", " ", "-", "."):
            compiled.fullmatch(unit * (100_000 // len(unit)) + end)
print(json.dumps(patterns))
"""
