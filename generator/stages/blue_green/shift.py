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
from generator.stages.blue_green.context import Routes, Scene, of_version
from generator.stages.blue_green.sizes import Sizes
from generator.stages.capacity import way_back
from generator.stages.gates import kubectl
from generator.stages.gates.metrics import pool_drained
from generator.stages.gates.routes import idle_seconds, settled
from generator.stages.removal import removals
from generator.stages.sentences import also, listed
from generator.stages.traffic.pins import DRAIN, FOREVER
from generator.stages.traffic.shift import BLUE, Moment
from generator.stages.version import Version


def ramped(scene: Scene) -> Iterator[Stage]:
    """Return the stages of the weights: a version grows before its share, and shrinks after it fell."""
    sizes, steps, betas = scene.first, scene.terms.steps, scene.terms.betas
    for before, step in zip(({}, *(step.shares for step in steps)), steps, strict=False):
        wanted = scene.fleet.between(before, step.shares)
        if wanted != sizes:
            yield _scaled(scene, step, scene.moment(Moment(shares=before, betas=betas)), sizes, wanted)
        sizes = wanted
        yield _weighed(scene, step, sizes)


def _scaled(scene: Scene, step: Step, routes: Routes, before: Sizes, after: Sizes) -> Stage:
    grown: list[Manifest] = []
    growing, shrinking = [], []
    for version, objects in after.items():
        pairs = tuple(zip(objects, before[version], strict=True))
        larger = [new for new, old in pairs if replicas(new) > replicas(old)]
        smaller = [new for new, old in pairs if replicas(new) < replicas(old)]
        grown += larger
        growing += [f"{version} grows for {percent(step.shares[version])} %"] if larger else []
        shrinking += [f"{version} shrinks to what it still answers"] if smaller else []
    return scene.stage(
        f"scale-{step.slug}",
        ", and ".join((*growing, *shrinking)),
        routes,
        after,
        gate=Gate(checks=tuple(map(kubectl.rolled_out, grown))),
        rollback=_way_back(scene, after),
        place=step.place,
    )


def _weighed(scene: Scene, step: Step, sizes: Sizes) -> Stage:
    routes = scene.moment(Moment(shares=step.shares, betas=scene.terms.betas))
    return scene.stage(
        f"weight-{step.slug}",
        ", ".join(
            f"{percent(share)} % of requests reach {version}" for version, share in step.shares.items()
        ),
        routes,
        sizes,
        gate=Gate(checks=settled(routes, scene.gateway), soak=step.soak, metrics=step.gates),
        rollback=_way_back(scene, sizes),
        place=step.place,
    )


def finished(scene: Scene) -> Iterator[Stage]:
    """Return the stages from the last weight to the end: what no weight moves follows, and the rest drains.

    What leaves gets no requests any more when it drains, and is not named any more when it is deleted.
    """
    steps, winner, leaving = scene.terms.steps, scene.terms.winner, scene.leaving
    before = steps[-2].shares if len(steps) > 1 else {}
    sizes = scene.fleet.between(before, steps[-1].shares)
    back = _way_back(scene, sizes)
    full = Moment(shares=steps[-1].shares, betas=scene.terms.betas)
    routes = scene.moment(_released(scene, full))
    if routes != scene.moment(full):
        gate = Gate(checks=settled(routes, scene.gateway))
        title = f"what no weight moves goes to {winner}: {_kept(scene)}"
        yield scene.stage("release", title, routes, sizes, gate=gate, rollback=back)
    if leaving:
        yield scene.stage(
            "drain",
            f"{leaving[0].name} answers what it has begun{_too(leaving[1:])}",
            routes,
            sizes,
            gate=_drain(scene, leaving),
            rollback=back,
        )
    final = scene.final()
    yield scene.stage(
        "finalize",
        f"the routes name {winner} alone{_but(scene)}; blue still runs{_too(leaving)}",
        final,
        sizes,
        gate=Gate(checks=settled(final, scene.gateway)),
        rollback=back,
    )
    if leaving:
        yield _cleaned(scene, final, sizes)


def _drain(scene: Scene, leaving: tuple[Version, ...]) -> Gate:
    """Wait for as long as the plan sets, or else until metrics show that the old version is idle."""
    asked = tuple(_drained(scene, version) for version in leaving)
    if scene.terms.drain:  # RP522 refuses one that is shorter than an answer may take
        return Gate(soak=scene.terms.drain.value, after=facts_of(asked))
    return Gate(metrics=asked)


def _cleaned(scene: Scene, routes: Routes, sizes: Sizes) -> Stage:
    gone = {version.name for version in scene.leaving}
    shared = {item.identity for item in scene.closed}
    dropped = tuple(item for item in scene.opened if item.identity not in shared)
    leaving = tuple(item for version in scene.leaving for item in version.objects)
    return scene.stage(
        "cleanup",
        f"{scene.leaving[0].name} is deleted{_too(scene.leaving[1:])}",
        routes,
        {name: objects for name, objects in sizes.items() if name not in gone},
        shared=scene.closed,
        deletions=tuple(removals((*leaving, *dropped))),
        rollback="none at once: a new plan with the roles swapped",
        final=True,
    )


def _way_back(scene: Scene, sizes: Sizes) -> str:
    return way_back(sizes[BLUE], scene.fleet.blue.objects)


def _drained(scene: Scene, version: Version) -> MetricGate:
    seconds, pool = idle_seconds(scene.routes, scene.shift), version.target
    gate = pool_drained(pool.name, pool.namespace, seconds, scene.plan.target.apis)
    return of_version(gate, version.name)


def _too(versions: tuple[Version, ...]) -> str:
    """Return `, b too` of each candidate that goes where another one has been named."""
    return also(version.name for version in versions if version.name != BLUE)


def _pinned(scene: Scene, until: str) -> list[str]:
    return [f"{pin} ({pin.reason})" for pin in scene.pins if pin.until == until]


def _released(scene: Scene, full: Moment) -> Moment:
    """Return the moment after the last weight: beta users of what lost would keep it from draining."""
    winner = scene.terms.winner
    betas = tuple(beta for beta in full.betas if beta.candidate == winner)
    return replace(full, betas=betas, released=winner)


def _kept(scene: Scene) -> str:
    """Return what is released: pinned rules, beta users, or else the copies that filters send."""
    losers = [beta.candidate for beta in scene.terms.betas if beta.candidate != scene.terms.winner]
    said = [*_pinned(scene, DRAIN), *(f"beta users of {name}" for name in losers)]
    return listed(said or ["copies of requests"])


def _but(scene: Scene) -> str:
    pinned = _pinned(scene, FOREVER)
    return f", but for {listed(pinned)}" if pinned else ""
