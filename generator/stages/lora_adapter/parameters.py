"""The parameters of a LoRA adapter plan: the alias, its adapters, and the steps."""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.manifests import Origin
from generator.model.plan import Parameters, Step
from generator.model.source import Ref
from generator.plan.fields import Fields
from generator.plan.steps import GateTable, parse_steps
from generator.stages.traffic.rewrites import CANDIDATE


@dataclass(frozen=True, kw_only=True, slots=True)
class Adapter:
    """A candidate: its name in the plan, what splits call it, and what sentences do."""

    ref: Ref
    version: str
    spoken: str

    @property
    def name(self) -> str:
        """Return the adapter's name."""
        return self.ref.value


@dataclass(frozen=True, kw_only=True, slots=True)
class LoraAdapter(Parameters):
    """The parameters of a LoRA adapter rollout."""

    pool: Ref
    alias: Ref
    stable: Ref
    candidates: tuple[Adapter, ...]
    rewrite: str
    directory: str
    steps: tuple[Step, ...]
    origin: Origin


def parse(spec: Fields, gates: GateTable) -> Reporting[LoraAdapter]:
    """Read the parameters; alias, stable and the candidates are different names."""
    fields = spec.child("strategy")
    candidates = _candidates(fields)
    names = [fields.ref("alias"), fields.ref("stable"), *(candidate.ref for candidate in candidates)]
    for index, name in enumerate(names):
        for earlier in names[:index]:
            if name.value == earlier.value:
                yield finding(
                    "RP312",
                    f"`{name}` is used twice among alias, stable and {_field_names(fields)}",
                    name.place,
                    "give the adapter versions names of their own; clients use only the alias",
                    Related(place=earlier.place, label="the same name"),
                )
    return LoraAdapter(
        pool=spec.ref("pool"),
        alias=names[0],
        stable=names[1],
        candidates=candidates,
        rewrite=fields.text("rewrite") or f"{_object_name(names[0].value)}-rewrite",
        directory=fields.text("adapterDirectory"),
        steps=(
            yield from parse_steps(
                fields.items("steps"), tuple(candidate.name for candidate in candidates), gates
            )
        ),
        origin=Origin(document=fields.document, path=fields.path),
    )


def _field_names(fields: Fields) -> str:
    return "candidate" if fields.has("candidate") else "candidates"


def _candidates(fields: Fields) -> tuple[Adapter, ...]:
    """Read `candidate`, the one that needs no name in sentences, or `candidates`."""
    if fields.has("candidate"):
        return (Adapter(ref=fields.ref("candidate"), version=CANDIDATE, spoken=f"the {CANDIDATE}"),)
    refs = fields.refs("candidates")
    return tuple(Adapter(ref=ref, version=ref.value, spoken=ref.value) for ref in refs)


def _object_name(model: str) -> str:
    """Return a model name in the characters that the name of an object may have."""
    return "".join(char if char.isalnum() or char in ".-" else "-" for char in model.lower())
