"""LoRA adapter rollout: an alias moves from one adapter to another on the same pods (field/lora-adapter)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from generator.gather.templates import make
from generator.kubernetes.rewrites import REWRITE
from generator.kubernetes.router import servers_of, with_parts
from generator.model.codes import finding
from generator.model.findings import Related, Reporting, no_findings
from generator.model.gates import Gate, Instruction, MetricGate
from generator.model.manifests import Manifest, find
from generator.model.plan import Bundles, Plan, Step, total_of
from generator.model.rollout import Rollback, Rollout, Stage
from generator.model.weights import percent
from generator.stages.gates import kubectl
from generator.stages.gates.adapters import Pods, pods_of
from generator.stages.gates.metrics import adapter_drained
from generator.stages.lora_adapter.parameters import LoraAdapter, parse
from generator.stages.requirements import require_pool
from generator.stages.sentences import also, listed
from generator.stages.strategy import Strategy
from generator.stages.traffic.rewrites import STABLE, baseline, rule_for, shifted, splits

_AT_ONCE = "at once: the alias goes back to the stable adapter"


def prepare(plan: Plan, bundles: Bundles) -> Reporting[_LoraStages | None]:
    """Find the pool and the rewrite that serves the alias, or make one."""
    parameters = LoraAdapter.of(plan)
    shared = with_parts(bundles["shared"], parameters.pool.value)
    pool = yield from require_pool(shared, parameters.pool)
    rewrite = next(find(shared, REWRITE, parameters.rewrite), None)
    yield from _require_one_owner(shared, parameters, rewrite)
    rewrite = rewrite or _made_rewrite(plan, parameters)
    rule = rule_for(rewrite, parameters.alias.value)
    if pool is None or rule is None:
        return None
    return _LoraStages(
        plan=plan,
        parameters=parameters,
        shared=tuple(item for item in shared if item.identity != rewrite.identity),
        pods=pods_of(pool, servers_of(shared, pool), parameters.directory),
        rewrite=rewrite,
        rule=rule,
    )


def plan_stages(stages: _LoraStages) -> Reporting[Rollout]:
    """Return the stages: baseline, preload, the weights, drain, unload."""
    return no_findings(stages.rollout())


def _require_one_owner(
    shared: tuple[Manifest, ...], parameters: LoraAdapter, rewrite: Manifest | None
) -> Reporting[None]:
    """Check that one rule alone matches the alias: of two, the oldest object wins (field/model-rewrite)."""
    if rewrite and rule_for(rewrite, parameters.alias.value) is None:
        yield finding(
            "RP309",
            f"InferenceModelRewrite `{rewrite.name}` has no rule for `{parameters.alias}`",
            rewrite.origin.at("spec", "rules"),
            "add the rule that serves the alias today, or name another `rewrite` in the plan",
        )
    for other in find(shared, REWRITE):
        rule = rule_for(other, parameters.alias.value)
        if rule is not None and other.name != parameters.rewrite:
            yield finding(
                "RP309",
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
        """Return all stages and the rollback: the alias on the stable adapter alone."""
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
            adapter_directory=self.parameters.directory,
        )

    def _preload(self, start: Manifest) -> Stage:
        candidates = self.parameters.candidates
        return self._stage(
            "preload",
            f"every pod loads {listed([item.spoken for item in candidates])} before a client asks for it",
            start,
            actions=tuple(self.pods.load(item.name) for item in candidates),
            gate=Gate(checks=tuple(self.pods.lists(item.name) for item in candidates)),
            rollback="no request is affected",
        )

    def _weigh(self, step: Step) -> Stage:
        spoken = {item.name: item.spoken for item in self.parameters.candidates}
        shares = [(percent(share), spoken[name]) for name, share in step.shares.items()]
        return self._stage(
            f"weight-{step.slug}",
            listed([f"{share} % of requests for the alias reach {name}" for share, name in shares]),
            self._shifted(step.shares),
            gate=Gate(checks=self._smoke(), soak=step.soak, metrics=step.gates),
            rollback=_AT_ONCE,
            place=step.place,
        )

    def _finish(self) -> Iterator[Stage]:
        last, stable = self.parameters.steps[-1], self.parameters.stable.value
        losers = [item.name for item in self.parameters.candidates if item.name != last.winner]
        leaving, full = (stable, *losers), self._shifted(last.shares)
        yield self._stage(
            "drain",
            f"the stable adapter answers what it has begun{also(losers)}",
            full,
            gate=Gate(metrics=tuple(map(self._drained, leaving))),
            rollback=_AT_ONCE,
        )
        yield self._stage(
            "unload",
            f"the old adapter leaves the pods{also(losers)}",
            full,
            actions=(*map(self.pods.remove, leaving), *map(self.pods.unload, leaving)),
            gate=Gate(checks=tuple(map(self.pods.refuses, leaving))),
            rollback="put the old adapter's directory back, then at once",
            final=True,
        )

    def _drained(self, adapter: str) -> MetricGate:
        gate = adapter_drained(adapter, self.plan.namespace, self.plan.target.apis)
        is_stable = adapter == self.parameters.stable.value
        return gate if is_stable else replace(gate, name=f"{gate.name}-{adapter}")

    def _shifted(self, shares: Mapping[str, Fraction]) -> Manifest:
        total = total_of(self.parameters.steps)
        return shifted(self.rewrite, self.rule, self.parameters.stable.value, shares, total)

    def _smoke(self) -> tuple[Instruction, ...]:
        gateway, alias = self.plan.target.gateway, self.parameters.alias.value
        return (kubectl.ask(gateway, alias, f"a request for {alias} is answered"),) if gateway else ()

    def _stage(self, slug: str, title: str, rewrite: Manifest, **leads: Any) -> Stage:
        names = self.parameters
        versions = {names.stable.value: STABLE} | {item.name: item.version for item in names.candidates}
        return Stage(
            slug=slug,
            title=title,
            objects=(*self.shared, rewrite),
            splits=splits(rewrite, self.rule, names.alias.value, versions),
            **leads,
        )


STRATEGY = Strategy(
    name="lora-adapter",
    modes=frozenset({"gateway", "standalone"}),
    parse=parse,
    prepare=prepare,
    plan=plan_stages,
)
