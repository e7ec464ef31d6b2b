"""Single faults in the examples are refused, with a code that fits, at the line of the fault."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from generator.model.findings import Finding, Rejected
from generator.model.source import Place
from generator.pipeline import compile_plan
from tests.support.mutants import Mutant, mutants, replaced
from tests.support.paths import ROOT
from tests.support.runbooks import EXAMPLES

LEAST, EACH = 60, 25
"""Faults that are tried of each example, and of each kind of fault at most."""

# example: name, file, what is replaced, by what, the codes of which one must name it there
FAULTS = {
    "blue-green": [
        (
            "green selects blue",
            "green/router.yaml",
            r"matchLabels:\n      app: vllm-qwen3-32b-new",
            "matchLabels:\n      app: vllm-qwen3-32b",
            "RP319",
        ),
        (
            "pool is called otherwise",
            "plan.yaml",
            r"pool: vllm-qwen3-32b-new",
            "pool: vllm-qwen3-32b-neu",
            "RP301",
        ),
        ("blue is called otherwise", "plan.yaml", r"pool: vllm-qwen3-32b$", "pool: vllm-qwen3-32c", "RP301"),
        (
            "grace period is too short",
            "green/model-server.yaml",
            r"terminationGracePeriodSeconds: \d+",
            "terminationGracePeriodSeconds: 20",
            "RP531",
        ),
        (
            "picker watches another pool",
            "green/router.yaml",
            r"^(.*--pool-name.*\n.*)vllm-qwen3-32b-new",
            r"\1vllm-qwen3-32b-old",
            "RP513",
        ),
        ("picker's port is missing", "green/router.yaml", r"number: 9002", "number: 9003", "RP434"),
        (
            "account of nearly the same name",
            "green/model-server.yaml",
            r"serviceAccountName: qwen3-32b-h200-decode",
            "serviceAccountName: qwen3-32b-h200-decoda",
            "RP436",
        ),
        ("weights out of order", "plan.yaml", r"weight: 5,", "weight: 15,", "RP111"),
        ("never all", "plan.yaml", r"weight: 100,", "weight: 99,", "RP112"),
        ("weight nobody can render", "plan.yaml", r"weight: 5,", "weight: 5.00001,", "RP113"),
        ("gate that is not there", "plan.yaml", r"gates: \[errors\]", "gates: [erors]", "RP110"),
        (
            "gateway that cannot split",
            "plan.yaml",
            r"provider: istio, version: [\d.]+",
            "provider: kgateway, version: 2.2.0",
            "RP525",
        ),
        ("no standalone blue-green", "plan.yaml", r"mode: gateway", "mode: standalone", "RP114"),
    ],
    "lora-adapter": [
        ("weight finer than the API's", "plan.yaml", r"weight: 10,", "weight: 0.0001,", "RP113"),
        ("candidate is the stable one", "plan.yaml", r"candidate: (\S+)-v2", r"candidate: \1-v1", "RP312"),
        (
            "adapters are not enabled",
            "serving/model-server.yaml",
            r"- Qwen/Qwen3-32B((?:\n.*){7}\n *- )--enable-lora",
            r"- Qwen/Qwen3-32B\1--disable-log-requests",
            "RP549",
        ),
    ],
}


def sample(folder: Path, example: str) -> Iterator[Mutant]:
    """Give the faults to try: those of the table, and some of each kind that can be made everywhere."""
    for name, file, old, new, codes in FAULTS.get(example, ()):
        yield replaced(file, (folder / file).read_text(encoding="utf-8"), old, new, codes, name)
    made = sorted(
        mutants(folder), key=lambda mutant: mutant.codes.__repr__() + mutant.name.rpartition(" ")[0]
    )
    for _, group in groupby(made, key=lambda mutant: mutant.name.rpartition(" ")[0]):
        faults = list(group)
        yield from faults[:: max(1, len(faults) // EACH)][:EACH]


def findings(plan: Path) -> tuple[Finding, ...]:
    try:
        compile_plan(plan)
    except Rejected as rejected:
        return rejected.findings
    return ()


def is_there(place: Place, mutant: Mutant) -> bool:
    """Say whether a place is the line of the fault; what kustomize has built has lines of its own."""
    if place.source.name.endswith("(built)"):
        return mutant.written.strip('"') in place.source.text.split("\n")[place.line - 1]
    return place.source.name.endswith(mutant.file) and place.line == mutant.line


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_single_fault_is_refused_at_its_line(example: str, tmp_path: Path) -> None:
    folder = tmp_path / example
    shutil.copytree(ROOT / "plans" / example, folder)
    plan = folder / "plan.yaml"
    assert findings(plan) == ()
    tried, missed = 0, []
    for mutant in sample(folder, example):
        file = folder / mutant.file
        whole = file.read_text(encoding="utf-8")
        file.write_text(mutant.text, encoding="utf-8")
        found = findings(plan)
        file.write_text(whole, encoding="utf-8")
        tried += 1
        right = [finding for finding in found if finding.is_error and finding.code.id in mutant.codes]
        places = [place for one in right for place in (one.place, *(other.place for other in one.related))]
        if not any(is_there(place, mutant) for place in places) and "RP212" not in {
            one.code.id for one in found
        }:
            missed.append(f"{mutant}: {[(one.code.id, str(one.place)) for one in found]}")
    assert not missed, "\n".join(missed)
    assert tried >= LEAST
