"""The rules: what a plan and its manifests would do wrong in production.

A rule is a check with `@rule` in a file of this room, a page `templates/explain/CODE.md`, and a case
`tests/findings/CODE-WHAT`; each is found by its name. What needs a cluster to know is a gate of the runbook;
`invariants.py` shows which is which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules

from generator.model import codes
from generator.model.findings import Code, Finding
from generator.model.rollout import Rollout
from generator.rules.case import Rule, case_of


def _rules() -> Iterator[Rule]:
    """Return the rules in the files of this room."""
    for file in iter_modules(__path__):
        module = import_module(f"{__name__}.{file.name}")
        yield from (value for value in vars(module).values() if isinstance(value, Rule))


RULES = tuple(sorted(_rules(), key=lambda rule: rule.code.id))
"""Every rule that one rollout can break."""

CODES: Mapping[str, Code] = {
    code.id: code
    for code in sorted((*codes.CODES.values(), *(rule.code for rule in RULES)), key=lambda code: code.id)
}
"""Every code that a finding can carry, by ID: those of the rules, and all others."""


def check(rollout: Rollout) -> Iterator[Finding]:
    """Return what every rule finds in a rollout."""
    case = case_of(rollout, RULES[0].code)
    for rule in RULES:
        found = [*rule.check(replace(case, code=rule.code))]
        # What has one place and one fix is one finding: a copy's place is that of what it was copied from.
        first = {(finding.place, finding.hint): finding for finding in reversed(found)}
        yield from first.values()
