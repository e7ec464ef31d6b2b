"""What `rollplan schema` gives to editors accepts and refuses what the command itself does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from generator.load import load_plan, read_source
from generator.pipeline import Collector
from generator.plan.schema import bundled_schema
from generator.resources import SCHEMAS
from tests.conftest import Rollplan
from tests.support.cases import NAMES as CASES
from tests.support.paths import ROOT

PLANS = sorted(ROOT.glob("plans/*/plan.yaml"))
ALONE = {
    "RP103-decimal": "1.0 is an integer to JSON Schema",
    "RP105-line-break": "`$` in Python matches before a final line break",
    "RP106-no-room": "two fields together",
}
"""Findings about the plan alone that jsonschema has not → why."""


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.parent.name)
def test_the_schema_of_editors_accepts_the_examples(path: Path) -> None:
    jsonschema.Draft7Validator(bundled_schema()).validate(data_of(path))


@pytest.mark.parametrize("case", [case for case in CASES if "RP101" <= case < "RP109" or case == "many"])
def test_the_schema_of_editors_refuses_what_we_refuse(cases: Path, case: str) -> None:
    assert set(ALONE) <= set(CASES)
    data = data_of(cases / case / "plan.yaml")
    assert jsonschema.Draft7Validator(bundled_schema()).is_valid(data) == (case in ALONE)


@pytest.mark.parametrize("case", [case for case in CASES if case >= "RP109" and case != "many"])
def test_the_schema_of_editors_leaves_the_rest_to_the_command(cases: Path, case: str) -> None:
    data = data_of(cases / case / "plan.yaml")
    jsonschema.Draft7Validator(bundled_schema()).validate(data)


def test_the_command_prints_it(rollplan: Rollplan) -> None:
    printed = json.loads(rollplan("schema").stdout)
    assert printed == bundled_schema()
    jsonschema.Draft7Validator.check_schema(printed)
    references = re.findall(r'"\$ref": "([^"]*)"', json.dumps(printed))
    assert references
    assert all(reference.startswith("#/definitions/") for reference in references)


def test_bundling_changes_no_schema() -> None:
    """It is made of schemas that validation shares."""
    assert bundled_schema() == bundled_schema()
    assert "allOf" not in json.loads((SCHEMAS / "plan/plan.schema.json").read_text())["properties"]["spec"]
    first = bundled_schema()
    first["properties"].clear()
    assert bundled_schema()["properties"]


def data_of(path: Path) -> Any:
    found = Collector()
    source = found.collect(read_source(path, path.name))
    assert source
    document = found.collect(load_plan(source))
    assert document, found.all
    return document.data
