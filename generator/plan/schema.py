"""The JSON Schemas of plans: a common part, and the `spec` of each strategy."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import Any

from generator.resources import SCHEMAS

_FOLDER = SCHEMAS / "plan"
_STRATEGIES = _FOLDER / "strategies"

PLAN = "plan"
"""The name of the common part; the other names are those of the strategies."""


@cache
def load(name: str) -> Any:
    """Return the schema of this name; all callers share it, so nobody may change it."""
    path = _FOLDER / "plan.schema.json" if name == PLAN else _STRATEGIES / f"{name}.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


def strategies() -> tuple[str, ...]:
    """Return the names of the strategies that a plan can choose from."""
    strategy = load(PLAN)["properties"]["spec"]["properties"]["strategy"]
    return tuple(strategy["properties"]["type"]["enum"])


def definition(ref: str) -> Any:
    """Return what a `$ref` of our schemas names: a definition of the common part."""
    return load(PLAN)["definitions"][ref.rpartition("/")[2]]


def bundled_schema() -> dict[str, Any]:
    """Return the whole schema as one document, for editors: a branch for each strategy."""
    schema: dict[str, Any] = deepcopy(load(PLAN))
    schema["properties"]["spec"]["allOf"] = [
        {"if": _names_strategy(name), "then": _inlined(load(name))} for name in strategies()
    ]
    return schema


def _names_strategy(name: str) -> dict[str, Any]:
    type_ = {"required": ["type"], "properties": {"type": {"const": name}}}
    return {"required": ["strategy"], "properties": {"strategy": type_}}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps({key: value for key, value in schema.items() if not key.startswith("$")})
    return dict(json.loads(text.replace('"../plan.schema.json#', '"#')))
