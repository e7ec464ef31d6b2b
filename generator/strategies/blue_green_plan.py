"""What a plan says of a blue-green rollout: its versions, its steps, and how green comes to be."""

from __future__ import annotations

from dataclasses import dataclass

from generator.capacity import Capacity, parse_capacity
from generator.changes import parse_changes, parse_patches
from generator.codes import CODES
from generator.derive import Derivation
from generator.diagnostics import Findings
from generator.fields import Fields
from generator.manifests import Origin
from generator.model import Gate, Ref, Step
from generator.narrow import Narrowing
from generator.objectives import Choice, parse_choice
from generator.routes import Beta, Mirror
from generator.steps import GateTable, parse_steps


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRoute:
    """The HTTPRoute that rollplan makes when the plan brings none."""

    name: str
    hostnames: tuple[str, ...]
    path_prefix: str
    request_timeout: str
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class BlueGreen:
    """The parameters of a blue-green rollout."""

    blue: Ref
    green: Ref
    steps: tuple[Step, ...]
    beta: Beta | None
    beta_gate: Gate
    new_route: NewRoute | None
    mirror: Mirror | None
    narrow: Narrowing | None
    derivation: Derivation | None
    capacity: Capacity
    objective: Choice


def parse(spec: Fields, gates: GateTable, found: Findings) -> BlueGreen:
    """Read the parameters; beta comes before mirror, mirror before the weights, each at most once."""
    items = list(spec.child("strategy").items("steps"))
    _require_order(items, found)
    first = next((item for item in items if item.has("beta")), None)
    mirror = next((item for item in items if item.has("mirror")), None)
    return BlueGreen(
        blue=spec.child("blue").ref("pool"),
        green=spec.child("green").ref("pool"),
        steps=_steps(items, gates, found),
        beta=_beta(first) if first else None,
        beta_gate=Gate(soak=first.text("soak"), metrics=gates.pick(first.refs("gates"))) if first else Gate(),
        new_route=_new_route(spec) if spec.has("route") else None,
        mirror=_mirror(mirror, gates) if mirror else None,
        narrow=_narrowing(spec.child("strategy")),
        capacity=parse_capacity(spec.child("strategy").child("capacity")),
        objective=parse_choice(spec.child("strategy").child("objective")),
        derivation=_derivation(spec) if spec.child("green").has("from") else None,
    )


_ORDER = ("beta", "mirror", "weight")


def _require_order(items: list[Fields], found: Findings) -> None:
    ranks = [next(rank for rank, kind in enumerate(_ORDER) if item.has(kind)) for item in items]
    for before, after, item in zip(ranks, ranks[1:], items[1:], strict=False):
        if after < before or (after == before and _ORDER[after] != "weight"):
            found.add(
                CODES["RP111"],
                f"the {_ORDER[after]} step comes after another step",
                item.document.at_key((*item.path, _ORDER[after])),
                "beta comes first, then mirror, each at most once, and then the weights",
            )


def _mirror(step: Fields, gates: GateTable) -> Mirror:
    return Mirror(
        percent=int(step.child("mirror").get("percent")),
        gate=Gate(soak=step.text("soak"), metrics=gates.pick(step.refs("gates"))),
        place=step.place,
    )


def _steps(items: list[Fields], gates: GateTable, found: Findings) -> tuple[Step, ...]:
    weighted = [item for item in items if item.has("weight")]
    if not weighted:
        found.add(CODES["RP112"], "no step has a weight", items[0].place, "add steps up to `{weight: 100}`")
    return parse_steps(weighted, gates, found)


def _beta(step: Fields) -> Beta:
    header = step.child("beta").child("header")
    return Beta(name=header.text("name"), value=header.text("value"))


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


def _derivation(spec: Fields) -> Derivation:
    green = spec.child("green")
    return Derivation(
        blue=spec.child("blue").ref("pool"),
        green=green.ref("pool"),
        changes=parse_changes(green),
        patches=parse_patches(green),
    )
