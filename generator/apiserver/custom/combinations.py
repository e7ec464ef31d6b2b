"""`anyOf`, `oneOf`, `allOf` and `not`: which branches hold, and whose failures to show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from generator.apiserver.custom.schema import SchemaNode
from generator.apiserver.go_text import quote
from generator.apiserver.violations import Violation, field_of
from generator.model.source import Path

Violations = list[Violation]

Check = Callable[[Any, SchemaNode, Path, Violations], int]

_Outcome = tuple[int, Violations]


def combine(check: Check, value: Any, node: SchemaNode, path: Path, found: Violations) -> int:
    """Add the failures of the combinations of a schema; return how many checks of the shown branches held."""
    held = 0
    if node.any_of:
        held += _any(check, value, node.any_of, path, found)
    if node.one_of:
        held += _one(check, value, node.one_of, path, found)
    if node.all_of:
        held += _all(check, value, node.all_of, path, found)
    if node.negated and not _try(check, value, node.negated, path)[1]:
        _add(found, path, "must not validate the schema (not)")
    return held


def _try(check: Check, value: Any, branch: SchemaNode, path: Path) -> _Outcome:
    failures: Violations = []
    return check(value, branch, path, failures), failures


def _add(found: Violations, path: Path, reason: str) -> None:
    message = f'Invalid value: "": {quote(field_of(path))} {reason}'
    found.append(Violation(path=path, kind="combination", message=message))


def _best(outcomes: list[_Outcome]) -> _Outcome:
    """Return the first of those that hold most."""
    return max(outcomes, key=lambda outcome: outcome[0])


def _any(check: Check, value: Any, branches: tuple[SchemaNode, ...], path: Path, found: Violations) -> int:
    failed: list[_Outcome] = []
    for branch in branches:
        outcome = _try(check, value, branch, path)
        if not outcome[1]:
            return outcome[0]
        failed.append(outcome)
    _add(found, path, "must validate at least one schema (anyOf)")
    held, failures = _best(failed)
    found.extend(failures)
    return held


def _one(check: Check, value: Any, branches: tuple[SchemaNode, ...], path: Path, found: Violations) -> int:
    outcomes = [_try(check, value, branch, path) for branch in branches]
    valid = [outcome for outcome in outcomes if not outcome[1]]
    if len(valid) == 1:
        return valid[0][0]
    why = f"Found {len(valid)} valid alternatives" if valid else "Found none valid"
    _add(found, path, f"must validate one and only one schema (oneOf). {why}")
    if valid:
        return 0
    held, failures = _best(outcomes)
    found.extend(failures)
    return held


def _all(check: Check, value: Any, branches: tuple[SchemaNode, ...], path: Path, found: Violations) -> int:
    outcomes = [_try(check, value, branch, path) for branch in branches]
    for _, failures in outcomes:
        found.extend(failures)
    valid = sum(not failures for _, failures in outcomes)
    if valid < len(outcomes):
        _add(found, path, f"must validate all the schemas (allOf){'' if valid else '. None validated'}")
    return sum(held for held, _ in outcomes)
