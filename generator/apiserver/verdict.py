"""Validate every distinct object of a rollout as an API server would, offline.

Built-in kinds and the pods of all workloads are judged by `builtins`, custom resources by their schemas. A
kind without a schema is accepted: what it may hold is its own cluster's secret.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from generator.apiserver import builtin
from generator.apiserver.builtin import words
from generator.apiserver.violations import Checker, Violation
from generator.kubernetes.pods import WORKLOADS, pod_templates
from generator.model.codes import finding
from generator.model.findings import Finding, Related, Reporting, each
from generator.model.manifests import Identity, Manifest, dig
from generator.model.plan import Bundles
from generator.model.rollout import Rollout
from generator.model.source import Path, Place

Schemas = Callable[[str, str, str], Reporting[Checker | None]]
"""Gives the checker of a custom resource by group, version and kind; None where no schema is known."""

ROWS: Mapping[str, tuple[str, str]] = {
    "unknown": ("RP401", "remove it: this version of the API does not have the field"),
    "required": ("RP402", "add the field"),
    "type": ("RP403", "write a value of the type that the API wants"),
    "invalid": ("RP404", "correct the value"),
    "combination": ("RP404", "correct the value"),
    "forbidden": ("RP404", "remove the field"),
    "unsupported": ("RP405", "choose one of the values that the API knows"),
    "long": ("RP406", "shorten it"),
    "many": ("RP406", "remove some of them"),
    "duplicate": ("RP407", "keep one of the two"),
    "rule": ("RP408", "change the object so that the rule holds"),
    "name": ("RP409", "correct the name, label or annotation"),
    "version": ("RP411", "use a version that the cluster serves"),
}
"""Kind of a violation → the code of its finding, and how to fix it where the violation does not say."""

_NO_VALUE: Mapping[str, tuple[str, ...]] = defaultdict(tuple, rule=("Invalid value: ",))
"""Kind of a violation → words of the server that say nothing in a finding."""

_UNREADABLE = frozenset({words.TYPE, "required"})
"""Kinds of violations after which nobody can rely on an object's shape."""

_LENGTH = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Finds whatever an API server would refuse in the objects of a plan.

    It asks about each object once, by its content; what was said of an object as read is not repeated.
    """

    schemas: Schemas
    plan: Place
    identical: set[int] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)
    reported: set[tuple[Identity, str, str]] = field(default_factory=set)

    def on_bundles(self, bundles: Bundles) -> Reporting[bool]:
        """Check the objects as the user wrote them, and say whether the others may look into them.

        They take a number for a number and a list for a list, and what the API requires for granted.
        """
        readable = yield from each(self._given, (item for bundle in bundles.values() for item in bundle))
        return all(readable)

    def on_rollout(self, rollout: Rollout) -> Reporting[None]:
        """Check the objects of every stage and of the rollback."""
        for objects in (*(stage.objects for stage in rollout.stages), rollout.rollback.objects):
            for item in objects:
                yield from self._made(item)

    def _given(self, item: Manifest) -> Reporting[bool]:
        violations = yield from self._new(item)
        for violation in violations:
            yield _finding(item, violation, _place(item, violation))
        return not any(violation.kind in _UNREADABLE for violation in violations)

    def _made(self, item: Manifest) -> Reporting[None]:
        """Check an object of a stage: what rollplan changed in it is told at the plan."""
        for violation in (yield from self._new(item)):
            if _is_as_written(item, violation.path):
                yield _finding(item, violation, _place(item, violation))
            else:
                related = Related(place=item.origin.at(), label="the object that it is made of")
                yield _finding(item, violation, self.plan, related)

    def _new(self, item: Manifest) -> Reporting[list[Violation]]:
        if id(item.data) in self.identical:
            return []
        self.identical.add(id(item.data))
        checker = yield from self._checker(item)
        if checker is None or self._is_known(item):
            return []
        violations, new = list(checker(item.data)), []
        for violation in violations:
            reported = (item.identity, violation.kind, _bare(violation.path))
            if not _is_reported_below(violation, violations) and reported not in self.reported:
                new.append(violation)
        self.reported.update((item.identity, one.kind, _bare(one.path)) for one in violations)
        return new

    def _is_known(self, item: Manifest) -> bool:
        """Return whether an object with the same content was judged before; remember this one."""
        content = json.dumps(item.data, default=str)
        known = content in self.contents
        self.contents.add(content)
        return known

    def _checker(self, item: Manifest) -> Reporting[Checker | None]:
        group, _, version = str(item.data["apiVersion"]).rpartition("/")
        if builtin.is_builtin(group):
            return builtin.check
        own = yield from self.schemas(group, version, item.kind)
        return partial(_with_pods, item, own) if item.kind in WORKLOADS else own


def _finding(item: Manifest, violation: Violation, place: Place, *related: Related) -> Finding:
    code, hint = ROWS[violation.kind]
    reported = violation.message
    for repeated in (f"{violation.field} in body ", f' "{violation.field}"', *_NO_VALUE[violation.kind]):
        reported = reported.replace(repeated, "", 1)
    reported = reported if len(reported) <= _LENGTH else f"{reported[:_LENGTH]}…"
    message = f"`{violation.field}` of {item.kind} `{item.name}`: {reported[:1].lower()}{reported[1:]}"
    return finding(code, message, place, violation.hint or hint, *related, about=item)


def _with_pods(item: Manifest, own: Checker | None, data: Mapping[str, Any]) -> Iterator[Violation]:
    """Check a custom workload, and its pods as the server will when the controller makes them."""
    yield from own(data) if own else ()
    for path in pod_templates(item):
        yield from builtin.check_template(dig(data, *path), path)


def _place(item: Manifest, violation: Violation) -> Place:
    at = item.origin.at_key if violation.kind == "unknown" else item.origin.at
    return at(*violation.path, *violation.inside)


def _is_as_written(item: Manifest, path: Path) -> bool:
    """Return whether the value at a path is the user's own, at the same path of the user's manifest."""
    written = dig(item.origin.document.data, *item.origin.path, *path)
    return written is not None and bool(written == dig(item.data, *path))


def _bare(path: Path) -> str:
    """Return a path without its indexes: rules move when rollplan adds one before them."""
    return ".".join(step for step in path if isinstance(step, str))


def _is_reported_below(violation: Violation, others: list[Violation]) -> bool:
    """Return whether a failed combination has its reason among the other violations."""
    path = violation.path
    return violation.kind == "combination" and any(
        other.kind != "combination" and other.path[: len(path)] == path for other in others
    )
