"""The steps of a plan: weights that grow to 100, with their soak times and gates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from itertools import pairwise

from generator.codes import CODES
from generator.diagnostics import Findings, Related
from generator.fields import Fields
from generator.model import MetricGate, Ref, Step

FINEST = Decimal("0.001")


@dataclass(frozen=True, kw_only=True, slots=True)
class GateTable:
    """The gates that a plan defines, and where to say that a step names another."""

    gates: dict[str, MetricGate]
    found: Findings

    def pick(self, names: Iterable[Ref]) -> tuple[MetricGate, ...]:
        """Give the gates of these names; each unknown name is a finding."""
        picked = []
        for name in names:
            if name.value in self.gates:
                picked.append(self.gates[name.value])
                continue
            close = get_close_matches(name.value, self.gates, n=1)
            self.found.add(
                CODES["RP110"],
                f"no gate is called `{name}`",
                name.place,
                f"did you mean `{close[0]}`?" if close else "define it under `spec.gates`",
            )
        return tuple(picked)


def parse_steps(fields: Iterable[Fields], gates: GateTable, found: Findings) -> tuple[Step, ...]:
    """Read weighted steps; they must grow strictly, end at 100, and be no finer than 0.001."""
    steps = tuple(_step(item, gates, found) for item in fields)
    for before, after in pairwise(steps):
        if after.weight <= before.weight:
            found.add(
                CODES["RP111"],
                f"weight {after.weight} follows weight {before.weight}",
                after.place,
                "let weights grow from step to step; the way back is rendered for every stage",
                Related(place=before.place, label="the step before"),
            )
    if steps and steps[-1].weight != 100:
        found.add(
            CODES["RP112"],
            f"the last weight is {steps[-1].weight}, not 100",
            steps[-1].place,
            "end with `{weight: 100}`: only then can the old version drain and go",
        )
    return steps


def _step(fields: Fields, gates: GateTable, found: Findings) -> Step:
    weight = Decimal(str(fields.get("weight"))).normalize()
    weight = weight.quantize(Decimal(1)) if weight == weight.to_integral_value() else weight
    place = fields.document.at((*fields.path, "weight"))
    if weight % FINEST:
        found.add(
            CODES["RP113"],
            f"weight {weight} is finer than {FINEST} percent",
            place,
            f"round it to {max(weight.quantize(FINEST), FINEST).normalize():f}",
        )
    return Step(weight=weight, soak=fields.text("soak"), gates=gates.pick(fields.refs("gates")), place=place)
