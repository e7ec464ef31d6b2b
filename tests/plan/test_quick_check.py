"""The quick yes or no says what jsonschema says, for plans and for what plans turn into by accident."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.load import load_plan, read_source
from generator.pipeline import Collector
from generator.plan.quick_check import accepts
from generator.plan.schema import PLAN, definition, load, strategies
from generator.plan.validate import _validator
from tests.support.paths import ROOT

PLANS = sorted(ROOT.glob("plans/*/plan.yaml"))
NAMES = [PLAN, *strategies()]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 200),
    st.floats(-1, 101),
    st.text(max_size=3),
    st.sampled_from(["a\n", "1h", "5%"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
)


def data(path: Any) -> Any:
    found = Collector()
    source = found.collect(read_source(path, path.name))
    assert source
    document = found.collect(load_plan(source))
    assert document
    return document.data


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path, *(inner for key, child in children for inner in paths(child, (*path, key)))]


def agree(plan: Any) -> None:
    for name in NAMES:
        part = plan if name == PLAN else plan.get("spec") if isinstance(plan, dict) else None
        assert accepts(load(name), part, definition) is _validator(name).is_valid(part), (name, part)


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.parent.name)
def test_both_accept_the_examples(path: Any) -> None:
    plan = data(path)
    agree(plan)
    assert accepts(load(PLAN), plan, definition)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLANS), st.data())
def test_both_say_the_same_of_a_plan_with_one_change(path: Any, draw: st.DataObject) -> None:
    plan = copy.deepcopy(data(path))
    *way, last = draw.draw(st.sampled_from([found for found in paths(plan) if found]))
    holder = plan
    for step in way:
        holder = holder[step]
    if draw.draw(st.booleans()):
        holder[last] = draw.draw(VALUES)
    elif isinstance(holder, dict):
        value = holder.pop(last)
        if draw.draw(st.booleans()):
            holder[draw.draw(st.text(max_size=6))] = value
    else:
        holder.append(copy.deepcopy(holder[last]))
    agree(plan)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_both_say_the_same_of_anything(value: Any) -> None:
    agree({"spec": value})
