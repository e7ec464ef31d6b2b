"""The schemas of plans keep to rules that make them safe, strict and useful in editors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from generator.plan.messages import KEYWORDS
from generator.plan.schema import definition
from generator.resources import SCHEMAS

FOLDER = SCHEMAS / "plan"
FILES = sorted(FOLDER.rglob("*.json"))
"""The schemas of plans; those of what rollplan prints follow no rule of editors and findings, and those of
objects are in a notation of their own."""

OPEN = {"plan.schema.json#/properties/spec", "plan.schema.json#/properties/spec/properties/strategy"}
"""Objects that allow other fields: the schema of the chosen strategy knows them."""

LABELS = {
    "plan.schema.json#/definitions/quantities",
    "plan.schema.json#/definitions/router/properties/selector",
    "plan.schema.json#/definitions/modelServers/items/properties/nodeSelector",
    "plan.schema.json#/definitions/modelServers/items/properties/labels",
    "plan.schema.json#/definitions/changes/items/properties/nodeSelector",
    "plan.schema.json#/definitions/changes/items/properties/labels",
    "blue-green.schema.json#/properties/strategy/properties/narrowBlue",
}
_CAPACITY = "blue-green.schema.json#/properties/strategy/properties/capacity/properties"
VERSIONS = {
    "plan.schema.json#/definitions/weights",
    f"{_CAPACITY}/perBlue",
    f"{_CAPACITY}/acceleratorsPerReplica",
}
KUBERNETES = {
    "plan.schema.json#/definitions/router/properties/plugins",
    "plan.schema.json#/definitions/modelServers/items/properties/affinity",
    "plan.schema.json#/definitions/modelServers/items/properties/tolerations/items",
    "plan.schema.json#/definitions/changes/items/properties/affinity",
    "plan.schema.json#/definitions/changes/items/properties/tolerations/items",
    "plan.schema.json#/definitions/environment/items",
    "plan.schema.json#/definitions/patches/items/properties/json6902/items",
    "plan.schema.json#/definitions/patches/items/properties/merge",
    "plan.schema.json#/definitions/resources",
}
OPEN |= LABELS | VERSIONS | KUBERNETES
"""Labels have their own keys, numbers those of versions; Kubernetes gives its objects their fields."""

SILENT = {"$schema", "$id", "$ref", "title", "description", "definitions", "errorMessage", "properties"}
SILENT |= {"items", "allOf", "if", "then"}
"""Keywords that report nothing themselves."""

Where = str
Schema = dict[str, Any]


def schemas(path: Path) -> Iterator[tuple[Where, Schema]]:
    """Give every subschema of a file and where it is."""

    def walk(where: str, schema: Schema) -> Iterator[tuple[Where, Schema]]:
        yield where, schema
        for keyword in ("properties", "definitions"):
            for name, inner in schema.get(keyword, {}).items():
                yield from walk(f"{where}/{keyword}/{name}", inner)
        for keyword in ("items", "additionalProperties", "if", "then"):
            if isinstance(schema.get(keyword), dict):
                yield from walk(f"{where}/{keyword}", schema[keyword])
        for keyword in ("oneOf", "anyOf", "allOf"):
            for index, inner in enumerate(schema.get(keyword, [])):
                yield from walk(f"{where}/{keyword}/{index}", inner)

    yield from walk(f"{path.name}#", json.loads(path.read_text(encoding="utf-8")))


ALL = [pytest.param(where, schema, id=where) for path in FILES for where, schema in schemas(path)]


def is_condition(where: Where) -> bool:
    """Say whether a subschema only asks something of an object that another describes."""
    return bool(re.search(r"/(if|then|oneOf/\d+|allOf/\d+)(/|$)", where))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_schema_is_a_schema(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["$id"].endswith(path.relative_to(FOLDER).as_posix())
    jsonschema.Draft7Validator.check_schema(schema)


@pytest.mark.parametrize(("where", "schema"), ALL)
def test_every_keyword_is_one_that_findings_know(where: Where, schema: Schema) -> None:
    assert set(schema) <= set(KEYWORDS) | SILENT


@pytest.mark.parametrize(("where", "schema"), ALL)
def test_objects_are_closed_and_described(where: Where, schema: Schema) -> None:
    if schema.get("type") == "object" and where not in OPEN:
        assert schema.get("additionalProperties") is False
    if "properties" in schema and not is_condition(where):
        assert schema.get("type") == "object"
    for name, inner in schema.get("properties", {}).items():
        if not is_condition(where):
            described = definition(inner["$ref"]) if "description" not in inner and "$ref" in inner else inner
            assert described.get("description", "").endswith("."), f"{name} has no description"


@pytest.mark.parametrize(("where", "schema"), ALL)
def test_what_a_schema_requires_it_describes(where: Where, schema: Schema) -> None:
    """The hint of a missing field is its description."""
    if not re.search(r"/(oneOf|anyOf|if)(/|$)", where):
        assert set(schema.get("required", ())) <= set(schema.get("properties", {}))
    choices = schema.get("anyOf", ()) if schema.get("type") == "object" else ()
    for option in (*schema.get("oneOf", ()), *choices):
        assert set(option) == {"required"}
        assert set(option["required"]) <= set(schema["properties"])


@pytest.mark.parametrize(("where", "schema"), ALL)
def test_references_lead_somewhere(where: Where, schema: Schema) -> None:
    if "$ref" in schema:
        file = "" if where.startswith("plan.schema.json") else "../plan.schema.json"
        assert schema["$ref"].startswith(f"{file}#/definitions/")
        assert definition(schema["$ref"])


@pytest.mark.parametrize(("where", "schema"), ALL)
def test_texts_and_lists_are_bounded_and_choices_explained(where: Where, schema: Schema) -> None:
    if schema.get("type") == "array":
        assert "maxItems" in schema
    if schema.get("type") == "string":
        assert "maxLength" in schema or "enum" in schema or is_short(schema["pattern"])
    if "pattern" in schema or "anyOf" in schema:
        owner = schema if "errorMessage" in schema else {}
        assert owner.get("errorMessage", "must ").startswith("must ")
        assert "errorMessage" in schema or "/anyOf/" in where


def is_short(pattern: str) -> bool:
    """Say whether a pattern bounds the length of what it matches itself."""
    return not re.search(r"[*+]|\{\d+,\}", re.sub(r"\[[^\]]*\]", "x", pattern))
