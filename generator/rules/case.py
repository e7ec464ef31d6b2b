"""Values that all rules share: the case that they check, and what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from generator.kubernetes.pods import WORKLOADS
from generator.kubernetes.router import MODEL
from generator.model.findings import Code, Finding, Named, Related, code, finding_of
from generator.model.manifests import Identity, Manifest
from generator.model.plan import Plan
from generator.model.rollout import Rollout
from generator.model.source import Place

COMMON = frozenset({"shared", "routes"})
"""Bundles that belong to no version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A rollout as one rule looks at it; `code` is that of the rule.

    `today` is what runs before it; `objects` has every object once, as the rollout first has it, `states`
    each as often as the rollout changes it; `last` is what is left at the end; `versions` are the objects by
    version, without what is common to them.
    """

    code: Code
    plan: Plan
    rollout: Rollout
    today: tuple[Manifest, ...]
    objects: tuple[Manifest, ...]
    states: tuple[Manifest, ...]
    last: tuple[Manifest, ...]
    versions: Mapping[str, tuple[Manifest, ...]]

    @property
    def servers(self) -> tuple[Manifest, ...]:
        """Return the model servers, in every state that the rollout gives them."""
        return model_servers(self.states)

    def finding(
        self, message: str, place: Place, hint: str, *related: Related, about: Named | str
    ) -> Finding:
        """Return a finding of the rule, about an object or its `Kind/name`."""
        return finding_of(self.code, message, place, hint, *related, about=about)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A code, and the function that looks for what gets it."""

    code: Code
    check: Callable[[Case], Iterable[Finding]]


def rule(
    id_: str, severity: str, title: str, keeps: tuple[str, ...] = ()
) -> Callable[[Callable[[Case], Iterable[Finding]]], Rule]:
    """Make a rule of a check: `severity` is `warning`, `error`, or `error+` if a plan may accept it.

    `keeps` names the invariants of a rollout (`rollplan explain I1`) that the rule keeps.
    """
    return lambda check: Rule(code=code(id_, severity, title, keeps), check=check)


def case_of(rollout: Rollout, code: Code) -> Case:
    """Return a rollout as a rule looks at it."""
    objects: dict[Identity, Manifest] = {}
    states: dict[int, Manifest] = {}
    for stage in rollout.stages:
        for item in stage.objects:
            objects.setdefault(item.identity, item)
            states.setdefault(id(item.data), item)
    versions: dict[str, tuple[Manifest, ...]] = {}
    for item in objects.values():
        if item.bundle not in COMMON:
            versions[item.bundle] = (*versions.get(item.bundle, ()), item)
    return Case(
        code=code,
        plan=rollout.plan,
        rollout=rollout,
        today=rollout.stages[0].objects,
        objects=tuple(objects.values()),
        states=tuple(states.values()),
        last=rollout.stages[-1].objects,
        versions=versions,
    )


def model_servers(objects: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return the workloads that serve models."""
    return tuple(item for item in objects if item.part == MODEL and item.kind in WORKLOADS)


def related(item: Manifest, label: str, *path: str | int) -> Related:
    """Return a place in an object as the second place of a finding."""
    return Related(place=item.origin.at(*path), label=label)


def pools(objects: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return the InferencePools."""
    return tuple(item for item in objects if item.kind == "InferencePool")
