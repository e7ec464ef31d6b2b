"""Hypothesis strategies for plans that must compile: the users' routes and rewrites in all their variety."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st

from generator.load import load_manifests
from generator.model.findings import value_of
from generator.model.rollout import Rollout
from generator.model.source import Source
from tests.oracles.cluster.definitions import PERMISSIVE, permissive
from tests.support.small_plans import (
    BLUE,
    GREEN,
    Object,
    blue_green,
    candidates,
    lora,
    rewrite,
    rollout,
    route,
    thing,
    to_pool,
    to_service,
    version,
    versions,
)

BRIEF = settings(deadline=None, report_multiple_bugs=False, phases=set(Phase) - {Phase.explain})
"""Hypothesis tells of one failure, and not why no smaller one exists: a rollout takes a while."""

NEWER = value_of(
    load_manifests(
        Source(name="crds", text="\n---\n".join(json.dumps(permissive(*row)) for row in PERMISSIVE))
    )
)
"""The definitions of a cluster whose kinds have fields that nobody knows yet: they are kept as they are."""

THIRD = "third-pool"


@dataclass(frozen=True)
class Case:
    """A plan, what it reads, and what its stages must do.

    `steps` are the candidates' shares of the whole, and `betas` their headers, by pool or adapter.
    """

    plan: Object
    files: dict[str, list[Object]]
    steps: tuple[dict[str, Fraction], ...]
    betas: dict[str, Object] = field(default_factory=dict)
    together: bool = False

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show what differs from case to case."""
        last = json.dumps([*self.files.values()][-1])
        steps = [{name: float(share) for name, share in step.items()} for step in self.steps]
        printer.text(f"Case(steps={steps}, betas={self.betas}, together={self.together}, {last})")

    @property
    def winner(self) -> str:
        """The pool or adapter that has all in the end."""
        return next(name for name, share in self.steps[-1].items() if share == 1)

    def rollout(self) -> Rollout:
        """Take the plan down the whole road."""
        with TemporaryDirectory() as folder:
            return rollout(Path(folder), self.plan, dict(self.files), NEWER)


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
def shares(draw: st.DrawFn, names: tuple[str, ...]) -> tuple[dict[str, int], ...]:
    """Shares of candidates in thousandths of a percent, of one grain; one has all in the end.

    What they have together never falls, and how they divide it is anybody's guess.
    """
    grain = draw(st.sampled_from([1, 10, 100, 1000]))
    steps = []
    for total in sorted(draw(st.lists(st.integers(1, 100_000 // grain), max_size=4))):
        cuts = draw(st.lists(st.integers(0, total), min_size=len(names) - 1, max_size=len(names) - 1))
        bounds = (0, *sorted(cuts), total)
        parts = [(upper - lower) * grain for lower, upper in pairwise(bounds)]
        steps.append({name: part for name, part in zip(names, parts, strict=True) if part})
    steps.append({draw(st.sampled_from(names)): 100_000})
    return tuple(step for before, step in pairwise(({}, *steps)) if step != before)


def said_steps(steps: tuple[dict[str, int], ...], names: dict[str, str]) -> list[Object]:
    """Steps as a plan with several candidates says them, by the name that each pool or adapter has there."""
    weighted = [{"weights": {names[key]: part / 1000 for key, part in step.items()}} for step in steps]
    return [*weighted[:-1], {"promote": next(iter(weighted[-1]["weights"]))}]


def fractions(steps: tuple[dict[str, int], ...]) -> tuple[dict[str, Fraction], ...]:
    return tuple({name: Fraction(part, 100_000) for name, part in step.items()} for step in steps)


TEXT = st.sampled_from(["a", "b", "yes", "1e3", "", "größer", "a: b", "x\ny"])
FOREIGN = st.recursive(
    TEXT | st.booleans() | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from(["a", "b.c/d", "on"])
LABELS = st.dictionaries(KEYS, st.sampled_from(["a", "b", "yes", "1e3", ""]), max_size=2)
MARKS = st.dictionaries(KEYS, TEXT, max_size=2)


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
    item["metadata"] |= draw(_fields(labels=LABELS, annotations=MARKS))
    return item


NAMES = ("a", "b", "c")


@st.composite
def blue_greens(draw: st.DrawFn) -> Case:
    """A blue-green plan: one green or some candidates, some routes, beta headers, shared objects."""
    count, together = draw(st.integers(0, 3)), draw(st.booleans())
    names = {f"{name}-pool": name for name in NAMES[:count]} or {GREEN: "green"}
    found = draw(shares(tuple(names)))
    chosen = [pool for pool in names if draw(st.booleans())]
    betas = {pool: {"name": "x-rollout", "value": names[pool]} for pool in chosen}
    headers = [{"candidate": names[pool]} | header for pool, header in betas.items()]
    steps = said_steps(found, names)
    beta: Object = {"headers": headers}
    spec: Object = {"candidates": candidates(*names.values())}
    if not count:
        steps = [{"weight": step[GREEN] / 1000} for step in found]
        beta, spec = {"header": betas.get(GREEN)}, {}
    second = draw(st.lists(routes("second-route", blue=draw(st.booleans())), max_size=1))
    for item in second:  # where routes compete, one that is applied before the other may take its requests
        item["spec"]["hostnames"] = ["second.example.com"]
    third = thing("inference.networking.k8s.io/v1", "InferencePool", THIRD, spec={"foreign": draw(FOREIGN)})
    files = {
        **versions("blue", *names.values()),
        "shared/third.yaml": [third],
        "routes/all.yaml": [draw(routes("llm-route", blue=True)), *second],
    }
    plan = blue_green(
        *([{"beta": beta}] if betas else []),
        *steps,
        shared={"manifests": ["shared"]},
        strategy={"routesShift": "together"} if together else {},
        **spec,
    )
    return Case(plan=plan, files=files, steps=fractions(found), betas=betas, together=together)


@st.composite
def loras(draw: st.DrawFn) -> Case:
    """A LoRA plan whose alias has a rewrite already, among rules of others, or not yet."""
    names = ("v2", "v3", "v4")[: draw(st.integers(1, 3))]
    found = draw(shares(names))
    others = [{"matches": [{"model": {"value": "other"}}], "targets": [{"modelRewrite": "a", "weight": 2}]}]
    target = draw(st.sampled_from([{"modelRewrite": "v1"}, {"modelRewrite": "v1", "weight": 7}]))
    own = {"matches": [{"model": {"value": "alias"}}], "targets": [target], "foreign": draw(FOREIGN)}
    more = [others[0] | {"matches": [{"model": {"value": "third"}}]}]  # a name has one rule in a pool
    there = draw(st.sampled_from([[], [own], [own, *more], [*more, own]]))
    item = rewrite(*there)
    item["metadata"] |= draw(_fields(labels=LABELS))
    if draw(st.booleans()) and len(names) == 1:
        plan = lora(*({"weight": step["v2"] / 1000} for step in found))
    else:
        steps = said_steps(found, {name: name for name in names})
        plan = lora(*steps, strategy={"candidates": list(names)})
        del plan["spec"]["strategy"]["candidate"]
    files = {"serving/all.yaml": version(BLUE), "serving/rewrites.yaml": [rewrite(*others, name="others")]}
    files["serving/rewrites.yaml"] += [item] if there else []
    return Case(plan=plan, files=files, steps=fractions(found))
