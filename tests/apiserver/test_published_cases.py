"""The published cases and definitions: their verdicts, their words, and our own schemas beside theirs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from generator.apiserver.cel import compile_rule
from generator.apiserver.custom.catalog import _sources, catalog
from generator.apiserver.custom.notation import CrdTarget
from generator.apiserver.custom.schema import MISSING, SchemaNode
from tests.support import crd_cases
from tests.support.crd_cases import DATA
from tests.support.paths import ROOT

DEFINITIONS = sorted((DATA / "crds").rglob("*.json"))
needs_cases = pytest.mark.skipif(
    not (DATA / "cases").is_dir(), reason="no published cases beside the checkout"
)
needs_definitions = pytest.mark.skipif(not DEFINITIONS, reason="no published definitions beside the checkout")


def totals(name: str) -> Counter[str]:
    """Run all cases against one of our functions, and give what the runner counts; no case may fail."""
    runner = DATA / "cases/run_cases.py"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(runner), f"tests.support.crd_cases:{name}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "FAIL" not in done.stdout, done.stdout
    _, _, total = done.stdout.rpartition("TOTAL ")
    return Counter(ast.literal_eval(total.strip()))


@pytest.mark.slow
@needs_cases
def test_published_definitions_give_the_published_verdicts() -> None:
    counts = totals("theirs")
    assert counts["verdict"] == counts["n"] > 700
    assert counts["message"] >= 0.99 * counts["n"]


@needs_cases
def test_our_own_schemas_give_the_published_verdicts() -> None:
    counts = totals("ours")
    assert counts["verdict"] == counts["n"] > 700


def cases() -> list[dict[str, Any]]:
    files = sorted((DATA / "cases").glob("*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]


@needs_cases
def test_every_error_is_the_one_that_the_server_s_code_gave() -> None:
    """Field and words of all errors of a case, not only those that its author thought of."""
    compared = 0
    definitions: dict[str, Any] = {}
    for case in cases():
        for channel, errors in (case.get("oracle_errors") or {}).items():
            path = case["crd"][channel]
            if path not in definitions:
                definitions[path] = json.loads((DATA / path).read_text(encoding="utf-8"))
            version = case["object"]["apiVersion"].split("/")[-1]
            for item in (case["object"], case.get("old_object")):
                if item and definitions[path]["spec"]["scope"] == "Namespaced":
                    item["metadata"].setdefault("namespace", "default")
            said = crd_cases.theirs(
                definitions[path], version, case["object"], None, case["op"], case.get("old_object")
            )
            ours = {words for _, words in said if "unknown field" not in words}
            theirs = {words for words in errors if "some validation rules were not checked" not in words}
            assert {nameless(words) for words in ours} == {nameless(words) for words in theirs}, case["id"]
            compared += 1
    assert compared > 200


def nameless(words: str) -> str:
    """Give an error without the field where the server names none: we know it all the same."""
    _, found, rest = words.partition(': Invalid value: "": "')
    return found + rest if found and "schema" in rest else words


def shape(schema: SchemaNode, path: str = "") -> dict[str, tuple[Any, ...]]:
    """Give what a schema says of each field, its patterns and rules apart."""
    bounds = {
        name: bound
        for name, bound in schema.bounds.items()
        if name != "pattern" and (name, bound) != ("minLength", 0)
    }
    said = (
        schema.types,
        schema.format,
        schema.nullable,
        None if schema.default is MISSING else schema.default,
        set(schema.required),
        schema.enum,
        bounds,
        "pattern" in schema.bounds,
        schema.list_type if schema.list_type in ("set", "map") else "",
        schema.preserve,
        schema.rules != (),
    )
    below = [(f".{name}", part) for name, part in schema.properties.items()]
    below += [("[]", schema.items)] if schema.items else []
    below += [("{}", schema.additional)] if schema.additional else []
    return {path: said} | {
        name: told for step, part in below if part for name, told in shape(part, path + step).items()
    }


@needs_definitions
@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_our_schemas_have_the_published_fields(path: Path) -> None:
    published = json.loads(path.read_text(encoding="utf-8"))
    for row in published["spec"]["versions"]:
        own = crd_cases.own(published, row["name"])
        if own is None:
            continue
        theirs = crd_cases.definition(published, row["name"])
        assert (own.namespaced, own.has_status) == (theirs.namespaced, theirs.has_status)
        assert own.schema.required == theirs.schema.required
        assert shape(own.schema.properties["spec"]) == shape(theirs.schema.properties["spec"])


@pytest.mark.parametrize("channel", ["standard", "experimental"])
@pytest.mark.parametrize("minor", range(9))
def test_every_rule_of_ours_can_be_read(minor: int, channel: str) -> None:
    target = CrdTarget(
        gateway_api=(1, minor), inference_extension=(1, minor), router=(0, minor), channel=channel
    )
    rules = [rule for schema in written_out(target) for rule in rules_of(schema)]
    assert len(rules) > 50
    for rule in rules:
        compile_rule(rule)


def written_out(target: CrdTarget) -> list[SchemaNode]:
    found = [
        catalog(target)(group, version, kind)
        for (group, kind), row in _sources().items()
        for version in row["versions"]
    ]
    return [definition.schema for definition in found if definition]


def rules_of(schema: SchemaNode) -> list[str]:
    parts = [*schema.properties.values(), *filter(None, (schema.items, schema.additional))]
    return [row.rule for row in schema.rules] + [rule for part in parts for rule in rules_of(part)]


POOL = {
    "apiVersion": "inference.networking.k8s.io/v1",
    "kind": "InferencePool",
    "metadata": {"name": "chat", "namespace": "llm-d"},
}


@pytest.mark.parametrize(
    ("version", "spec", "refused"),
    [
        ((1, 0), {"targetPorts": [{"number": 1}]}, {}),
        ((1, 0), {"targetPorts": [{"number": 1}, {"number": 2}]}, {"spec.targetPorts": ""}),
        ((1, 1), {"targetPorts": [{"number": 1}, {"number": 2}]}, {}),
        ((1, 3), {"appProtocol": "http"}, {"spec.appProtocol": "inferenceExtension has it from v1.4 on"}),
        ((1, 4), {"appProtocol": "http"}, {}),
        ((1, 5), {"endpointPickerRef": None}, {"spec.endpointPickerRef": ""}),
        ((1, 6), {"endpointPickerRef": None}, {}),
    ],
)
def test_a_pool_is_judged_by_the_version_that_the_plan_targets(
    version: tuple[int, int], spec: dict[str, Any], refused: dict[str, str]
) -> None:
    """Contract §0."""
    target = CrdTarget(gateway_api=(1, 5), inference_extension=version, router=(0, 9))
    judge = catalog(target)("inference.networking.k8s.io", "v1", "InferencePool")
    whole = {
        "selector": {"matchLabels": {"app": "chat"}},
        "targetPorts": [{"number": 8000}],
        "endpointPickerRef": {"name": "epp", "port": {"number": 9002}},
    }
    assert judge
    assert {one.field: one.hint for one in judge(POOL | {"spec": whole | spec})} == refused
