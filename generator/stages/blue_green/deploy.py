"""The first stages of a blue-green rollout: candidates start, and beta users and copies reach them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generator.kubernetes.router import MODEL, find_picker, servers_of
from generator.model.gates import Gate
from generator.model.rollout import Stage
from generator.stages.blue_green.context import Scene
from generator.stages.capacity import AT_ONCE
from generator.stages.gates import kubectl
from generator.stages.gates.routes import beta_requests, settled
from generator.stages.sentences import listed, owned
from generator.stages.traffic.shift import BLUE, Moment

_UNDONE = "no request is affected: apply the stage before"


def deployed(scene: Scene) -> Iterator[Stage]:
    """Return the stages until all candidates run, without requests."""
    sizes, names = scene.first, scene.fleet.names
    candidates = [(version, sizes[version.name]) for version in scene.fleet.candidates]
    models = {
        version.name: tuple(item for item in objects if item.part == MODEL) for version, objects in candidates
    }
    servers = (item for version, objects in candidates for item in servers_of(objects, version.pool))
    pickers = [find_picker(objects, version.pool) for version, objects in candidates]
    undone = f"no request is affected: remove {listed(names)}"
    today = {BLUE: scene.today}
    yield scene.stage("baseline", "what serves today", scene.routes, today, shared=scene.shared)
    if scene.today != scene.fleet.blue.objects:
        yield _prepared(scene)
    yield scene.stage(
        "deploy-model",
        f"{owned(names)} model servers start, without requests",
        scene.routes,
        sizes | models,
        shared=scene.shared,
        gate=Gate(checks=tuple(map(kubectl.rolled_out, servers))),
        rollback=undone,
    )
    yield scene.stage(
        "deploy-router",
        f"{owned(names)} InferencePool and endpoint picker start, without requests",
        scene.routes,
        sizes,
        gate=Gate(
            checks=tuple(kubectl.available(item) for picker in pickers for item in picker.workloads),
            metrics=tuple(scene.ready(version, objects) for version, objects in candidates),
        ),
        rollback=undone,
    )


def _prepared(scene: Scene) -> Stage:
    blue = scene.fleet.blue
    return scene.stage(
        "prepare",
        "blue's pool selects by one label more, which all of its pods carry",
        scene.routes,
        {BLUE: blue.objects},
        shared=scene.shared,
        gate=Gate(metrics=(scene.ready(blue, blue.objects),)),
        rollback=_UNDONE,
    )


def attached(scene: Scene) -> Stage:
    """Return the stage in which the routes know the candidates: beta users reach them, or nobody yet."""
    betas = scene.terms.betas
    routes = scene.moment(Moment(betas=betas))
    reached = listed([f"with {beta} reach {beta.candidate}" for beta in betas])
    slug, title = "attach", f"the routes know {listed(scene.fleet.names)}, at weight 0"
    if betas:
        slug, title = "beta", f"requests {reached}, all others blue"
    checks = (
        *settled(routes, scene.gateway),
        *(
            kubectl.pool_accepted(version.pool, scene.gateway.name, scene.plan.target.apis)
            for version in scene.fleet.candidates
        ),
        *(
            request
            for beta in betas
            for request in beta_requests(scene.routes, scene.shift, beta, scene.gateway)
        ),
    )
    gate = replace(scene.terms.beta_gate, checks=checks)
    return scene.stage(slug, title, routes, scene.first, gate=gate, rollback=AT_ONCE)


def copied(scene: Scene) -> Iterator[Stage]:
    """Return the stage in which candidates get copies of requests, where the plan asks for one."""
    mirror = scene.terms.mirror
    if mirror:
        routes = scene.moment(Moment(betas=scene.terms.betas, mirror=mirror.percent))
        yield scene.stage(
            "mirror",
            f"copies of {mirror.percent} % of requests go to {listed(scene.fleet.names)}; "
            "their answers are dropped",
            routes,
            scene.first,
            gate=replace(mirror.gate, checks=settled(routes, scene.gateway)),
            rollback=AT_ONCE,
        )
