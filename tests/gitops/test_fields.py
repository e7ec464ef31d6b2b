"""Fields that differ: every one is found, items of lists are known by what they are, order is told apart."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.gitops.compare.fields import differences
from generator.gitops.compare.model import ADDED, CHANGED, REMOVED, REORDERED
from tests.support.patience import bounded

MIRROR = {ADDED: REMOVED, REMOVED: ADDED, CHANGED: CHANGED, REORDERED: REORDERED}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(["", "a", "b", "1", "--x=1", "--x=2", "__p"]),
)
NAMES = st.sampled_from(
    ["containers", "env", "args", "ports", "rules", "name", "value", "a.b/c", "weight", "__x"]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=25,
)


def same(one: Any, other: Any) -> bool:
    """Say whether two values of JSON are alike, whatever the order of keys."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def leaves(value: Any) -> Counter[str]:
    """Count the scalars in a value."""
    if isinstance(value, (dict, list)):
        inner = value.values() if isinstance(value, dict) else value
        return sum((leaves(child) for child in inner), Counter())
    return Counter([json.dumps(value)])


@given(VALUES)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert differences(value, json.loads(json.dumps(value))) == ()


@given(VALUES, VALUES)
def test_no_change_is_missed(one: Any, other: Any) -> None:
    found = differences(one, other)
    assert bool(found) == (not same(one, other))
    before = sum((leaves(item.before) for item in found), Counter())
    after = sum((leaves(item.after) for item in found), Counter())
    assert leaves(one) - leaves(other) <= before
    assert leaves(other) - leaves(one) <= after


def bare(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)


@given(VALUES, VALUES)
def test_the_way_back_says_the_opposite(one: Any, other: Any) -> None:
    """An item of a list without keys is named by its place, which is another one on each side."""
    there = [
        (bare(item.path), item.kind, json.dumps(item.before), json.dumps(item.after))
        for item in differences(one, other)
    ]
    back = [
        (bare(item.path), MIRROR[item.kind], json.dumps(item.after), json.dumps(item.before))
        for item in differences(other, one)
    ]
    assert sorted(there) == sorted(back)


@given(st.permutations(["a", "b", "c", "d"]))
def test_another_order_is_told_and_nothing_else(names: list[str]) -> None:
    one, other = (
        {"spec": {"containers": [{"name": name, "image": name} for name in order]}}
        for order in ("abcd", names)
    )
    found = differences(one, other)
    if names == list("abcd"):
        assert found == ()
    else:
        (change,) = found
        assert (change.path, change.kind) == ("spec.containers", REORDERED)
        assert (change.before, change.after) == (list("abcd"), names)


POOL = {"group": "inference.networking.k8s.io", "kind": "InferencePool"}


def refs(*weights: tuple[str, int], **more: Any) -> dict[str, Any]:
    found = [{**POOL, "name": name, "weight": weight, **more} for name, weight in weights]
    return {"rules": [{"backendRefs": found}]}


B = "rules[0].backendRefs"
CHANGES = [
    (
        refs(("blue", 95), ("green", 5)),
        refs(("green", 10), ("blue", 90)),
        {
            (B, REORDERED),
            (f"{B}[InferencePool blue].weight", CHANGED),
            (f"{B}[InferencePool green].weight", CHANGED),
        },
    ),
    (refs(("blue", 1)), refs(("blue", 1), ("green", 0)), {(f"{B}[InferencePool green]", ADDED)}),
    (refs(("b", 1), ("b", 2)), refs(("b", 1), ("b", 3)), {(f"{B}[InferencePool b #2].weight", CHANGED)}),
    (
        refs(("b", 1)),
        refs(("b", 1), port=1),
        {(f"{B}[InferencePool b]", REMOVED), (f"{B}[InferencePool b 1]", ADDED)},
    ),
    ({"args": ["--a", "--p=1"]}, {"args": ["--p=2", "--a"]}, {("args", REORDERED), ("args[--p]", CHANGED)}),
    ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A"}]}, {("env[A].value", REMOVED)}),
    ({"ports": [{"port": 80}]}, {"ports": [{"port": 80, "name": "a"}]}, {("ports[80].name", ADDED)}),
    ({"ports": [{"port": 80}]}, {"ports": [{"port": 81}]}, {("ports[80]", REMOVED), ("ports[81]", ADDED)}),
    (
        {"volumes": [{"name": "v", "a": {}}]},
        {"volumes": [{"name": "v", "a": 1}]},
        {("volumes[v].a", CHANGED)},
    ),
    ({"a": []}, {"a": {}}, {("a", CHANGED)}),
    ({"a": ["x"]}, {"a": {"x": "x"}}, {("a", CHANGED)}),
    ({"a": True, "b": 1}, {"a": 1, "b": 1.5}, {("a", CHANGED), ("b", CHANGED)}),
    ({"labels": {"a.b/c": "1"}}, {"labels": {"a.b/c": "2"}}, {('labels["a.b/c"]', CHANGED)}),
    ({"__private": 1}, {"__private": 2}, {("__private", CHANGED)}),
    ({"rules": [{"name": "r", "x": 1}]}, {"rules": [{"name": "r", "x": 2}]}, {("rules[r].x", CHANGED)}),
    ({"a": 1}, {"a": None}, {("a", CHANGED)}),
    ({}, {"a": None}, {("a", ADDED)}),
]


@pytest.mark.parametrize(("one", "other", "expected"), CHANGES)
def test_what_a_change_is_called(one: Any, other: Any, expected: set[tuple[str, str]]) -> None:
    assert {(item.path, item.kind) for item in differences(one, other)} == expected


def test_long_lists_and_texts_take_no_long_time() -> None:
    """Comparing each item with each other would take minutes."""
    one, other = (
        {"data": "\n".join(numbers), "args": numbers}
        for numbers in (
            [str(n * 7 % 1009) for n in range(20_000)],
            [str(n * 11 % 1013) for n in range(20_000)],
        )
    )
    with bounded():
        assert len(differences(one, other)) > 1
