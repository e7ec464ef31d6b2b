"""Every rule has a case that breaks it and, one edit away, one that keeps it; no invariant is forgotten."""

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
from tests.support.paths import ROOT

CASES = ROOT / "tests/findings"
Edit = tuple[str, str, str]
SAID = "{group: inference.networking.k8s.io, kind: InferencePool, name: chat-a100}"

FIXES: dict[str, list[Edit]] = {
    "RP501-monitor": [("blue", "selector: {}", "selector: {matchLabels: {app: chat-a100}}")],
    "RP501-service": [("blue", "selector: {tier: chat}", "selector: {app: chat-a100}")],
    "RP502-route": [("route", "chat-a100}\nspec", "chat-a100, helm.sh/resource-policy: keep}\nspec")],
    "RP503-secret": [("green", "name: llm-d-hf-token", "name: token-of-green")],
    "RP510-policy": [("shared", "name: chat-a100", "name: chat-h200")],
    "RP511-force": [("blue", "Force=true", "Force=false")],
    "RP512-selector": [("serving", "[--endpoint-selector, app=chat]", "[--pool-name=chat]")],
    "RP513-copied": [("green", "[--pool-name, chat-a100]", "[--pool-name, chat-h200]")],
    "RP515-picker": [
        ("plan", "workload: chat-epp", "workload: chat-server"),
        ("plan", "container: epp, ", ""),
    ],
    "RP520-zero": [("route", "weight: 0", "weight: 1")],
    "RP522-at-once": [("plan", "drain: 0s", "drain: 300s")],
    "RP522-default": [("plan", "drain: 1m", "drain: 5m")],
    "RP523-open": [("green", "FailOpen", "FailClose")],
    "RP525-envoy": [("plan", "    - {weight: 10, soak: 30m}\n", "")],
    "RP525-kgateway": [("plan", "kgateway, version: 2.2.0", "agentgateway, version: 1.1.0")],
    "RP525-nginx": [("plan", "2.2.1", "2.3.0")],
    "RP526-istio": [("plan", "1.29.2", "1.29.9")],
    "RP526-unsure": [("plan", "istio}", "istio, version: 1.30.6}")],
    "RP527-other": [("plan", "contour, version: 1.33.0", "agentgateway, version: 1.1.0")],
    "RP528-timeouts": [("route", "    timeouts: {request: 300s}\n", "")],
    "RP530-missing": [("serving", "[example/chat]", "[example/chat, --shutdown-timeout=60]")],
    "RP530-old": [
        ("plan", "v0.17.2", "v0.18.1"),
        ("serving", "v0.17.1", "v0.18.0"),
        ("serving", "[example/chat]", "[example/chat, --shutdown-timeout=60]"),
    ],
    "RP531-default": [
        ("serving", "spec:\n      containers:\n      - name: modelserver", "spec:\n      GRACE"),
        (
            "serving",
            "GRACE",
            "terminationGracePeriodSeconds: 61\n      containers:\n      - name: modelserver",
        ),
    ],
    "RP531-pause": [("serving", "Seconds: 90", "Seconds: 91")],
    "RP532-shell": [("serving", "vllm serve", "exec vllm serve")],
    "RP533-default": [("green", "  replicas: 2", "  progressDeadlineSeconds: 3615\n  replicas: 2")],
    "RP534-group": [
        ("plan", "type: rolling-update", "type: rolling-update\n    maxSurge: 1\n    maxUnavailable: 0")
    ],
    "RP535-single": [("serving", "replicas: 1", "replicas: 4")],
    "RP536-hpa": [("serving", "  replicas: 2\n", "")],
    "RP537-name": [("plan", "[--served-model-name=chat-2]", "[--max-num-seqs=64]")],
    "RP538-decode": [("serving", "llm-d.ai/role: prefill", "llm-d.ai/role: decode")] * 2,
    "RP540-two": [("serving", "everything", "routers"), ("serving", "{app: chat}", "{app: chat-epp}")],
    "RP541-fail": [("green", "\"}']\n---", '","kv_load_failure_policy":"recompute"}\']\n---')],
    "RP542-default": [("serving", "port: 8000}", "port: 8000}\n          failureThreshold: 6")],
    "RP545-some": [("serving", "{modelRewrite: support-v2}", "{modelRewrite: support-v2, weight: 10}")],
    "RP547-empty": [
        ("serving", "value: support}", "value: support}\n    targets: [{modelRewrite: support-v1}]")
    ],
    "RP548-two": [("serving", "value: support}", "value: other}")],
    "RP549-off": [("serving", "=60]", "=60, --enable-lora, --max-loras, '2']")],
    "RP549-one": [("serving", "--enable-lora]", "--enable_lora, --max_loras=2]")],
    "RP550-empty": [("serving", "emptyDir: {}", "nfs: {server: nfs.example.com, path: /adapters}")],
    "RP551-init": [("serving", "emptyDir: {}", "nfs: {server: nfs.example.com, path: /adapters}")],
    "RP555-cluster": [("plan", "accelerators: 12", "accelerators: 16")],
    "RP558-rewrite": [("plan", "v1.1.0", "v1.2.0")],
    "RP559-pool": [("plan", "{name: inference-gateway}", "{name: inference-gateway}\n    apis: OLD")],
}
"""Case → edits, one occurrence each (the last), after which nothing is found."""

FIXES["RP559-pool"].append(("plan", "OLD", "{inferenceExtension: v1.4.0}"))


def findings(plan: Path) -> list[str]:
    try:
        return [finding.code.id for one in compile_plans([str(plan)]) for finding in one.warnings]
    except Rejected as rejected:
        return [finding.code.id for finding in rejected.findings]


@pytest.mark.parametrize("case", FIXES)
def test_a_case_is_mended_by_what_its_hint_says(tmp_path: Path, case: str) -> None:
    shutil.copytree(CASES / case, tmp_path / "case")
    assert set(findings(tmp_path / "case/plan.yaml")) == {case[:5]}
    for name, old, new in FIXES[case]:
        path = tmp_path / "case" / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{case} has no {old!r}"
        path.write_text(new.join(text.rsplit(old, 1)), encoding="utf-8")
    assert findings(tmp_path / "case/plan.yaml") == []


ADDED = {"RP514-gke": "GCPBackendPolicy", "RP514-istio": "DestinationRule"}


@pytest.mark.parametrize("case", ADDED)
def test_a_missing_policy_is_mended_by_adding_it(tmp_path: Path, case: str) -> None:
    shutil.copytree(CASES / case, tmp_path / "case")
    blue, green = tmp_path / "case/blue.yaml", tmp_path / "case/green.yaml"
    policy = next(part for part in blue.read_text().split("---\n") if f"kind: {ADDED[case]}" in part)
    green.write_text(f"{green.read_text()}---\n{policy.replace('a100', 'h200')}")
    assert findings(tmp_path / "case/plan.yaml") == []


def test_every_rule_has_a_case_that_is_mended() -> None:
    fixed = {case[:5] for case in (*FIXES, *ADDED)}
    assert {rule.code.id for rule in RULES} <= fixed


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


def test_a_rule_is_added_in_one_file(tmp_path: Path) -> None:
    """It is checked, explained and accepted as soon as its file is there."""
    for folder in ("generator", "templates", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(CASES / "RP527-other", tmp_path / "case")
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
