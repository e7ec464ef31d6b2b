"""LoRA adapter rollout: an alias moves from one adapter to another on the same pods (contract §3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from generator import kubectl
from generator.adapters import Pods, pods_of
from generator.anatomy import servers_of, with_parts
from generator.codes import CODES
from generator.diagnostics import Findings, Related
from generator.fields import Fields
from generator.make import make
from generator.manifests import Manifest, Origin, find
from generator.metrics import adapter_drained
from generator.model import Bundles, Gate, Instruction, Plan, Ref, Rollback, Rollout, Stage, Step
from generator.requirements import require_pool
from generator.rewrites import baseline, rule_for, shifted, splits
from generator.steps import GateTable, parse_steps
from generator.strategies.strategy import Strategy
from generator.weights import WHOLE, scale

_AT_ONCE = "at once: the alias goes back to the stable adapter"


@dataclass(frozen=True, kw_only=True, slots=True)
class LoraAdapter:
    """The parameters of a LoRA adapter rollout."""

    pool: Ref
    alias: Ref
    stable: Ref
    candidate: Ref
    rewrite: str
    directory: str
    steps: tuple[Step, ...]
    origin: Origin


def parse(spec: Fields, gates: GateTable, found: Findings) -> LoraAdapter:
    """Read the parameters; alias, stable and candidate are three different names."""
    fields = spec.child("strategy")
    names = [fields.ref(name) for name in ("alias", "stable", "candidate")]
    for index, name in enumerate(names):
        for earlier in names[:index]:
            if name.value == earlier.value:
                found.add(
                    CODES["RP312"],
                    f"`{name}` stands twice among alias, stable and candidate",
                    name.place,
                    "give the adapter versions names of their own; clients ask for the alias alone",
                    Related(place=earlier.place, label="the same name"),
                )
    return LoraAdapter(
        pool=spec.ref("pool"),
        alias=names[0],
        stable=names[1],
        candidate=names[2],
        rewrite=fields.text("rewrite") or f"{_object_name(names[0].value)}-rewrite",
        directory=fields.text("adapterDirectory"),
        steps=parse_steps(fields.items("steps"), gates, found),
        origin=Origin(document=fields.document, path=fields.path),
    )


def _object_name(model: str) -> str:
    """Give a model name in the characters that the name of an object may have."""
    return "".join(char if char.isalnum() or char in ".-" else "-" for char in model.lower())


def plan_stages(plan: Plan, bundles: Bundles, found: Findings) -> Rollout:
    """Give the stages: baseline, preload, the weights, drain, unload."""
    parameters: LoraAdapter = plan.strategy
    shared = with_parts(bundles["shared"], parameters.pool.value)
    pool = require_pool(shared, parameters.pool, found)
    rewrite = next(find(shared, "InferenceModelRewrite", parameters.rewrite), None)
    _require_one_owner(shared, parameters, rewrite, found)
    found.stop_if_errors()
    rewrite = rewrite or _made_rewrite(plan, parameters)
    return _LoraStages(
        plan=plan,
        parameters=parameters,
        shared=tuple(item for item in shared if item.identity != rewrite.identity),
        pods=pods_of(cast(Manifest, pool), servers_of(shared, cast(Manifest, pool)), parameters.directory),
        rewrite=rewrite,
        rule=cast(int, rule_for(rewrite, parameters.alias.value)),
    ).rollout()


def _require_one_owner(
    shared: tuple[Manifest, ...], parameters: LoraAdapter, rewrite: Manifest | None, found: Findings
) -> None:
    """Ask that one rule alone matches the alias: of two, the oldest object wins (contract §1.2)."""
    if rewrite and rule_for(rewrite, parameters.alias.value) is None:
        found.add(
            CODES["RP309"],
            f"InferenceModelRewrite `{rewrite.name}` has no rule for `{parameters.alias}`",
            rewrite.origin.at("spec", "rules"),
            "add the rule that serves the alias today, or name another `rewrite` in the plan",
        )
    for other in find(shared, "InferenceModelRewrite"):
        rule = rule_for(other, parameters.alias.value)
        if rule is not None and other.name != parameters.rewrite:
            found.add(
                CODES["RP309"],
                f"InferenceModelRewrite `{other.name}` already rewrites `{parameters.alias}`",
                other.origin.at("spec", "rules", rule),
                f"set `rewrite: {other.name}` in the plan, so that the one object is edited in place",
                Related(place=parameters.alias.place, label="the alias is shifted here"),
            )


def _made_rewrite(plan: Plan, parameters: LoraAdapter) -> Manifest:
    return make(
        "inferencemodelrewrite",
        "shared",
        parameters.origin,
        name=parameters.rewrite,
        namespace=plan.namespace,
        pool=parameters.pool.value,
        alias=parameters.alias.value,
        stable=parameters.stable.value,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _LoraStages:
    """Everything that the stages are made of."""

    plan: Plan
    parameters: LoraAdapter
    shared: tuple[Manifest, ...]
    pods: Pods
    rewrite: Manifest
    rule: int

    def rollout(self) -> Rollout:
        """Give all stages and the rollback: the alias on the stable adapter alone."""
        start = baseline(self.rewrite, self.rule, self.parameters.stable.value)
        return Rollout(
            plan=self.plan,
            stages=(
                self._stage("baseline", "the alias is served by the stable adapter", start),
                self._preload(start),
                *map(self._weigh, self.parameters.steps),
                *self._finish(),
            ),
            rollback=Rollback(
                promise="all requests for the alias go back to the stable adapter at once",
                objects=(start,),
                checks=self._smoke(),
            ),
        )

    def _preload(self, start: Manifest) -> Stage:
        candidate = self.parameters.candidate.value
        return self._stage(
            "preload",
            "every pod loads the candidate before a client asks for it",
            start,
            actions=(self.pods.load(candidate),),
            gate=Gate(checks=(self.pods.lists(candidate),)),
            rollback="no request is affected",
        )

    def _weigh(self, step: Step) -> Stage:
        return self._stage(
            f"weight-{step.slug}",
            f"{step.weight} % of requests for the alias reach the candidate",
            self._shifted(step.weight),
            gate=Gate(checks=self._smoke(), soak=step.soak, metrics=step.gates),
            rollback=_AT_ONCE,
            place=step.place,
        )

    def _finish(self) -> Iterator[Stage]:
        stable, full = self.parameters.stable.value, self._shifted(WHOLE)
        drained = adapter_drained(stable, self.plan.namespace, self.plan.target.apis)
        yield self._stage(
            "drain",
            "the stable adapter answers what it has begun",
            full,
            gate=Gate(metrics=(drained,)),
            rollback=_AT_ONCE,
        )
        yield self._stage(
            "unload",
            "the old adapter leaves the pods",
            full,
            actions=(self.pods.remove(stable), self.pods.unload(stable)),
            gate=Gate(checks=(self.pods.refuses(stable),)),
            rollback="put the old adapter's directory back, then at once",
            final=True,
        )

    def _shifted(self, share: Decimal) -> Manifest:
        names = (self.parameters.stable.value, self.parameters.candidate.value)
        total = scale(step.weight for step in self.parameters.steps)
        return shifted(self.rewrite, self.rule, names, share, total)

    def _smoke(self) -> tuple[Instruction, ...]:
        gateway, alias = self.plan.target.gateway, self.parameters.alias.value
        return (kubectl.ask(gateway, alias, f"a request for {alias} is answered"),) if gateway else ()

    def _stage(self, slug: str, title: str, rewrite: Manifest, **leads: Any) -> Stage:
        names = self.parameters
        return Stage(
            slug=slug,
            title=title,
            objects=(*self.shared, rewrite),
            splits=splits(rewrite, self.rule, names.alias.value, names.stable.value),
            **leads,
        )


STRATEGY = Strategy(
    name="lora-adapter", modes=frozenset({"gateway", "standalone"}), parse=parse, plan=plan_stages
)
