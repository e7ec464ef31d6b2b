"""The stages of a blue-green rollout, from today's state to a state without blue (contract §3.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from generator import kubectl
from generator.anatomy import MODEL, find_picker, servers_of
from generator.capacity import FULL, Capacity, scaled, serving
from generator.manifests import Manifest
from generator.metrics import endpoints_ready, pool_drained
from generator.model import Gate, Gateway, Instruction, Plan, Rollback, Rollout, Split, Stage, Step
from generator.removal import removals
from generator.routes import Beta, Shift, finalized, rules_of, rules_to, shifted, splits
from generator.weights import WHOLE
from generator.workloads import replicas

NONE = Decimal(0)
IDLE_SECONDS = 300
"""How long blue must be idle to count as drained, when no route says how long a request may take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BlueGreenStages:
    """Everything that the stages are made of; each method makes some of them."""

    plan: Plan
    steps: tuple[Step, ...]
    beta: Beta | None
    beta_gate: Gate
    gateway: Gateway
    shift: Shift
    capacity: Capacity
    shared: tuple[Manifest, ...]
    blue: tuple[Manifest, ...]
    green: tuple[Manifest, ...]
    blue_pool: Manifest
    green_pool: Manifest
    routes: tuple[Manifest, ...]

    def rollout(self) -> Rollout:
        """Give all stages and the rollback: blue at 100, green kept but without requests."""
        return Rollout(
            plan=self.plan,
            stages=(*self._deploy(), self._attach(), *self._ramp(), *self._finish()),
            rollback=self._rollback(),
            accelerators=self.capacity.accelerators,
        )

    def _rollback(self) -> Rollback:
        routes = self._shifted(NONE, None)
        smaller = {item.identity: item for item in self._blue(NONE)}
        blue = tuple(item for item in self.blue if smaller[item.identity].data != item.data)
        promise = "all requests go back to blue at once, and nothing waits for green"
        return Rollback(
            promise=f"{promise}; what blue had shrunk by starts again" if blue else promise,
            objects=(*routes, *blue),
            checks=tuple(kubectl.route_settled(route, self.gateway.name, "Accepted") for route in routes),
            removals=tuple(removals(self.green)),
        )

    def _way_back(self, blue: tuple[Manifest, ...]) -> str:
        have, full = (sum(map(replicas, serving(bundle))) for bundle in (blue, self.blue))
        less = f", which has {have} of {full} replicas" if have < full else ""
        return f"at once: all requests go to blue{less}"

    def _blue(self, share: Decimal) -> tuple[Manifest, ...]:
        return self._sized(self.blue, share)

    def _green(self, share: Decimal) -> tuple[Manifest, ...]:
        return self._sized(self.green, share)

    def _sized(self, bundle: tuple[Manifest, ...], share: Decimal) -> tuple[Manifest, ...]:
        if self.capacity.policy == FULL:
            return bundle
        return scaled(bundle, share, self.capacity.headroom)

    def _deploy(self) -> Iterator[Stage]:
        green = self._green(self.steps[0].weight)
        models = tuple(item for item in green if item.part == MODEL)
        servers = servers_of(green, self.green_pool)
        picker = find_picker(green, self.green_pool)
        ready = endpoints_ready(
            self.shift.green, self.plan.namespace, sum(map(replicas, servers)), self.plan.target.apis
        )
        yield self._stage("baseline", "what serves today", self.routes, blue=self.blue, green=())
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

    def _attach(self) -> Stage:
        routes = self._shifted(NONE, self.beta)
        checks = (*self._settled(routes), kubectl.pool_accepted(self.green_pool, self.gateway.name))
        slug, title = "attach", "the routes know green, at weight 0"
        if self.beta:
            slug, title = "beta", f"requests with {self.beta} reach green, all others blue"
            checks += tuple(self._smoke(self.beta))
        gate = Gate(checks=checks, soak=self.beta_gate.soak, metrics=self.beta_gate.metrics)
        return self._stage(
            slug,
            title,
            routes,
            green=self._green(self.steps[0].weight),
            gate=gate,
            rollback=self._way_back(self.blue),
        )

    def _ramp(self) -> Iterator[Stage]:
        """Grow green before its weight grows, and shrink blue only after its weight fell."""
        share, sizes = NONE, (self.blue, self._green(self.steps[0].weight))
        for step in self.steps:
            wanted = (self._blue(WHOLE - share), self._green(step.weight))
            if wanted != sizes:
                yield self._scale(step, self._shifted(share, self.beta), sizes[1], *wanted)
            share, sizes = step.weight, wanted
            yield self._weigh(step, *sizes)

    def _scale(
        self,
        step: Step,
        routes: tuple[Manifest, ...],
        before: tuple[Manifest, ...],
        blue: tuple[Manifest, ...],
        green: tuple[Manifest, ...],
    ) -> Stage:
        grown = [new for new, old in zip(green, before, strict=True) if new != old]
        return self._stage(
            f"scale-{_slug(step.weight)}",
            f"green grows for {step.weight} %, and blue shrinks to what it still answers",
            routes,
            blue=blue,
            green=green,
            gate=Gate(checks=tuple(map(kubectl.rolled_out, grown))),
            rollback=self._way_back(blue),
        )

    def _weigh(self, step: Step, blue: tuple[Manifest, ...], green: tuple[Manifest, ...]) -> Stage:
        routes = self._shifted(step.weight, self.beta)
        return self._stage(
            f"weight-{_slug(step.weight)}",
            f"{step.weight} % of requests reach green",
            routes,
            blue=blue,
            green=green,
            gate=Gate(checks=self._settled(routes), soak=step.soak, metrics=step.gates),
            rollback=self._way_back(blue),
        )

    def _finish(self) -> Iterator[Stage]:
        full = self._shifted(WHOLE, self.beta)
        last = self._blue(WHOLE - (self.steps[-2].weight if len(self.steps) > 1 else NONE))
        final = tuple(finalized(route, self.shift) for route in self.routes)
        drained = pool_drained(
            self.shift.blue, self.plan.namespace, self._idle_seconds(), self.plan.target.apis
        )
        yield self._stage(
            "drain",
            "blue answers what it has begun",
            full,
            blue=last,
            gate=Gate(metrics=(drained,)),
            rollback=self._way_back(last),
        )
        yield self._stage(
            "finalize",
            "the routes name green alone; blue still runs",
            final,
            blue=last,
            gate=Gate(checks=self._settled(final)),
            rollback=self._way_back(last),
        )
        yield self._stage(
            "cleanup",
            "blue is deleted",
            final,
            blue=(),
            deletions=tuple(removals(self.blue)),
            rollback="none at once: a new plan with the roles swapped",
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
        return tuple(shifted(route, self.shift, share, beta, named=named) for route in self.routes)

    def _settled(self, routes: tuple[Manifest, ...]) -> tuple[Instruction, ...]:
        return tuple(
            kubectl.route_settled(route, self.gateway.name, "Accepted", "ResolvedRefs") for route in routes
        )

    def _smoke(self, beta: Beta) -> Iterator[Instruction]:
        for route in self.routes:
            for index in rules_to(route, self.shift.blue):
                path = rules_of(route)[index]["matches"][0]["path"]["value"].rstrip("/").removesuffix("/v1")
                title = f"a request with {beta} is answered"
                yield kubectl.smoke(
                    self.gateway, f"{path}/v1/models", {**_host(route), beta.name: beta.value}, title
                )

    def _idle_seconds(self) -> int:
        limits = [
            _seconds(rules_of(route)[index].get("timeouts", {}).get("request", ""))
            for route in self.routes
            for index in rules_to(route, self.shift.blue)
        ]
        return max((limit for limit in limits if limit), default=IDLE_SECONDS)


def _slug(weight: Decimal) -> str:
    """Give a weight in the characters of a stage's name."""
    return str(weight).replace(".", "-")


def _host(route: Manifest) -> dict[str, str]:
    """Give the Host header that the route's first host name asks for."""
    hostnames: list[str] = route.get("spec", "hostnames", default=[])
    return {"Host": hostnames[0].replace("*", "beta")} if hostnames else {}


_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def _seconds(duration: str) -> int:
    parts = re.findall(r"([0-9]+)(h|ms|m|s)", duration)
    return round(sum(int(number) * _UNITS[unit] for number, unit in parts))
