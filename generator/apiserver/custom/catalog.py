"""Load our own schemas of the kinds that rollouts use, from `schemas/apiserver/`, on first use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from generator.apiserver.custom.judge import Definition
from generator.apiserver.custom.notation import CrdTarget, Notation
from generator.apiserver.custom.schema import node
from generator.resources import SCHEMAS

_SHARED = "shared"
_META = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}


class Catalog:
    """The schemas for one target, each written out at its first use."""

    def __init__(self, target: CrdTarget) -> None:
        self._target = target
        self._made: dict[tuple[str, str, str], Definition | None] = {}

    def __call__(self, group: str, version: str, kind: str) -> Definition | None:
        """Return the definition of a kind; None where we have no schema for it."""
        key = (group, version, kind)
        if key not in self._made:
            source = _sources().get((group, kind))
            known = source is not None and version in source["versions"]
            self._made[key] = self._definition(key, source) if source is not None and known else None
        return self._made[key]

    def _definition(self, key: tuple[str, str, str], source: Mapping[str, Any]) -> Definition:
        shared = _file(_SHARED)
        notation = Notation(
            defs={**shared["defs"], **source.get("defs", {})},
            fragments={**shared["fragments"], **source.get("fragments", {})},
            target=self._target,
        )
        group, version, kind = key
        parts = {
            "spec": notation.expand(source["spec"]),
            "status": notation.expand(source.get("status", "open")),
        }
        required = [] if source.get("optionalSpec") else ["spec"]
        schema = {"type": "object", "properties": _META | parts, "required": required}
        return Definition(
            group=group,
            version=version,
            kind=kind,
            namespaced=True,
            has_status=not source.get("noStatus"),
            schema=node(schema, root=True),
        )


@cache
def catalog(target: CrdTarget) -> Catalog:
    """Return the catalogue for a target; all plans for it share one."""
    return Catalog(target)


@cache
def _file(name: str) -> Any:
    return json.loads((SCHEMAS / "apiserver" / f"{name}.json").read_text(encoding="utf-8"))


@cache
def _sources() -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """Return every schema by group and kind."""
    names = sorted(path.stem for path in (SCHEMAS / "apiserver").glob("*.json") if path.stem != _SHARED)
    rows = [row for name in names for row in _rows(_file(name))]
    return {
        (group, kind): row for row in rows for group in row["group"].split() for kind in row["kind"].split()
    }


def _rows(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [content]
