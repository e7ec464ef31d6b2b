"""Every code has plans that get it, and what users see of them is a golden."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from generator.model.findings import Severity
from generator.rules import CODES
from tests.conftest import Rollplan
from tests.support.cases import BASES, base
from tests.support.cases import NAMES as CASES
from tests.support.command import COLOURS, in_process
from tests.support.golden import Golden

Run = Callable[..., tuple[int, str, str]]
MANY = {
    "many": {"RP101", "RP102", "RP103", "RP104", "RP105", "RP106", "RP107", "RP108"},
    "RP205-derived": {"RP205", "RP303"},
    "RP565-server": {"RP564", "RP565"},
    "many-later": {"RP109", "RP110", "RP111", "RP112", "RP113", "RP201", "RP205", "RP207"},
}
"""Cases with many mistakes at once → the codes that one run must show."""

WARNED = [case for case in CASES if case[:5] in CODES and CODES[case[:5]].severity is Severity.WARNING]
REFUSED = [case for case in CASES if case not in WARNED]
ELSEWHERE = {"RP211", "RP212", "RP553", "RP554", "RP568"}
"""Codes that hang on the kustomize at hand (tests/load/test_kustomizations.py gets them), or need two
plans; RP568 needs many workloads, and tests/proof/test_proof.py has them."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cases: Path) -> Run:
    """Run the command where the cases are, without colours."""
    monkeypatch.chdir(cases)
    for name in COLOURS:
        monkeypatch.delenv(name, raising=False)
    return partial(in_process, capsys)


@pytest.mark.parametrize("case", CASES)
def test_a_case_gets_its_findings_in_the_words_of_its_golden(run: Run, golden: Golden, case: str) -> None:
    code, out, err = run("validate", f"{case}/plan.yaml")
    golden.text(f"findings/{case}.txt", out)
    assert (code, err) == (int(case in REFUSED), "")
    assert codes_in(out) == MANY.get(case, {case.partition("-")[0]})


@pytest.mark.parametrize("name", BASES)
def test_a_base_has_nothing_wrong_with_it(run: Run, tmp_path: Path, name: str) -> None:
    """So what a case changes is all that its findings are about."""
    assert run("validate", base(name).write(tmp_path)) == (0, "", "")


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_plan_writes_nothing(run: Run, tmp_path: Path, case: str) -> None:
    code, out, err = run("render", f"{case}/plan.yaml", "--out", tmp_path / "out")
    assert (code, out) == (1, "")
    assert codes_in(err) == MANY.get(case, {case.partition("-")[0]})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("case", CASES)
def test_the_place_of_a_finding_is_in_its_file(run: Run, cases: Path, case: str) -> None:
    """Editors jump to these places: the line exists, and the column is in it."""
    _, out, _ = run("validate", f"{case}/plan.yaml")
    places = re.findall(r"^ *(?:-->|:::) (\S+?):(\d+):(\d+)", out, re.MULTILINE)
    assert len(places) >= out.count("= help:")
    for name, line, column in places:
        lines = (cases / name).read_text(encoding="utf-8").split("\n")
        assert 1 <= int(column) <= len(lines[int(line) - 1]) + 1


@pytest.mark.parametrize("code", [code for code in CODES if code >= "RP101" and code not in ELSEWHERE])
def test_every_code_has_a_case(code: str) -> None:
    assert any(case.startswith(f"{code}-") for case in CASES), f"add a file tests/findings/{code}-WHAT.yaml"


def test_no_golden_is_left_over(golden: Golden) -> None:
    golden.only("findings", (f"{case}.txt" for case in CASES))


@pytest.mark.parametrize("case", MANY)
def test_the_command_itself_says_the_same(rollplan: Rollplan, cases: Path, golden: Golden, case: str) -> None:
    """The other tests call the command in their own process; here it is the real one."""
    done = rollplan("validate", f"{case}/plan.yaml", cwd=cases)
    golden.text(f"findings/{case}.txt", done.stdout)
    assert (done.returncode, done.stderr) == (1, "")


def codes_in(text: str) -> set[str]:
    return set(re.findall(r"^(?:error|warning)\[(RP\d{3})\]", text, re.MULTILINE))
