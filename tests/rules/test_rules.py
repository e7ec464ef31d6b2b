"""Every rule has a case that breaks it and is fixed by what its hint says; no invariant is forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.cli.explain import PAGES, explanation
from generator.model.codes import CODES
from generator.model.findings import Rejected
from generator.pipeline import compile_plans
from generator.rules import RULES
from generator.rules.invariants import CONTRACT
from tests.conftest import Rollplan
from tests.support.cases import NAMES, case
from tests.support.paths import ROOT

FIXED = [name for name in NAMES if case(name).fixed is not None]


def findings(plan: Path) -> list[str]:
    try:
        return [finding.code.id for one in compile_plans([str(plan)]) for finding in one.warnings]
    except Rejected as rejected:
        return [finding.code.id for finding in rejected.findings]


@pytest.mark.parametrize("name", FIXED)
def test_a_case_is_fixed_by_what_its_hint_says(tmp_path: Path, name: str) -> None:
    assert findings(case(name).write(tmp_path / "case"))
    assert findings(case(name).write(tmp_path / "fixed", fixed=True)) == []


def test_every_rule_has_a_case_that_is_fixed() -> None:
    assert {rule.code for rule in RULES} <= {name[:5] for name in FIXED}


def test_every_rule_has_a_code_a_page_and_a_line_of_the_contract() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.code in CODES
        assert rule.contract
        page = (PAGES / f"{rule.code}.md").read_text(encoding="utf-8")
        said = page.split("## Why")[0]
        assert all(line in said for line in rule.contract), f"{rule.code} does not name {rule.contract}"
        assert all(re.fullmatch(r"I([1-9]|1[0-9]|2[0-5])|§[0-9.]+", line) for line in rule.contract)


def test_every_invariant_is_kept_by_findings_or_by_a_gate() -> None:
    assert list(CONTRACT) == [f"I{number}" for number in range(1, 26)]
    for invariant in CONTRACT.values():
        assert invariant.codes or invariant.gate
        assert set(invariant.codes) <= set(CODES)


def test_the_table_of_invariants_is_that_of_the_rules() -> None:
    """A rule that keeps an invariant stands in its row."""
    for rule in RULES:
        for line in rule.contract:
            assert line.startswith("§") or rule.code in CONTRACT[line].codes, f"{line} lacks {rule.code}"


@pytest.mark.parametrize("id_", CONTRACT)
def test_an_invariant_is_explained(id_: str) -> None:
    page = explanation(id_.lower())
    assert page.startswith(f"# {id_}\n\n{CONTRACT[id_].rule}\n")
    assert ("## Gate" in page) is bool(CONTRACT[id_].gate)


def test_explain_tells_of_an_invariant(rollplan: Rollplan) -> None:
    done = rollplan("explain", "I6")
    assert (done.returncode, done.stdout) == (0, explanation("I6"))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "plans").glob("*/plan.yaml")), ids=lambda path: path.parent.name
)
def test_an_example_breaks_no_rule(path: Path) -> None:
    assert findings(path) == []
