"""The stages of a blue-green rollout, from today's state to a state without blue (contract §3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from generator import kubectl
from generator.anatomy import MODEL, find_picker, servers_of
from generator.capacity import AT_ONCE, FULL, scaled, way_back
from generator.manifests import Manifest
from generator.metrics import endpoints_ready, pool_drained
from generator.model import Gate, Gateway, Plan, Rollback, Rollout, Split, Stage, Step
from generator.objectives import with_objective
from generator.removal import removals
from generator.route_gates import beta_requests, idle_seconds, settled
from generator.routes import Beta, Shift, finalized, mirrored, shifted, splits
from generator.strategies.blue_green_plan import BlueGreen
from generator.weights import WHOLE
from generator.workloads import replicas

NONE = Decimal(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class BlueGreenStages:
    """Everything that the stages are made of; each method makes some of them."""

    plan: Plan
    terms: BlueGreen
    gateway: Gateway
    shift: Shift
    shared: tuple[Manifest, ...]
    today: tuple[Manifest, ...]
    blue: tuple[Manifest, ...]
    green: tuple[Manifest, ...]
    blue_pool: Manifest
    green_pool: Manifest
    routes: tuple[Manifest, ...]
    objectives: Mapping[str, str]

    def rollout(self) -> Rollout:
        """Give all stages and the rollback: blue at 100, green kept but without requests."""
        return Rollout(
            plan=self.plan,
            stages=(*self._deploy(), self._attach(), *self._mirror(), *self._ramp(), *self._finish()),
            rollback=self._rollback(),
            accelerators=self.terms.capacity.accelerators,
        )

    def _rollback(self) -> Rollback:
        routes = self._shifted(NONE, None)
        smaller = {item.identity: item for item in self._blue(NONE)}
        blue = tuple(item for item in self.blue if smaller[item.identity].data != item.data)
        promise = "all requests go back to blue at once, and nothing waits for green"
        shrunk = "what blue had shrunk by starts again, and until it is ready the rest answers everything"
        return Rollback(
            promise=f"{promise}; {shrunk}" if blue else promise,
            objects=(*routes, *blue),
            checks=(
                *(kubectl.route_settled(route, self.gateway.name, "Accepted") for route in routes),
                *map(kubectl.rolled_out, blue),
            ),
            removals=tuple(removals(self.green)),
            home=int(self.today != self.blue),  # blue's wide selector would catch green's pods again
        )

    def _blue(self, share: Decimal) -> tuple[Manifest, ...]:
        return self._sized(self.blue, share)

    def _green(self, share: Decimal) -> tuple[Manifest, ...]:
        return self._sized(self.green, share)

    def _sized(self, bundle: tuple[Manifest, ...], share: Decimal) -> tuple[Manifest, ...]:
        if self.terms.capacity.policy == FULL:
            return bundle
        return scaled(bundle, share, self.terms.capacity.headroom)

    def _deploy(self) -> Iterator[Stage]:
        green = self._green(self.terms.steps[0].weight)
        models = tuple(item for item in green if item.part == MODEL)
        servers = servers_of(green, self.green_pool)
        picker = find_picker(green, self.green_pool)
        count = sum(map(replicas, servers))
        ready = endpoints_ready(self.shift.green, self.plan.namespace, count, self.plan.target.apis)
        yield self._stage("baseline", "what serves today", self.routes, blue=self.today, green=())
        if self.today != self.blue:
            yield self._prepare()
        yield self._stage(
            "deploy-model",
            "green's model servers start, without requests",
            self.routes,
            green=models,
            gate=Gate(checks=tuple(map(kubectl.rolled_out, servers))),
            rollback="no request is affected: remove green",
        )
        yield self._stage(
            "deploy-router",
            "green's InferencePool and endpoint picker start, without requests",
            self.routes,
            green=green,
            gate=Gate(checks=tuple(map(kubectl.available, picker.workloads)), metrics=(ready,)),
            rollback="no request is affected: remove green",
        )

    def _prepare(self) -> Stage:
        count = sum(map(replicas, servers_of(self.blue, self.blue_pool)))
        ready = endpoints_ready(self.shift.blue, self.plan.namespace, count, self.plan.target.apis)
        return self._stage(
            "prepare",
            "blue's pool selects by one label more, which all of its pods carry",
            self.routes,
            green=(),
            gate=Gate(metrics=(ready,)),
            rollback="no request is affected: apply the stage before",
        )

    def _attach(self) -> Stage:
        routes = self._shifted(NONE, self.terms.beta)
        checks = (*settled(routes, self.gateway), kubectl.pool_accepted(self.green_pool, self.gateway.name))
        slug, title = "attach", "the routes know green, at weight 0"
        if self.terms.beta:
            slug, title = "beta", f"requests with {self.terms.beta} reach green, all others blue"
            checks += tuple(beta_requests(self.routes, self.shift, self.terms.beta, self.gateway))
        gate = replace(self.terms.beta_gate, checks=checks)
        green = self._green(self.terms.steps[0].weight)
        return self._stage(slug, title, routes, green=green, gate=gate, rollback=AT_ONCE)

    def _mirror(self) -> Iterator[Stage]:
        if self.terms.mirror:
            percent = self.terms.mirror.percent
            before = self._shifted(NONE, self.terms.beta)
            routes = tuple(mirrored(route, self.shift, percent) for route in before)
            gate = replace(self.terms.mirror.gate, checks=settled(routes, self.gateway))
            yield self._stage(
                "mirror",
                f"green gets copies of {percent} % of requests; its answers are dropped",
                routes,
                green=self._green(self.terms.steps[0].weight),
                gate=gate,
                rollback=AT_ONCE,
            )

    def _ramp(self) -> Iterator[Stage]:
        """Grow green before its weight grows, and shrink blue only after its weight fell."""
        share, sizes = NONE, (self.blue, self._green(self.terms.steps[0].weight))
        for step in self.terms.steps:
            wanted = (self._blue(WHOLE - share), self._green(step.weight))
            if wanted != sizes:
                yield self._scale(step, self._shifted(share, self.terms.beta), sizes, *wanted)
            share, sizes = step.weight, wanted
            yield self._weigh(step, *sizes)

    def _scale(
        self,
        step: Step,
        routes: tuple[Manifest, ...],
        before: tuple[tuple[Manifest, ...], tuple[Manifest, ...]],
        blue: tuple[Manifest, ...],
        green: tuple[Manifest, ...],
    ) -> Stage:
        grown = [new for new, old in zip(green, before[1], strict=True) if new != old]
        moves = [f"green grows for {step.weight} %"] if grown else []
        moves += ["blue shrinks to what it still answers"] if blue != before[0] else []
        return self._stage(
            f"scale-{step.slug}",
            ", and ".join(moves),
            routes,
            blue=blue,
            green=green,
            gate=Gate(checks=tuple(map(kubectl.rolled_out, grown))),
            rollback=way_back(blue, self.blue),
            place=step.place,
        )

    def _weigh(self, step: Step, blue: tuple[Manifest, ...], green: tuple[Manifest, ...]) -> Stage:
        routes = self._shifted(step.weight, self.terms.beta)
        return self._stage(
            f"weight-{step.slug}",
            f"{step.weight} % of requests reach green",
            routes,
            blue=blue,
            green=green,
            gate=Gate(checks=settled(routes, self.gateway), soak=step.soak, metrics=step.gates),
            rollback=way_back(blue, self.blue),
            place=step.place,
        )

    def _finish(self) -> Iterator[Stage]:
        full = self._shifted(WHOLE, self.terms.beta)
        before = self.terms.steps[-2].weight if len(self.terms.steps) > 1 else NONE
        last = self._blue(WHOLE - before)
        final = self._headed(finalized(route, self.shift) for route in self.routes)
        idle = idle_seconds(self.routes, self.shift)
        drained = pool_drained(self.shift.blue, self.plan.namespace, idle, self.plan.target.apis)
        yield self._stage(
            "drain",
            "blue answers what it has begun",
            full,
            blue=last,
            gate=Gate(metrics=(drained,)),
            rollback=way_back(last, self.blue),
        )
        yield self._stage(
            "finalize",
            "the routes name green alone; blue still runs",
            final,
            blue=last,
            gate=Gate(checks=settled(final, self.gateway)),
            rollback=way_back(last, self.blue),
        )
        yield self._stage(
            "cleanup",
            "blue is deleted",
            final,
            blue=(),
            deletions=tuple(removals(self.blue)),
            rollback="none at once: a new plan with the roles swapped",
            final=True,
        )

    def _stage(
        self,
        slug: str,
        title: str,
        routes: tuple[Manifest, ...],
        *,
        blue: tuple[Manifest, ...] | None = None,
        green: tuple[Manifest, ...] | None = None,
        **leads: object,
    ) -> Stage:
        versions = (self.blue if blue is None else blue) + (self.green if green is None else green)
        return Stage(
            slug=slug,
            title=title,
            objects=(*self.shared, *versions, *routes),
            splits=self._splits(routes),
            **leads,  # type: ignore[arg-type]
        )

    def _splits(self, routes: tuple[Manifest, ...]) -> tuple[Split, ...]:
        return tuple(split for route in routes for split in splits(route, self.shift))

    def _shifted(self, share: Decimal, beta: Beta | None) -> tuple[Manifest, ...]:
        named = self.plan.target.apis.gateway_api >= (1, 4)
        return self._headed(shifted(route, self.shift, share, beta, named=named) for route in self.routes)

    def _headed(self, routes: Iterable[Manifest]) -> tuple[Manifest, ...]:
        return tuple(with_objective(route, self.objectives) for route in routes)
