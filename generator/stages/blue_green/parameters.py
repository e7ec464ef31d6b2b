"""The parameters of a blue-green plan: its versions, its steps, and how green is made."""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.gates import Gate
from generator.model.manifests import Origin
from generator.model.plan import Parameters, Step
from generator.model.source import Ref
from generator.plan.fields import Fields
from generator.plan.steps import FORMS, GateTable, one_of, only, parse_steps
from generator.stages.blue_green.objectives import Choice, parse_choice
from generator.stages.blue_green.overlap import Narrowing
from generator.stages.capacity import Capacity, parse_capacity
from generator.stages.green.changes import parse_changes, parse_patches
from generator.stages.green.derive import Derivation
from generator.stages.traffic.pins import Pin, parse_pins
from generator.stages.traffic.shift import BLUE, GREEN, Beta, Mirror


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRoute:
    """The HTTPRoute that rollplan makes when the plan has none."""

    name: str
    hostnames: tuple[str, ...]
    path_prefix: str
    request_timeout: str
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A version that may take over: what the plan calls it, its pool, and how it is made where it is."""

    name: str
    pool: Ref
    derivation: Derivation | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BlueGreen(Parameters):
    """The parameters of a blue-green rollout; `green` is a candidate of that name."""

    blue: Ref
    candidates: tuple[Candidate, ...]
    steps: tuple[Step, ...]
    betas: tuple[Beta, ...]
    beta_gate: Gate
    new_route: NewRoute | None
    mirror: Mirror | None
    narrow: Narrowing | None
    capacity: Capacity
    objective: Choice
    pins: tuple[Pin, ...]
    routes_shift: str
    drain: Ref | None

    @property
    def winner(self) -> str:
        """Return the candidate that the last step gives all requests."""
        return self.steps[-1].winner


def parse(spec: Fields, gates: GateTable) -> Reporting[BlueGreen]:
    """Read the parameters; beta comes before mirror, mirror before the weights, each at most once."""
    strategy, candidates = spec.child("strategy"), (yield from _candidates(spec))
    names = tuple(candidate.name for candidate in candidates)
    items = list(strategy.items("steps"))
    yield from _require_order(items)
    first = next((item for item in items if item.has("beta")), None)
    mirror = next((item for item in items if item.has("mirror")), None)
    betas = (yield from _betas(first, names)) if first else ()
    watched = tuple(beta.candidate for beta in betas)
    return BlueGreen(
        blue=spec.child("blue").ref("pool"),
        candidates=candidates,
        steps=(yield from _steps(items, names, gates)),
        betas=betas,
        beta_gate=(yield from _gate(first, watched, gates)) if first else Gate(),
        new_route=_new_route(spec) if spec.has("route") else None,
        mirror=(yield from _mirror(mirror, names, gates)) if mirror else None,
        narrow=_narrowing(strategy),
        capacity=(yield from parse_capacity(strategy.child("capacity"), names)),
        objective=parse_choice(strategy.child("objective")),
        pins=parse_pins(strategy),
        routes_shift=strategy.text("routesShift", ONE_BY_ONE),
        drain=strategy.ref("drain") if strategy.has("drain") else None,
    )


ONE_BY_ONE, TOGETHER = "one-by-one", "together"
"""How several routes are shifted: each in a stage of its own, or all in one, which is not atomic."""

_TAKEN = frozenset({BLUE, "routes", "shared"})
"""Names of bundles that no candidate can have."""


def _candidates(spec: Fields) -> Reporting[tuple[Candidate, ...]]:
    """Read `green` or `candidates`; each has a name of its own."""
    items = [(GREEN, spec.child("green"))] if spec.has("green") else []
    items += [(item.text("name"), item) for item in spec.items("candidates")]
    seen = set(_TAKEN)
    for name, item in items:
        if name in seen:
            yield finding(
                "RP109",
                f"the name `{name}` is already used",
                item.ref("name").place,
                "give each candidate a name of its own, other than blue, routes and shared",
            )
        seen.add(name)
    return tuple(
        Candidate(
            name=name,
            pool=item.ref("pool"),
            derivation=_derivation(spec, name, item) if item.has("from") else None,
        )
        for name, item in items
    )


_ORDER = (("beta",), ("mirror",), FORMS)


def _require_order(items: list[Fields]) -> Reporting[None]:
    ranks = [next(rank for rank, kinds in enumerate(_ORDER) if any(map(item.has, kinds))) for item in items]
    for before, after, item in zip(ranks, ranks[1:], items[1:], strict=False):
        if after < before or (after == before and _ORDER[after] != FORMS):
            kind = next(filter(item.has, _ORDER[after]))
            yield finding(
                "RP111",
                f"the {kind} step comes after another step",
                item.document.at_key((*item.path, kind)),
                "beta comes first, then mirror, each at most once, and then the weights",
            )


def _gate(step: Fields, watched: tuple[str, ...], gates: GateTable) -> Reporting[Gate]:
    return Gate(soak=step.text("soak"), metrics=(yield from gates.pick(step.refs("gates"), watched)))


def _mirror(step: Fields, names: tuple[str, ...], gates: GateTable) -> Reporting[Mirror]:
    percent = int(step.child("mirror").get("percent"))
    return Mirror(percent=percent, gate=(yield from _gate(step, names, gates)), place=step.place)


def _steps(items: list[Fields], names: tuple[str, ...], gates: GateTable) -> Reporting[tuple[Step, ...]]:
    weighted = [item for item in items if any(map(item.has, FORMS))]
    if not weighted:
        yield finding("RP112", "no step has a weight", items[0].place, "add steps up to `{weight: 100}`")
    return (yield from parse_steps(weighted, names, gates))


def _betas(step: Fields, names: tuple[str, ...]) -> Reporting[tuple[Beta, ...]]:
    """Read `header`, which is the only candidate's, or `headers`; two of them cannot be the same."""
    beta = step.child("beta")
    if beta.has("header"):
        header = beta.child("header")
        candidate = yield from only(names, "header", "headers", header.place)
        return (Beta(candidate=candidate, name=header.text("name"), value=header.text("value"), rule="beta"),)
    betas: dict[tuple[str, str], Beta] = {}
    for item in beta.items("headers"):
        name, value = item.text("name"), item.text("value")
        candidate = yield from one_of(names, item.ref("candidate"))
        if (name.lower(), value) in betas:
            yield finding(
                "RP305",
                f"two candidates use the header `{name}: {value}`",
                item.ref("value").place,
                "give each candidate a value of its own",
            )
        betas[name.lower(), value] = Beta(
            candidate=candidate, name=name, value=value, rule=f"beta-{candidate}"
        )
    return tuple(betas.values())


def _new_route(spec: Fields) -> NewRoute:
    fields = spec.child("route")
    return NewRoute(
        name=fields.text("name"),
        hostnames=tuple(ref.value for ref in fields.refs("hostnames")),
        path_prefix=fields.text("pathPrefix", "/"),
        request_timeout=fields.text("requestTimeout"),
        origin=Origin(document=fields.document, path=fields.path),
    )


def _narrowing(strategy: Fields) -> Narrowing | None:
    if not strategy.has("narrowBlue"):
        return None
    labels = strategy.child("narrowBlue")
    return Narrowing(labels=dict(labels.data), place=strategy.document.at_key(labels.path))


def _derivation(spec: Fields, name: str, item: Fields) -> Derivation:
    return Derivation(
        blue=spec.child("blue").ref("pool"),
        green=item.ref("pool"),
        version=name,
        changes=parse_changes(item),
        patches=parse_patches(item),
    )
