"""Validate objects of built-in kinds: structure, values, and rules between fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from generator.apiserver.builtin import words
from generator.apiserver.builtin.classes import GROUPS, model_of, served
from generator.apiserver.builtin.fields import demands
from generator.apiserver.builtin.metadata import metadata
from generator.apiserver.builtin.rules import IMPLIED, RULES
from generator.apiserver.builtin.structure import walk
from generator.apiserver.violations import Violation
from generator.model.source import Path

_TEMPLATE = "core_v1.PodTemplateSpec"


def is_builtin(group: str) -> bool:
    """Return whether a server has the kinds of a group without definitions of custom resources."""
    return group in GROUPS


def check(data: Mapping[str, Any]) -> tuple[Violation, ...]:
    """Return what a server would refuse in an object of a built-in kind."""
    group, _, version = str(data["apiVersion"]).rpartition("/")
    kind = str(data["kind"])
    class_ = model_of(group, version, kind)
    if class_ is None:
        return (words.unserved(kind, str(data["apiVersion"]), served(kind)),)
    found = _in(class_, data, ())
    if not _has_wrong_types(found):
        found = (*metadata(kind, data), *found)
    return tuple(map(_silent, found)) if kind == "Secret" else found


def check_template(template: Any, path: Path) -> tuple[Violation, ...]:
    """Return what a server would refuse in the pods of a template at `path` of a custom resource."""
    return _in(_TEMPLATE, template, path)


def _in(class_: str, value: Any, path: Path) -> tuple[Violation, ...]:
    found = walk(class_, value, path)
    if _has_wrong_types(found.violations):
        return tuple(found.violations)
    return (*found.violations, *_rules(found.objects))


def _has_wrong_types(found: Iterable[Violation]) -> bool:
    """Return whether rules must not look: they read values as what they should be."""
    return any(violation.kind == words.TYPE for violation in found)


def _rules(objects: list[tuple[str, Mapping[str, Any], Path]]) -> Iterator[Violation]:
    for class_, value, path in objects:
        for field, implied in IMPLIED.get(class_, {}).items():
            if value.get(field) is None:
                yield from _rules([(implied, {}, (*path, field))])
        yield from demands(class_, value, path)
        rule = RULES.get(class_)
        if rule:
            yield from rule(value, path)


def _silent(violation: Violation) -> Violation:
    """Return a violation without the value that it quotes: a Secret's text is shown nowhere."""
    message = violation.message.partition(":")[0]
    return replace(violation, message=message, hint="see `kubectl explain secret`")
