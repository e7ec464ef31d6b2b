"""The `gates` of a plan: thresholds and queries, with names of the plan in place of placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping

from generator.model.codes import finding
from generator.model.durations import seconds
from generator.model.findings import Related, Reporting
from generator.model.gates import MetricGate, Question, Subject
from generator.model.manifests import dig
from generator.model.source import Place, Ref
from generator.plan.fields import Fields
from generator.plan.steps import EACH

_PLACEHOLDER = re.compile(r"\{([A-Za-z]+)\}")


def fill(promql: Ref, names: Mapping[str, str]) -> Reporting[str]:
    """Put the plan's names in the place of `{blue}` and the like; an unknown one is a finding."""
    unknown = sorted(set(_PLACEHOLDER.findall(promql.value)) - set(names))
    for name in unknown:
        known = ", ".join(f"`{{{name}}}`" for name in names)
        yield finding(
            "RP110",
            f"`{{{name}}}` is not a placeholder of this plan",
            promql.place,
            f"use one of {known}",
        )
    return _PLACEHOLDER.sub(lambda match: names.get(match[1], match[0]), promql.value)


_PLACEHOLDERS = {
    "namespace": ("metadata", "namespace"),
    "pool": ("spec", "pool"),
    "blue": ("spec", "blue", "pool"),
    "green": ("spec", "green", "pool"),
    "alias": ("spec", "strategy", "alias"),
    "stable": ("spec", "strategy", "stable"),
    "candidate": ("spec", "strategy", "candidate"),
}
"""What a query may call by name → where the plan says it."""


def _candidates(spec: Fields) -> dict[str, str]:
    """Return what `{candidate}` stands for, by candidate, in a plan that lists several: pools or adapters."""
    pools = {item.text("name"): item.text("pool") for item in spec.items("candidates")}
    adapters = spec.child("strategy").refs("candidates")
    return pools | {adapter.value: adapter.value for adapter in adapters}


def _names(root: Fields) -> dict[str, str]:
    """Return what queries may call by name; `{candidate}` of a plan with several waits for its step."""
    names = {name: dig(root.data, *path) for name, path in _PLACEHOLDERS.items()}
    each = {"candidate": EACH} if _candidates(root.child("spec")) else {}
    return {name: str(value) for name, value in names.items() if value is not None} | each


def _gates(spec: Fields, names: dict[str, str]) -> Reporting[dict[str, MetricGate]]:
    gates: dict[str, MetricGate] = {}
    places: dict[str, Place] = {}
    for fields in spec.items("gates"):
        name, place = fields.text("name"), fields.ref("name").place
        if name in gates:
            yield finding(
                "RP109",
                f"two gates are called `{name}`",
                place,
                "give each gate a name of its own",
                Related(place=places[name], label="the first one"),
            )
        bound = "max" if fields.has("max") else "min"
        places.setdefault(name, place)
        gates[name] = MetricGate(
            name=name,
            promql=(yield from fill(fields.ref("promql"), names)) if fields.has("promql") else "",
            bound=bound,
            threshold=float(fields.get(bound)),
            question=_question(fields) if fields.has("metric") else None,
            subject=Subject(
                pool=names.get("green", names.get("pool", names.get("candidate", ""))),
                alias=names.get("alias", ""),
                target=names.get("candidate", ""),
            ),
            sample=int(fields.get("minRequests", 0)),
        )
    return gates


def _question(fields: Fields) -> Question:
    return Question(
        metric=fields.text("metric"),
        percentile=float(fields.get("percentile", 95)),
        window=seconds(fields.text("window", "5m")),
        place=fields.ref("metric").place,
    )
