"""The rules: what a plan and its manifests would do wrong in production.

A family a file, a row each in the table below. What needs a cluster to know is a gate of the runbook;
`generator/rules/invariants.py` shows which is which.
"""

from __future__ import annotations

from generator.model.codes import CODES
from generator.model.findings import Diagnostic, Findings
from generator.model.rollout import Rollout
from generator.rules import aliases, existence, gateway, isolation, lora, traffic, updates, workload
from generator.rules.case import Finding, Rule, case_of

RULES = tuple(
    Rule(code=code, contract=tuple(lines.split()), check=check)
    for code, lines, check in (
        ("RP501", "I1", isolation.crossing_selectors),
        ("RP502", "I3", isolation.helm_owned),
        ("RP503", "I3", isolation.lost_needs),
        ("RP510", "I7", existence.dangling),
        ("RP511", "I13", existence.replaced),
        ("RP512", "§1.2", existence.picker_without_pool),
        ("RP513", "§1.1", existence.picker_of_another_pool),
        ("RP514", "I4 §5", existence.missing_policies),
        ("RP515", "I12", existence.router_restarts),
        ("RP520", "I8", traffic.weightless),
        ("RP522", "I9 I11", traffic.short_drain),
        ("RP523", "I14", traffic.blind_choice),
        ("RP525", "§5", gateway.cannot_split),
        ("RP526", "§5", gateway.splits_badly),
        ("RP527", "§5", gateway.unknown),
        ("RP528", "§5", gateway.timeouts),
        ("RP530", "I15", workload.aborted),
        ("RP531", "I15", workload.short_grace),
        ("RP532", "I15", workload.kept_signal),
        ("RP533", "I16", workload.short_deadline),
        ("RP534", "I17", workload.outage),
        ("RP535", "I17", workload.spare_replica),
        ("RP536", "I17", workload.owned_replicas),
        ("RP537", "I18", updates.other_model),
        ("RP538", "I18", updates.split_pair),
        ("RP540", "I20", workload.two_budgets),
        ("RP541", "I15", updates.lost_blocks),
        ("RP542", "I22", workload.small_start),
        ("RP545", "§1.2", aliases.some_weights),
        ("RP547", "§1.2", aliases.idle_rules),
        ("RP548", "§1.2", aliases.contested_names),
        ("RP549", "I22", lora.missing_flags),
        ("RP550", "I22", lora.lost_directory),
        ("RP551", "I24", lora.fed_at_start),
    )
)
"""Every rule that one rollout can break, with the invariants that it keeps."""


def check(rollout: Rollout, found: Findings) -> None:
    """Add what every rule finds in a rollout."""
    case = case_of(rollout)
    for rule in RULES:
        # What has one place and one fix is one finding: a copy's place is that of what it was copied from.
        first = {(finding.place, finding.hint): finding for finding in reversed([*rule.check(case)])}
        found.extend(_diagnostic(rule.code, finding) for finding in first.values())


def _diagnostic(code: str, finding: Finding) -> Diagnostic:
    about = finding.about
    return Diagnostic(
        code=CODES[code],
        message=finding.message,
        place=finding.place,
        hint=finding.hint,
        related=finding.related,
        object=f"{about.kind}/{about.name}" if about else "",
    )
