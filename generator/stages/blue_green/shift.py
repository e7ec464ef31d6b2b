"""The later stages of a blue-green rollout: weights, drain, finalize, cleanup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generator.kubernetes.workloads import replicas
from generator.model.gates import Gate, MetricGate, facts_of
from generator.model.manifests import Manifest
from generator.model.plan import Step
from generator.model.rollout import Stage
from generator.model.weights import percent
from generator.stages.blue_green.context import Context, Routes, of_version
from generator.stages.blue_green.sizes import Sizes
from generator.stages.capacity import rollback_cost
from generator.stages.gates import kubectl
from generator.stages.gates.metrics import pool_drained
from generator.stages.gates.routes import idle_seconds, settled
from generator.stages.removal import removals
from generator.stages.sentences import also, listed
from generator.stages.traffic.pins import DRAIN, FOREVER
from generator.stages.traffic.shift import BLUE, Moment
from generator.stages.version import Version


def ramped(context: Context) -> Iterator[Stage]:
    """Return the stages of the weights: a version grows before its share, and shrinks after it fell."""
    sizes, steps, betas = context.first, context.parameters.steps, context.parameters.betas
    for before, step in zip(({}, *(step.shares for step in steps)), steps, strict=False):
        required = context.fleet.between(before, step.shares)
        if required != sizes:
            yield _scaled(context, step, context.moment(Moment(shares=before, betas=betas)), sizes, required)
        sizes = required
        yield _weighed(context, step, sizes)


def _scaled(context: Context, step: Step, routes: Routes, before: Sizes, after: Sizes) -> Stage:
    grown: list[Manifest] = []
    growing, shrinking = [], []
    for version, objects in after.items():
        pairs = tuple(zip(objects, before[version], strict=True))
        larger = [new for new, old in pairs if replicas(new) > replicas(old)]
        smaller = [new for new, old in pairs if replicas(new) < replicas(old)]
        grown += larger
        growing += [f"{version} grows for {percent(step.shares[version])} %"] if larger else []
        shrinking += [f"{version} shrinks to what it still answers"] if smaller else []
    return context.stage(
        f"scale-{step.slug}",
        ", and ".join((*growing, *shrinking)),
        routes,
        after,
        gate=Gate(checks=tuple(map(kubectl.rolled_out, grown))),
        rollback=_rollback_cost(context, after),
        place=step.place,
    )


def _weighed(context: Context, step: Step, sizes: Sizes) -> Stage:
    routes = context.moment(Moment(shares=step.shares, betas=context.parameters.betas))
    return context.stage(
        f"weight-{step.slug}",
        ", ".join(
            f"{percent(share)} % of requests reach {version}" for version, share in step.shares.items()
        ),
        routes,
        sizes,
        gate=Gate(checks=settled(routes, context.gateway), soak=step.soak, metrics=step.gates),
        rollback=_rollback_cost(context, sizes),
        place=step.place,
    )


def finished(context: Context) -> Iterator[Stage]:
    """Return the stages from the last weight to the end: what no weight moves follows, and the rest drains.

    What leaves gets no requests any more when it drains, and is not named any more when it is deleted.
    """
    steps, winner, leaving = context.parameters.steps, context.parameters.winner, context.leaving
    before = steps[-2].shares if len(steps) > 1 else {}
    sizes = context.fleet.between(before, steps[-1].shares)
    back = _rollback_cost(context, sizes)
    full = Moment(shares=steps[-1].shares, betas=context.parameters.betas)
    routes = context.moment(_released(context, full))
    if routes != context.moment(full):
        gate = Gate(checks=settled(routes, context.gateway))
        title = f"what no weight moves goes to {winner}: {_kept(context)}"
        yield context.stage("release", title, routes, sizes, gate=gate, rollback=back)
    if leaving:
        yield context.stage(
            "drain",
            f"{leaving[0].name} answers what it has begun{_also(leaving[1:])}",
            routes,
            sizes,
            gate=_drain(context, leaving),
            rollback=back,
        )
    final = context.final()
    yield context.stage(
        "finalize",
        f"the routes name {winner} alone{_except_pinned(context)}; blue still runs{_also(leaving)}",
        final,
        sizes,
        gate=Gate(checks=settled(final, context.gateway)),
        rollback=back,
    )
    if leaving:
        yield _cleaned(context, final, sizes)


def _drain(context: Context, leaving: tuple[Version, ...]) -> Gate:
    """Wait for as long as the plan sets, or else until metrics show that the old version is idle."""
    requested = tuple(_drained(context, version) for version in leaving)
    if context.parameters.drain:  # RP522 refuses one that is shorter than an answer may take
        return Gate(soak=context.parameters.drain.value, after=facts_of(requested))
    return Gate(metrics=requested)


def _cleaned(context: Context, routes: Routes, sizes: Sizes) -> Stage:
    gone = {version.name for version in context.leaving}
    shared = {item.identity for item in context.closed}
    dropped = tuple(item for item in context.opened if item.identity not in shared)
    leaving = tuple(item for version in context.leaving for item in version.objects)
    return context.stage(
        "cleanup",
        f"{context.leaving[0].name} is deleted{_also(context.leaving[1:])}",
        routes,
        {name: objects for name, objects in sizes.items() if name not in gone},
        shared=context.closed,
        deletions=tuple(removals((*leaving, *dropped))),
        rollback="none at once: a new plan with the roles swapped",
        final=True,
    )


def _rollback_cost(context: Context, sizes: Sizes) -> str:
    return rollback_cost(sizes[BLUE], context.fleet.blue.objects)


def _drained(context: Context, version: Version) -> MetricGate:
    seconds, pool = idle_seconds(context.routes, context.shift), version.target
    gate = pool_drained(pool.name, pool.namespace, seconds, context.plan.target.apis)
    return of_version(gate, version.name)


def _also(versions: tuple[Version, ...]) -> str:
    """Return `, b too` of each candidate that goes where another one has been named."""
    return also(version.name for version in versions if version.name != BLUE)


def _pinned(context: Context, until: str) -> list[str]:
    return [f"{pin} ({pin.reason})" for pin in context.pins if pin.until == until]


def _released(context: Context, full: Moment) -> Moment:
    """Return the moment after the last weight: beta users of what lost would keep it from draining."""
    winner = context.parameters.winner
    betas = tuple(beta for beta in full.betas if beta.candidate == winner)
    return replace(full, betas=betas, released=winner)


def _kept(context: Context) -> str:
    """Return what is released: pinned rules, beta users, or else the copies that filters send."""
    losers = [
        beta.candidate for beta in context.parameters.betas if beta.candidate != context.parameters.winner
    ]
    released = [*_pinned(context, DRAIN), *(f"beta users of {name}" for name in losers)]
    return listed(released or ["copies of requests"])


def _except_pinned(context: Context) -> str:
    pinned = _pinned(context, FOREVER)
    return f", but for {listed(pinned)}" if pinned else ""
