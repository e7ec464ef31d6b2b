"""The schemas of what rollplan writes for machines are strict: no field may go, come or change its type."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from generator.resources import SCHEMAS
from tests.conftest import Rollplan
from tests.support.paths import ROOT

FILES = {"rollout": "render", "inventory": "render", "diff": "gitops"}
MAPS = {"replicas", "leastReplicas", "files"}
"""Fields whose keys are names."""
OPTIONAL = {"namespace", "file", "object", *MAPS}
"""Fields that some entries lack, and entries of the maps."""


def published(kind: str) -> dict[str, Any]:
    """Return a schema as it is shipped."""
    text = (SCHEMAS / FILES[kind] / f"{kind}.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def mappings(node: Any, key: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every mapping below a node, with the field that holds it."""
    if isinstance(node, dict):
        yield key, node
    for name, value in (
        node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    ):
        yield from mappings(value, name if isinstance(name, str) else key)


@pytest.mark.parametrize("kind", FILES)
def test_the_command_prints_it(rollplan: Rollplan, kind: str) -> None:
    done = rollplan("schema", "--of", kind)
    assert (done.returncode, json.loads(done.stdout)) == (0, published(kind))
    jsonschema.Draft7Validator.check_schema(published(kind))


@pytest.mark.parametrize("kind", ["rollout", "inventory"])
def test_every_object_is_closed_and_every_field_described(kind: str) -> None:
    for _, node in mappings(published(kind)):
        if node.get("type") == "object":
            assert "additionalProperties" in node
        for field in (node.get("properties") or {}).values():
            assert isinstance(field, dict)
            assert "description" in field or "$ref" in field


@pytest.mark.parametrize("kind", ["rollout", "inventory"])
@pytest.mark.parametrize("example", ["blue-green", "lora-adapter"])
def test_mutants_are_refused(kind: str, example: str) -> None:
    good = json.loads((ROOT / "golden/plans" / example / f"{kind}.json").read_text(encoding="utf-8"))
    judge = jsonschema.Draft7Validator(published(kind))
    assert judge.is_valid(good)
    broken = 0
    for at, (key, node) in sample(mappings(good)):
        for mutant in mutants(key, node):
            bad = copy.deepcopy(good)
            changed = [*mappings(bad)][at][1]
            changed.clear()
            changed.update(mutant)
            assert not judge.is_valid(bad), (key, mutant)
            broken += 1
    assert broken > 10


def sample(found: Iterator[tuple[str, dict[str, Any]]]) -> Iterator[tuple[int, tuple[str, dict[str, Any]]]]:
    """Yield the first mapping of each shape."""
    seen = set()
    for at, (key, node) in enumerate(found):
        shape = (key if key not in MAPS else "", *node) if key not in MAPS else (key,)
        if shape not in seen:
            seen.add(shape)
            yield at, (key, node)


def mutants(key: str, node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the mapping with a field more, with each field missing, and with each of another type."""
    if key not in MAPS:
        yield {**node, "surprise": 1}
        yield from ({one: node[one] for one in node if one != gone} for gone in node if gone not in OPTIONAL)
    for field in node:
        yield {**node, field: [None]}
        yield {**node, field: None}
