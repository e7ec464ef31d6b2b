"""The API server's verdict, offline: every distinct object of a rollout, checked once.

A kind has its checker in a table by group and kind: built-in kinds in `CHECKERS`, custom resources by
their schemas. A kind without either is accepted: what it may hold is its own cluster's secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from generator.codes import CODES
from generator.diagnostics import Findings
from generator.manifests import Manifest
from generator.model import Bundles, Rollout
from generator.violations import Checker, Violation

Schemas = Callable[[str, str, str], Checker | None]
"""Gives the checker of a custom resource by group, version and kind; None where no schema is known."""

CHECKERS: Mapping[tuple[str, str], Checker] = {}
"""Checkers of built-in kinds, by group and kind; the core group is ''."""

ROWS: Mapping[str, str] = {}
"""Kind of a violation → the code of its finding."""


def verify(rollout: Rollout, bundles: Bundles, schemas: Schemas, found: Findings) -> None:
    """Add a finding for whatever an API server would refuse in the objects of a rollout and its bundles."""
    for item in _distinct(rollout, bundles):
        for violation in _violations(item, schemas):
            _report(item, violation, found)


def _distinct(rollout: Rollout, bundles: Bundles) -> Iterator[Manifest]:
    """Give each object once, by its content: first as it was read, then as stages change it."""
    seen: set[int] = set()
    given = (item for bundle in bundles.values() for item in bundle)
    staged = (item for stage in rollout.stages for item in stage.objects)
    for source in (given, staged, iter(rollout.rollback.objects)):
        for item in source:
            if id(item.data) not in seen:
                seen.add(id(item.data))
                yield item


def _violations(item: Manifest, schemas: Schemas) -> Iterator[Violation]:
    group, _, version = str(item.data["apiVersion"]).rpartition("/")
    checker = CHECKERS.get((group, item.kind)) or schemas(group, version, item.kind)
    if checker:
        yield from checker(item.data)


def _report(item: Manifest, violation: Violation, found: Findings) -> None:
    message = f"{item.identity}, `{violation.field}`: {violation.message}"
    found.add(CODES[ROWS[violation.kind]], message, item.origin.at(*violation.path), violation.hint)
