"""Every rule has a case that breaks it and is fixed by what its hint says; no invariant is forgotten."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.cli.explain import PAGES, explanation
from generator.model.codes import CODES as OTHERS
from generator.model.findings import Rejected
from generator.pipeline import compile_plans
from generator.rules import CODES, RULES
from generator.rules.case import Rule
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
    assert {rule.code.id for rule in RULES} <= {name[:5] for name in FIXED}


def test_rules_are_found_by_name() -> None:
    """No two have a code in common, and none of them is a row of the other codes as well."""
    codes = [rule.code.id for rule in RULES]
    assert codes == sorted(set(codes))
    assert not set(codes) & set(OTHERS)
    assert {*codes, *OTHERS} == set(CODES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code.id)
def test_a_rule_has_a_page_that_names_its_invariants(rule: Rule) -> None:
    page = (PAGES / f"{rule.code.id}.md").read_text(encoding="utf-8")
    said = page.split("## Why")[0]
    assert all(id_ in said for id_ in rule.code.keeps), f"{rule.code.id} does not name {rule.code.keeps}"


def test_every_invariant_is_kept_by_findings_or_by_a_gate() -> None:
    assert list(CONTRACT) == [f"I{number}" for number in range(1, 26)]
    kept = {id_ for code in CODES.values() for id_ in code.keeps}
    assert kept <= set(CONTRACT)
    assert all(invariant.gate or invariant.id in kept for invariant in CONTRACT.values())


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


NEW_RULE = '''"""Names that nobody can say."""

from __future__ import annotations

from collections.abc import Iterator

from generator.model.findings import Finding
from generator.rules.case import Case, rule


@rule("RP599", "error+", "name that nobody can say", keeps=("I2",))
def long_names(case: Case) -> Iterator[Finding]:
    """Find Services with a name that is too long."""
    for item in case.today:
        if item.kind == "Service":
            yield case.finding(f"`{item.name}` is long", item.origin.at(), "shorten it", about=item)
'''


@pytest.mark.slow
def test_a_rule_is_added_in_one_file(tmp_path: Path) -> None:
    """It is checked, explained and accepted as soon as its file is there."""
    for folder in ("generator", "templates", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    case("RP527-other").write(tmp_path / "case")
    (tmp_path / "generator/rules/names.py").write_text(NEW_RULE, encoding="utf-8")
    (tmp_path / "templates/explain/RP599.md").write_text("# RP599: name that nobody can say\n")

    def run(*words: str) -> str:
        command = [sys.executable, "-P", "-c", "from generator.cli import main; main()", *words]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    assert "error[RP599]: `chat-a100-epp` is long" in run("validate", "case/plan.yaml")
    assert "RP599: name that nobody can say" in run("explain", "I2")
    assert run("explain", "RP599").startswith("# RP599")
    plan = tmp_path / "case/plan.yaml"
    accepted = "  accept: [{rule: RP599, reason: we can say them}]\n  strategy:"
    plan.write_text(plan.read_text().replace("  strategy:", accepted, 1))
    assert "accepted[RP599]" in run("validate", "case/plan.yaml")
