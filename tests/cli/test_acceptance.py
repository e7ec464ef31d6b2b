"""What a plan accepts is shown in every report, with its reason, and does not refuse the plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.cli.formats import FINDINGS
from generator.model.findings import Rejected, Severity
from generator.pipeline import compile_plans
from generator.plan.accepted import WITHOUT_OBJECT
from generator.rules import CODES
from tests.conftest import Rollplan
from tests.support.cases import NAMES
from tests.support.cases import case as case_of
from tests.support.golden import Golden

REASON = "our own conformance run shows that its weights hold"


def accepting(folder: Path, case: str, *entries: str) -> Path:
    """Give the plan of a case with something to accept."""
    plan = case_of(case).write(folder)
    text = plan.read_text(encoding="utf-8")
    if "  accept: [" in text:
        text = text.replace("  accept: [", f"  accept: [{', '.join(entries)}, ", 1)
    else:
        lines = "".join(f"  - {entry}\n" for entry in entries)
        text = text.replace("  strategy:", f"  accept:\n{lines}  strategy:")
    plan.write_text(text, encoding="utf-8")
    return plan


def outcome(plan: Path) -> list[tuple[str, Severity]]:
    try:
        found = [finding for one in compile_plans([str(plan)]) for finding in one.warnings]
    except Rejected as rejected:
        found = list(rejected.findings)
    return [(finding.code.id, finding.severity) for finding in found]


@pytest.mark.parametrize("format_", sorted(FINDINGS))
def test_every_report_shows_what_is_accepted_and_why(
    rollplan: Rollplan, tmp_path: Path, golden: Golden, format_: str
) -> None:
    accepting(tmp_path, "RP527-other", f"{{rule: RP527, reason: {REASON}}}")
    done = rollplan("validate", "plan.yaml", "--format", format_, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    golden.text(f"accepted/{format_}.txt", done.stdout)
    assert REASON in done.stdout


def test_an_accepted_error_does_not_refuse_the_plan(tmp_path: Path, cases: Path) -> None:
    entry = "{rule: RP501, object: Service/chat, reason: it is for people who debug}"
    assert outcome(cases / "RP501-service/plan.yaml") == [("RP501", Severity.ERROR)]
    plan = accepting(tmp_path, "RP501-service", entry)
    assert outcome(plan) == [("RP501", Severity.ACCEPTED)]


def test_what_is_accepted_for_one_object_is_refused_for_another(tmp_path: Path) -> None:
    entry = "{rule: RP501, object: Service/other, reason: it is for people who debug}"
    plan = accepting(tmp_path, "RP501-service", entry)
    assert ("RP501", Severity.ERROR) in outcome(plan)
    assert ("RP501", Severity.ACCEPTED) not in outcome(plan)


ACCEPTABLE = sorted(code for code, row in CODES.items() if row.acceptable)
ELSEWHERE = {
    "RP553": "needs two plans",
    "RP554": "needs two plans",
    "RP568": "needs many workloads",
}
"""Codes without a case → why; tests/rules/test_several_plans.py and tests/proof/test_proof.py get them."""


def reported(plan: Path) -> list[dict[str, str]]:
    """Return the findings of a plan as the JSON report has them."""
    try:
        found = [finding for one in compile_plans([str(plan)]) for finding in one.warnings]
    except Rejected as rejected:
        found = list(rejected.findings)
    fields: list[dict[str, str]] = json.loads(FINDINGS["json"](found))["findings"]
    return fields


def test_few_findings_speak_of_no_object() -> None:
    assert len(ACCEPTABLE) == 55
    assert set(ACCEPTABLE) > WITHOUT_OBJECT


def test_an_object_that_no_finding_has_is_to_be_left_out(tmp_path: Path) -> None:
    entries = (f"{{rule: RP527, reason: {REASON}}}", "{rule: RP011, object: ConfigMap/chat, reason: yes}")
    plan = accepting(tmp_path, "RP527-other", *entries)
    (unused,) = (one for one in reported(plan) if one["code"] == "RP556")
    assert unused["hint"].startswith("leave out `object`")


@pytest.mark.parametrize("code", [code for code in ACCEPTABLE if code not in {*WITHOUT_OBJECT, *ELSEWHERE}])
def test_the_object_of_a_report_is_what_accept_takes(tmp_path: Path, code: str) -> None:
    """Of every code: with the object of the JSON report, the finding is accepted and nothing else changes."""
    for case in (name for name in NAMES if name.startswith(f"{code}-")):
        folder = tmp_path / case
        before = reported(case_of(case).write(folder))
        objects = sorted({one.get("object", "") for one in before if one["code"] == code})
        assert objects
        assert all(objects), f"{case} has a finding without an object"
        accepting(folder, case, *(f"{{rule: {code}, object: {one}, reason: {REASON}}}" for one in objects))
        after = reported(folder / "plan.yaml")
        assert {one["severity"] for one in after if one["code"] == code} == {"accepted"}
        assert not [one for one in after if one["code"] == "RP556"]


def test_an_acceptance_of_another_code_changes_nothing(tmp_path: Path) -> None:
    """What it may be for lies further down the road, so it is told only of a plan that gets there."""
    plan = accepting(tmp_path, "RP501-service", "{rule: RP527, reason: no reason at all}")
    assert outcome(plan) == [("RP501", Severity.ERROR)]
    plan = accepting(tmp_path, "RP527-other", "{rule: RP526, reason: no reason at all}")
    assert {code for code, _ in outcome(plan)} == {"RP527", "RP556"}


@pytest.mark.parametrize("reason", ["''", "' '", '"\\n"', "null"])
def test_a_reason_says_something(tmp_path: Path, reason: str) -> None:
    plan = accepting(tmp_path, "RP527-other", f"{{rule: RP527, reason: {reason}}}")
    assert {code for code, _ in outcome(plan)} & {"RP102", "RP103", "RP105"}


def test_what_the_api_server_or_a_parser_refuses_cannot_be_accepted() -> None:
    never = {code for code, row in CODES.items() if not row.acceptable}
    assert {"RP002", "RP101", "RP301", "RP405", "RP545", "RP557"} <= never
    assert all(row.severity is Severity.ERROR for code, row in CODES.items() if code in never)
    assert {code for code in CODES if code < "RP501" and CODES[code].acceptable} == {
        code for code in CODES if code < "RP501" and CODES[code].severity is Severity.WARNING
    }


def test_a_warning_of_the_reader_can_be_accepted(tmp_path: Path) -> None:
    """What was found before the plan was understood is accepted as well."""
    plan = accepting(
        tmp_path, "RP527-other", f"{{rule: RP527, reason: {REASON}}}", "{rule: RP011, reason: yes}"
    )
    assert outcome(plan) == [("RP527", Severity.ACCEPTED), ("RP011", Severity.ACCEPTED)]


def test_stages_are_rendered_and_say_what_was_accepted(rollplan: Rollplan, tmp_path: Path) -> None:
    accepting(tmp_path, "RP527-other", f"{{rule: RP527, reason: {REASON}}}")
    done = rollplan("render", "plan.yaml", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0
    assert f"= accepted: {REASON}" in done.stderr
    assert json.loads((tmp_path / "out/chat/rollout.json").read_text(encoding="utf-8"))["stages"]
