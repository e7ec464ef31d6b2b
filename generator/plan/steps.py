"""The steps of a plan: shares of candidates that grow until one has all, with soak times and gates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from itertools import pairwise
from typing import Any

from generator.kubernetes.names import fit
from generator.model.codes import finding
from generator.model.findings import Related, Reporting, each
from generator.model.gates import MetricGate
from generator.model.plan import Step
from generator.model.source import Path, Place, Ref
from generator.model.weights import NONE, WHOLE, from_percent, full_percent
from generator.plan.fields import Fields

FINEST = Decimal("0.001")
EACH = "{candidate}"
"""What a query says for each of a plan's candidates: it becomes one gate for each that is watched."""

SLUG = 100
"""Characters of a stage's name that shares may take; what is longer ends in a hash."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GateTable:
    """The gates that a plan defines.

    `candidates` says what `{candidate}` stands for, by the name of each candidate.
    """

    gates: dict[str, MetricGate]
    candidates: Mapping[str, str]

    def pick(self, names: Iterable[Ref], watched: Iterable[str] = ()) -> Reporting[tuple[MetricGate, ...]]:
        """Return the gates of these names for the candidates that are watched; unknown names are findings."""
        picked: list[MetricGate] = []
        for name in names:
            if name.value in self.gates:
                picked += self._for(self.gates[name.value], watched)
                continue
            yield finding(
                "RP110",
                f"no gate is called `{name}`",
                name.place,
                _did_you_mean(name.value, self.gates) or "define it under `spec.gates`",
            )
        return tuple(picked)

    def _for(self, gate: MetricGate, watched: Iterable[str]) -> Iterable[MetricGate]:
        asked = gate.subject if gate.question or gate.sample else None
        if EACH not in f"{gate.promql} {asked}":
            return [gate]
        return [_of(gate, name, self.candidates[name]) for name in watched if name in self.candidates]


def _of(gate: MetricGate, name: str, called: str) -> MetricGate:
    """Return a gate for one candidate: its name says which, and what it asks is `called` so."""
    who = gate.subject
    return replace(
        gate,
        name=f"{gate.name}-{name}",
        promql=gate.promql.replace(EACH, called),
        subject=replace(who, pool=who.pool.replace(EACH, called), target=who.target.replace(EACH, called))
        if who
        else None,
    )


def only(names: tuple[str, ...], field: str, instead: str, place: Place) -> Reporting[str]:
    """Return the one candidate that a field without a name means; with several, the field is a finding."""
    if len(names) != 1:
        known = ", ".join(f"`{name}`" for name in names)
        yield finding(
            "RP321", f"`{field}` does not specify which of {known} it means", place, f"use `{instead}`"
        )
    return names[0]


def one_of(names: Iterable[str], name: Ref) -> Reporting[str]:
    """Return the candidate of this name; an unknown one is a finding."""
    known = tuple(names)
    if name.value not in known:
        yield finding(
            "RP110",
            f"no candidate is called `{name}`",
            name.place,
            _did_you_mean(name.value, known) or f"the candidates are {', '.join(known)}",
        )
    return name.value


def parse_steps(
    fields: Iterable[Fields], names: tuple[str, ...], gates: GateTable
) -> Reporting[tuple[Step, ...]]:
    """Read weighted steps: what all candidates have never falls, and at the end one of them has all."""
    items = tuple(fields)
    steps = yield from each(lambda item: _step(item, names, gates), items)
    for before, after in pairwise(steps):
        if after.share < min(before.share, WHOLE) or after.shares == before.shares:
            yield finding(
                "RP111",
                f"weight {full_percent(after.share)} follows weight {full_percent(before.share)}",
                after.place,
                "let weights grow from step to step; the way back is rendered for every stage",
                Related(place=before.place, label="the step before"),
            )
    if steps and not steps[-1].winner:
        end = "{weight: 100}" if items[-1].has("weight") else "{promote: CANDIDATE}"
        yield finding(
            "RP112",
            f"the last weight is {full_percent(max(steps[-1].shares.values()))}, not 100",
            steps[-1].place,
            f"end with `{end}`: only then can the old version drain and go",
        )
    return steps


def _step(fields: Fields, names: tuple[str, ...], gates: GateTable) -> Reporting[Step]:
    form = next(form for form in FORMS if fields.has(form))
    shares = yield from _shares(fields, form, names)
    place = fields.document.at((*fields.path, form))
    if sum(shares.values()) > WHOLE:
        yield finding(
            "RP322",
            f"the weights of a step are {full_percent(sum(shares.values(), NONE))} percent in total",
            place,
            "lower them to 100 percent in total; the rest stays with the old version",
        )
    named = "-".join(f"{name}-{full_percent(share)}" for name, share in shares.items())
    return Step(
        shares=shares,
        slug=_slug(full_percent(shares[names[0]]) if form == "weight" else named),
        soak=fields.text("soak"),
        gates=(yield from gates.pick(fields.refs("gates"), shares)),
        place=place,
    )


FORMS = ("weight", "weights", "promote")
"""How a step may say its shares: of the only candidate, of several, or all of one's."""


def _shares(fields: Fields, form: str, names: tuple[str, ...]) -> Reporting[dict[str, Fraction]]:
    """Return the share of each candidate that a step names, in the order of the plan's candidates."""
    given: dict[str, tuple[Any, Path]] = {}
    if form == "weight":
        place = fields.document.at((*fields.path, form))
        given[(yield from only(names, form, "weights", place))] = (fields.get(form), (form,))
    elif form == "promote":
        given[(yield from one_of(names, fields.ref(form)))] = (100, (form,))
    else:
        for name, value in fields.child(form).data.items():
            key = Ref(value=str(name), place=fields.document.at_key((*fields.path, form, name)))
            given[(yield from one_of(names, key))] = (value, (form, name))
    ordered = sorted(given, key=lambda name: names.index(name) if name in names else len(names))
    shares = {}
    for name in ordered:
        value, path = given[name]
        shares[name] = yield from _share(value, fields.document.at((*fields.path, *path)))
    return shares


def _share(value: Any, place: Place) -> Reporting[Fraction]:
    share = Decimal(str(value)).normalize()
    share = share.quantize(Decimal(1)) if share == share.to_integral_value() else share
    if share % FINEST:
        yield finding(
            "RP113",
            f"weight {share} is finer than {FINEST} percent",
            place,
            f"round it to {max(share.quantize(FINEST), FINEST).normalize():f}",
        )
    return from_percent(share)


def _slug(text: str) -> str:
    return fit(re.sub(r"[^a-z0-9]+", "-", text.lower()), SLUG)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean `{close[0]}`?" if close else ""
