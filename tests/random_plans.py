"""Hypothesis strategies for plans that must compile: the users' routes and rewrites in all their variety."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st

from generator.model import Rollout
from tests.small_plans import (
    BLUE,
    GREEN,
    Object,
    blue_green,
    lora,
    rewrite,
    rollout,
    route,
    thing,
    to_pool,
    to_service,
    version,
)

BRIEF = settings(deadline=None, report_multiple_bugs=False, phases=set(Phase) - {Phase.explain})
"""Hypothesis tells of one failure, and not why no smaller one exists: a rollout takes a while."""

BETA = {"name": "x-rollout", "value": "green"}
THIRD = "third-pool"


@dataclass(frozen=True)
class Case:
    """A plan, what it reads, and what its stages must do; `steps` are shares of the whole."""

    plan: Object
    files: dict[str, list[Object]]
    steps: tuple[Fraction, ...]
    beta: bool = False

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show what differs from case to case."""
        last = json.dumps([*self.files.values()][-1])
        printer.text(f"Case(steps={list(map(float, self.steps))}, beta={self.beta}, {last})")

    def rollout(self) -> Rollout:
        """Take the plan down the whole road."""
        with TemporaryDirectory() as folder:
            return rollout(Path(folder), self.plan, dict(self.files))


def said(value: Any) -> Any:
    """What an object says: a null and an empty list of matches say nothing."""
    if isinstance(value, dict):
        return {
            key: said(item)
            for key, item in value.items()
            if item is not None and (key, item) != ("matches", [])
        }
    return list(map(said, value)) if isinstance(value, list) else value


def _fields(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Object]:
    """Draw a mapping whose fields may each be absent, or null: the API server takes both."""
    return st.fixed_dictionaries({}, optional={key: value | st.none() for key, value in fields.items()})


@st.composite
def weights(draw: st.DrawFn) -> tuple[int, ...]:
    """Growing weights in thousandths of a percent, of one grain, that end at 100 percent."""
    grain = draw(st.sampled_from([1, 10, 100, 1000]))
    found = draw(st.sets(st.integers(1, 100_000 // grain - 1), max_size=4))
    return (*sorted(weight * grain for weight in found), 100_000)


TEXT = st.sampled_from(["a", "b", "yes", "1e3", "", "größer", "a: b", "x\ny"])
FOREIGN = st.recursive(
    TEXT | st.booleans() | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=4,
)
MARKS = st.dictionaries(st.sampled_from(["a", "b.c/d", "on"]), TEXT, max_size=2)


def named(*names: str) -> st.SearchStrategy[list[Object]]:
    """Conditions on some of these headers or query parameters, each at most once."""
    value = st.sampled_from(["1", "2"])
    types = _fields(type=st.just("Exact"))
    condition = st.builds(
        lambda name, value, type_: {"name": name, "value": value} | type_,
        st.sampled_from(names),
        value,
        types,
    )
    return st.lists(condition, unique_by=lambda found: found["name"], max_size=2)


MATCH = _fields(
    path=st.builds(
        lambda type_, value: type_ | {"value": value},
        _fields(type=st.sampled_from(["PathPrefix", "Exact"])),
        st.sampled_from(["/", "/v1", "/v1/chat"]),
    ),
    headers=named("x-a", "X-B", "x-c"),
    queryParams=named("a", "b"),
    method=st.sampled_from(["GET", "POST"]),
)
MODIFIER = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x-a"]}}
REF_FIELDS = _fields(weight=st.integers(0, 10), filters=st.just([MODIFIER]), foreign=FOREIGN)
NEIGHBOURS = st.builds(
    lambda ref, fields: ref | fields,
    st.sampled_from([to_service("cache"), to_service(BLUE), to_service("other"), to_pool(THIRD)]),
    REF_FIELDS,
)


@st.composite
def rules(draw: st.DrawFn, *, blue: bool) -> Object:
    """One rule: to blue, to others or to both, in any order; requests it takes are answered today."""
    refs = draw(st.lists(NEIGHBOURS, max_size=2))
    refs += [to_pool(BLUE) | draw(REF_FIELDS) for _ in range(draw(st.integers(1, 2)) if blue else 0)]
    refs = draw(st.permutations(refs))
    if refs and all(ref.get("weight") == 0 for ref in refs):
        refs[0] |= {"weight": 3}
    if blue and len(refs) == 1:
        refs[0]["weight"] = draw(st.integers(1, 1_000_000))
    fields = _fields(
        name=st.sampled_from(["beta-0", "beta-0-x", "chat", "beta-1"]),
        matches=st.lists(MATCH, max_size=3),
        filters=st.just([MODIFIER]),
        timeouts=st.sampled_from([{"request": "300s"}, {"request": "1m30s", "backendRequest": "10s"}]),
        foreign=FOREIGN,
    )
    return draw(fields) | ({"backendRefs": refs} if refs else {})


@st.composite
def routes(draw: st.DrawFn, name: str, *, blue: bool) -> Object:
    """One HTTPRoute with 1 to 4 rules; with `blue`, one of them at least sends to it."""
    to_blue = draw(st.lists(st.booleans(), min_size=1, max_size=4))
    to_blue[draw(st.integers(0, len(to_blue) - 1))] |= blue
    found = [draw(rules(blue=is_blue)) for is_blue in to_blue]
    taken: set[str] = set()
    for rule in found:
        if rule.get("name") in taken:
            del rule["name"]
        taken |= {rule["name"]} if rule.get("name") else set()
    spec = draw(_fields(hostnames=st.just(["*.example.com"]), foreign=FOREIGN))
    item = route(*found, name=name, **spec)
    item["metadata"] |= draw(_fields(labels=MARKS, annotations=MARKS))
    return item


@st.composite
def blue_greens(draw: st.DrawFn) -> Case:
    """A blue-green plan with one or two routes, with or without a beta step and shared objects."""
    found, beta = draw(weights()), draw(st.booleans())
    steps: list[Object] = [{"weight": weight / 1000} for weight in found]
    second = draw(st.lists(routes("second-route", blue=False), max_size=1))
    for item in second:  # where routes compete, one that is applied before the other may take its requests
        item["spec"]["hostnames"] = ["second.example.com"]
    third = thing("inference.networking.k8s.io/v1", "InferencePool", THIRD, spec={"foreign": draw(FOREIGN)})
    files = {
        "blue/all.yaml": version(BLUE),
        "green/all.yaml": version(GREEN),
        "shared/third.yaml": [third],
        "routes/all.yaml": [draw(routes("llm-route", blue=True)), *second],
    }
    plan = blue_green(
        *([{"beta": {"header": BETA}}] if beta else []), *steps, shared={"manifests": ["shared"]}
    )
    return Case(plan=plan, files=files, steps=tuple(Fraction(w, 100_000) for w in found), beta=beta)


@st.composite
def loras(draw: st.DrawFn) -> Case:
    """A LoRA plan whose alias has a rewrite already, among rules of others, or not yet."""
    found = draw(weights())
    others = [{"matches": [{"model": {"value": "other"}}], "targets": [{"modelRewrite": "a", "weight": 2}]}]
    target = draw(st.sampled_from([{"modelRewrite": "v1"}, {"modelRewrite": "v1", "weight": 7}]))
    own = {"matches": [{"model": {"value": "alias"}}], "targets": [target], "foreign": draw(FOREIGN)}
    there = draw(st.sampled_from([[], [own], [own, *others], [*others, own]]))
    item = rewrite(*there)
    item["metadata"] |= draw(_fields(labels=MARKS))
    plan = lora(*({"weight": weight / 1000} for weight in found))
    files = {"serving/all.yaml": version(BLUE), "serving/rewrites.yaml": [rewrite(*others, name="others")]}
    files["serving/rewrites.yaml"] += [item] if there else []
    return Case(plan=plan, files=files, steps=tuple(Fraction(w, 100_000) for w in found))
