"""What reaches a terminal, a log or a workflow: colours on demand, and never a user's control characters."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import Rollplan
from tests.support.cases import case
from tests.support.command import in_terminal
from tests.support.paths import ROOT

GOOD = "plans/blue-green/plan.yaml"
BAD = "RP101-field/plan.yaml"
ANSI = re.compile("\x1b\\[[0-9;]*m")
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
HOSTILE = (
    "\x1b[31mred",
    "\x1b]0;title\x07",
    "\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31m",
    "safe\roverwritten",
    "one\n::error::two",
    "a\u202eb\u2066c",
    "a\u2028b\x85c",
)
"""Colours, a window title, a link, the short form of an escape, line breaks, directions."""
CALM = {"NO_COLOR": "1"}


@pytest.fixture
def rollplan(rollplan: Rollplan, cases: Path) -> Rollplan:
    """Run the command where the examples and the cases are."""
    return partial(rollplan, cwd=cases)


def test_a_terminal_gets_colours(cases: Path, golden_case: str) -> None:
    code, shown = in_terminal("validate", BAD, cwd=cases)
    assert code == 1
    assert "\x1b[31merror[RP101]\x1b[0m" in shown
    assert ANSI.sub("", shown) == golden_case


def test_a_file_gets_no_colours(rollplan: Rollplan, golden_case: str) -> None:
    assert rollplan("validate", BAD).stdout == golden_case


def test_no_color_is_obeyed_in_a_terminal(cases: Path, golden_case: str) -> None:
    assert in_terminal("validate", BAD, cwd=cases, NO_COLOR="1") == (1, golden_case)
    shown = in_terminal("validate", BAD, cwd=cases, NO_COLOR="")[1]
    assert ANSI.search(shown), "an empty NO_COLOR counts as unset"


def test_force_color_is_obeyed_in_a_file(rollplan: Rollplan, golden_case: str) -> None:
    forced = rollplan("validate", BAD, FORCE_COLOR="1").stdout
    assert "\x1b[31m" in forced
    assert ANSI.sub("", forced) == golden_case
    assert rollplan("validate", BAD, FORCE_COLOR="1", NO_COLOR="1").stdout == golden_case


def test_a_stage_table_has_colours_in_a_terminal_alone(rollplan: Rollplan) -> None:
    code, shown = in_terminal("stages", GOOD)
    plain = rollplan("stages", GOOD).stdout
    assert code == 0
    assert "\x1b[1mqwen3-32b-h200\x1b[0m" in shown
    assert ANSI.sub("", shown) == plain != shown


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_locale_gets_the_same_bytes(rollplan: Rollplan, encoding: str) -> None:
    """The arrow of a stage table is in no 8-bit character set."""
    done = rollplan("stages", GOOD, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert "x-rollout: green → green 100" in done.stdout


@pytest.mark.parametrize("format_", ["text", "json", "github"])
def test_control_characters_in_a_plan_never_reach_the_terminal(tmp_path: Path, format_: str) -> None:
    """They are in field names and values; later in object kinds and container names."""
    texts = [json.dumps(text) for text in HOSTILE]  # JSON's escapes are YAML's too
    fields = "".join(f"  {text}: {text}\n" for text in texts)
    (tmp_path / "early.yaml").write_text(
        f"apiVersion: {texts[0]}\nkind: {texts[1]}\nmetadata:\n  name: {texts[2]}\n{fields}"
        f"spec:\n  strategy: {{type: rolling-update}}\n  manifests: [{', '.join(texts)}]\n{fields}"
    )
    case("RP308-container").write(tmp_path)
    manifest = tmp_path / "serving.yaml"
    names = ", ".join(f'{{name: {text}, image: "example.com/server:v1"}}' for text in texts)
    manifest.write_text(manifest.read_text().replace("{name: modelserver,", f"{names}, {{name: modelserver,"))
    shutil.copytree(tmp_path, tmp_path / "later")
    objects = [f"---\napiVersion: v1\nkind: {text}\n" for text in texts]
    (tmp_path / "later/serving.yaml").write_text(manifest.read_text() + "".join(objects))
    for plan in ("early.yaml", "plan.yaml", "later/plan.yaml"):
        code, shown = in_terminal("validate", plan, "--format", format_, cwd=tmp_path, **CALM)
        assert code == 1
        assert "31mred" in shown
        assert not UNSAFE.search(shown)
        assert format_ != "github" or all(
            line.startswith(("::error ", "::notice ")) for line in shown.splitlines()
        )


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such file names")
@pytest.mark.parametrize("format_", ["text", "json", "github"])
def test_control_characters_in_file_names_never_reach_the_terminal(tmp_path: Path, format_: str) -> None:
    folder = "".join(HOSTILE).replace("/", "")
    case("RP101-field").write(tmp_path / folder)
    refused = in_terminal("validate", f"{folder}/plan.yaml", "--format", format_, cwd=tmp_path, **CALM)
    missing = in_terminal("validate", f"{folder}/no.yaml", "--format", format_, cwd=tmp_path, **CALM)
    assert (refused[0], missing[0]) == (1, 2)
    assert "31mred" in refused[1]
    assert "31mred" in missing[1]
    assert not UNSAFE.search(refused[1] + missing[1])
    assert missing[1].count("\n") == 1


def test_a_file_name_that_is_no_utf_8_can_be_shown(tmp_path: Path) -> None:
    folder = os.fsdecode(b"caf\xe9")
    case("RP101-field").write(tmp_path / folder)
    code, shown = in_terminal("validate", f"{folder}/plan.yaml", cwd=tmp_path, **CALM)
    assert code == 1
    assert r"--> caf\udce9/plan.yaml:12:5" in shown


def test_control_characters_in_wrong_usage_never_reach_the_terminal() -> None:
    for hostile in ("".join(HOSTILE), "--" + "".join(HOSTILE)):
        for args in ([hostile], ["explain", hostile], ["validate", "--format", hostile]):
            code, shown = in_terminal(*args, cwd=ROOT, **CALM)
            assert code == 2
            assert not UNSAFE.search(shown)


def test_annotations_escape_what_workflow_commands_read(rollplan: Rollplan, tmp_path: Path) -> None:
    folder = tmp_path / "50%,a:b"
    plan = case("RP101-field").write(folder)
    plan.write_text(plan.read_text().replace("maxSurg", '"100%, a: b"'))
    done = rollplan("validate", "50%,a:b/plan.yaml", "--format", "github", cwd=tmp_path)
    place = "file=50%25%2Ca%3Ab/plan.yaml,line=12,col=5,endColumn=17,title=RP101 unknown field"
    message = "unknown field '100%25, a: b' in `spec.strategy`. Hint: choose one of"
    assert done.stdout.startswith(f"::error {place}::{message}")
    assert done.stdout.count("\n") == 1


def test_annotations_are_errors_first(rollplan: Rollplan, tmp_path: Path) -> None:
    """GitHub shows ten of a step; other formats follow the order of the file."""
    plan = case("RP310-image").write(tmp_path / "case")
    plan.write_text(plan.read_text().replace("name: chat\n", "name: on\n"))
    done = rollplan("validate", "case/plan.yaml", "--format", "github", cwd=tmp_path)
    assert [line.partition(" ")[0] for line in done.stdout.splitlines()] == ["::error", "::warning"]
    report = json.loads(rollplan("validate", "case/plan.yaml", "--format", "json", cwd=tmp_path).stdout)
    assert [finding["severity"] for finding in report["findings"]] == ["warning", "error"]


@pytest.fixture
def golden_case() -> str:
    return (ROOT / "golden/findings/RP101-field.txt").read_text(encoding="utf-8")
