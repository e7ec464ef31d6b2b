"""Validate one custom resource, in the same order as an API server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generator.apiserver.custom import metadata
from generator.apiserver.custom.decoding import decoded
from generator.apiserver.custom.lists import check_embedded, check_lists
from generator.apiserver.custom.rules import check_rules
from generator.apiserver.custom.schema import SchemaNode
from generator.apiserver.custom.values import check
from generator.apiserver.violations import Violation

BLOCKING = frozenset({"required", "unsupported", "long", "many", "type"})
"""Kinds of violations after which the server does not ask the CEL rules at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """One version of a custom resource: its scope, its schema, whether its status is written apart."""

    group: str
    version: str
    kind: str
    namespaced: bool
    has_status: bool
    schema: SchemaNode

    def __call__(self, data: Mapping[str, Any]) -> list[Violation]:
        """Check an object that is created."""
        return self.judge(data)

    def judge(
        self, data: Mapping[str, Any], old: Mapping[str, Any] | None = None, *, status: bool = False
    ) -> list[Violation]:
        """Return what an API server holds against an object, or against putting it in place of `old`.

        With `status`, what is written is the status of `old` alone.
        """
        found: list[Violation] = []
        meta = data.get("metadata")
        found += metadata.decode({} if meta is None else meta, ("metadata",))
        unreadable = any(violation.kind == "type" for violation in found)
        value = decoded(dict(data), self.schema, (), found)
        if unreadable:
            return found
        value["metadata"] = meta = meta or {}
        before = None if old is None else decoded(dict(old), self.schema, (), [])
        value = self._written(value, before, status)
        against = list(metadata.check(meta, ("metadata",), namespaced=self.namespaced))
        check(value, self.schema, (), against)
        if self.schema.embeds:
            against += check_embedded(value, self.schema, ())
        if self.schema.keyed:
            against += check_lists(value, self.schema, ())
        if self.schema.deep and not any(violation.kind in BLOCKING for violation in against):
            against += check_rules(value, before, self.schema, ())
        return [*found, *dict.fromkeys(against)]

    def _written(self, value: dict[str, Any], before: dict[str, Any] | None, status: bool) -> dict[str, Any]:
        """Return what is stored: a status subresource is written apart from the rest."""
        if not self.has_status:
            return value
        if status and before is not None:
            return {**before, "status": value.get("status"), "metadata": value["metadata"]}
        kept = {key: item for key, item in value.items() if key != "status"}
        return kept if before is None or "status" not in before else {**kept, "status": before["status"]}
