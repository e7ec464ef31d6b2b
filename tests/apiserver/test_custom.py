"""The dialect of CustomResourceDefinitions, keyword by keyword, on a kind that has them all."""

from __future__ import annotations

from typing import Any

import pytest

from generator.apiserver import patterns
from generator.apiserver.custom.decoding import decoded
from generator.apiserver.custom.definitions import definitions_in
from generator.apiserver.custom.formats import FORMATS as KNOWN
from generator.apiserver.custom.judge import Definition
from generator.apiserver.custom.schema import node
from generator.apiserver.violations import Violation
from tests.apiserver.test_custom_server import crd
from tests.support.crd_tables import ACCEPTED, FORMATS, REFUSED, THING, thing
from tests.support.patience import bounded

(JUDGE,) = definitions_in(crd("things.test", THING))


def fields(violations: list[Violation]) -> set[tuple[str, str]]:
    return {(violation.field, violation.kind) for violation in violations}


@pytest.mark.parametrize("spec", ACCEPTED, ids=str)
def test_an_object_is_taken(spec: Any) -> None:
    assert JUDGE(thing(spec)) == []


@pytest.mark.parametrize(
    ("spec", "expected"), REFUSED, ids=lambda value: str(sorted(value) if isinstance(value, set) else value)
)
def test_an_object_is_refused_for_its_fields(spec: Any, expected: set[tuple[str, str]]) -> None:
    assert fields(JUDGE(thing(spec))) == expected


def test_every_format_of_the_server_is_known() -> None:
    assert {name.replace("-", "") for name in FORMATS if name != "nonsense"} <= set(KNOWN)


def test_judging_changes_nothing() -> None:
    data = thing({"given": {}, "maybe": None, "text": None, "map": [{"k": "a"}]})
    before = repr(data)
    JUDGE(data)
    assert repr(data) == before


def test_defaults_go_into_defaults() -> None:
    found: list[Violation] = []
    made = decoded({"spec": {}}, node(THING, root=True), (), found)
    assert (made["spec"], found) == ({"maybe": "x", "given": {"inner": "deep"}}, [])


def test_a_null_gives_way_to_a_default_and_stays_where_it_may() -> None:
    spec = {"given": None, "maybe": None, "text": None}
    made = decoded({"spec": spec}, node(THING, root=True), (), [])
    assert made["spec"] == {"given": {"inner": "deep"}, "maybe": None}


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, {("metadata.name", "required")}),
        (None, {("metadata.name", "required")}),
        ("a", {("metadata", "type")}),
        ({"name": 1}, {("metadata.name", "type")}),
        ({"generateName": "a-"}, set()),
        ({"generateName": "A_b-"}, {("metadata.generateName", "name")}),
        ({"name": "a.b-c"}, set()),
        ({"name": "a_b"}, {("metadata.name", "name")}),
        ({"name": "a" * 254}, {("metadata.name", "name")}),
        ({"name": "a\n"}, {("metadata.name", "name")}),
        ({"name": "a", "namespace": "a.b"}, {("metadata.namespace", "name")}),
        ({"name": "a", "labels": {"x.y/z": "", "a": "b" * 63}}, set()),
        ({"name": "a", "labels": {"a": "b" * 64}}, {("metadata.labels", "name")}),
        ({"name": "a", "labels": {"a/b/c": "d"}}, {("metadata.labels", "name")}),
        ({"name": "a", "labels": {"/b": "d"}}, {("metadata.labels", "name")}),
        ({"name": "a", "labels": {"a": 1}}, {("metadata.labels.a", "type")}),
        ({"name": "a", "labels": ["a"]}, {("metadata.labels", "type")}),
        ({"name": "a", "labels": None}, set()),
        ({"name": "a", "annotations": {"A/b": "any text: at all\n"}}, set()),
        ({"name": "a", "annotations": {"a b": ""}}, {("metadata.annotations", "name")}),
        ({"name": "a", "annotations": {"a": "x" * 262_144}}, {("metadata.annotations", "long")}),
        ({"name": "a", "finalizers": ["a b"]}, {("metadata.finalizers", "name")}),
        ({"name": "a", "creationTimestamp": None}, set()),
        (
            {"name": "a", "creationTimestamp": "2024-02-30T00:00:00Z"},
            {("metadata.creationTimestamp", "type")},
        ),
        ({"name": "a", "lables": {}}, {("metadata.lables", "unknown")}),
        ({"name": "a", "generation": -1}, {("metadata.generation", "name")}),
        ({"name": "a", "ownerReferences": [{"kind": "A"}]}, {("metadata.ownerReferences.name", "name")}),
    ],
)
def test_metadata_is_judged_for_every_kind(metadata: Any, expected: set[tuple[str, str]]) -> None:
    if isinstance(metadata, dict):
        metadata = {"namespace": "default"} | metadata
    found = fields(JUDGE(thing({}) | {"metadata": metadata})) - {("metadata.namespace", "required")}
    assert expected <= found
    assert bool(found) == bool(expected)


def test_a_kind_of_the_cluster_has_no_namespace() -> None:
    definition = crd("things.test", THING)
    definition["spec"]["scope"] = "Cluster"
    (judge,) = definitions_in(definition)
    assert fields(judge(thing({}))) == {("metadata.namespace", "forbidden")}


def with_rules(*rules: dict[str, Any]) -> Definition:
    spec = {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "x-kubernetes-validations": list(rules),
    }
    (judge,) = definitions_in(crd("things.test", {"type": "object", "properties": {"spec": spec}}))
    return judge


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"rule": "self.n > 1"}, "Invalid value: failed rule: self.n > 1"),
        ({"rule": "self.n > 1", "message": " too small "}, "Invalid value: too small"),
        ({"rule": "self.n > 1", "messageExpression": "'n is ' + string(self.n)"}, "Invalid value: n is 1"),
        ({"rule": "self.n > 1", "messageExpression": "self.m", "message": "m"}, "Invalid value: m"),
        ({"rule": "self.n > 1", "reason": "FieldValueForbidden", "message": "m"}, "Forbidden: m"),
        (
            {"rule": "self.m > 1", "message": "m"},
            'Invalid value: "object": no such key: m evaluating rule: m',
        ),
        ({"rule": "self.mood()", "message": "m"}, None),
        ({"rule": "oldSelf.n == self.n", "message": "m"}, None),
    ],
)
def test_a_broken_rule_says_its_message(rule: dict[str, str], message: str | None) -> None:
    found = with_rules(rule)(thing({"n": 1}))
    assert [violation.message for violation in found] == ([message] if message else [])


def test_a_rule_points_at_its_field() -> None:
    (violation,) = with_rules({"rule": "self.n > 1", "fieldPath": ".n"})(thing({"n": 1}))
    assert violation.field == "spec.n"


def test_a_rule_of_change_is_asked_when_something_changes() -> None:
    judge = with_rules({"rule": "self.n == oldSelf.n", "message": "cannot change"})
    old, new = thing({"n": 1}), thing({"n": 2})
    assert judge.judge(old, old) == []
    assert fields(judge.judge(new, old)) == {("spec", "rule")}


def test_items_are_told_apart_by_their_keys_only() -> None:
    """An item of a `map` list has an old one; an item of any other list has none."""
    item = {
        "type": "object",
        "properties": {"k": {"type": "string"}, "v": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": "self.v >= oldSelf.v", "message": "shrinks"}],
    }
    keyed = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    for kind, expected in ((keyed, {("spec.list[0]", "rule")}), ({}, set())):
        spec = {"type": "object", "properties": {"list": {"type": "array", "items": item} | kind}}
        (judge,) = definitions_in(crd("things.test", {"type": "object", "properties": {"spec": spec}}))
        old = thing({"list": [{"k": "a", "v": 1}, {"k": "b", "v": 2}]})
        new = thing({"list": [{"k": "b", "v": 1}, {"k": "c", "v": 0}]})
        assert fields(judge.judge(new, old)) == expected


HOSTILE = "^[!-~]+([\t ]?[!-~]+)*$"


@pytest.mark.parametrize("text", ["a" * 60 + " ", "a " * 5000 + "\n"])
def test_no_pattern_runs_away(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with bounded():
        assert not patterns.matches(HOSTILE, text)
        monkeypatch.setattr(patterns, "_compiled", patterns._rewritten)
        assert patterns._search(HOSTILE, text)  # not judged at all


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        ("c$", "abc\n", False),
        ("c\\z", "abc", True),
        ("^(?i)abc$", "ABC", True),
        ("(?i)^a", "bA", False),
        ("[$]$", "a$", True),
        ("\\$", "a$b", True),
        ("^\\d$", "٣", False),
        ("^\\w+$", "é", False),
        ("(?m)^b$", "a\nb\nc", True),
        ("^.$", "😀", True),
        ("(", "anything", True),
    ],
)
def test_both_engines_mean_the_same(
    pattern: str, text: str, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert patterns._search(pattern, text) is found
    monkeypatch.setattr(patterns, "_compiled", patterns._rewritten)
    assert patterns._search(pattern, text) is found
