"""The first stages of a blue-green rollout: candidates start, and beta users and copies reach them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generator.kubernetes.router import MODEL, find_picker, servers_of
from generator.model.gates import Gate
from generator.model.rollout import Stage
from generator.stages.blue_green.context import Context
from generator.stages.capacity import AT_ONCE
from generator.stages.gates import kubectl
from generator.stages.gates.routes import beta_requests, settled
from generator.stages.sentences import listed, owned
from generator.stages.traffic.shift import BLUE, Moment

_UNDONE = "no request is affected: apply the stage before"


def deployed(context: Context) -> Iterator[Stage]:
    """Return the stages until all candidates run, without requests."""
    sizes, names = context.first, context.fleet.names
    candidates = [(version, sizes[version.name]) for version in context.fleet.candidates]
    models = {
        version.name: tuple(item for item in objects if item.part == MODEL) for version, objects in candidates
    }
    servers = (item for version, objects in candidates for item in servers_of(objects, version.pool))
    pickers = [find_picker(objects, version.pool) for version, objects in candidates]
    undone = f"no request is affected: remove {listed(names)}"
    today = {BLUE: context.today}
    yield context.stage("baseline", "what serves today", context.routes, today, shared=context.shared)
    if context.today != context.fleet.blue.objects:
        yield _prepared(context)
    yield context.stage(
        "deploy-model",
        f"{owned(names)} model servers start, without requests",
        context.routes,
        sizes | models,
        shared=context.shared,
        gate=Gate(checks=tuple(map(kubectl.rolled_out, servers))),
        rollback=undone,
    )
    yield context.stage(
        "deploy-router",
        f"{owned(names)} InferencePool and endpoint picker start, without requests",
        context.routes,
        sizes,
        gate=Gate(
            checks=tuple(kubectl.available(item) for picker in pickers for item in picker.workloads),
            metrics=tuple(context.ready(version, objects) for version, objects in candidates),
        ),
        rollback=undone,
    )


def _prepared(context: Context) -> Stage:
    blue = context.fleet.blue
    return context.stage(
        "prepare",
        "blue's pool selects by one label more, which all of its pods carry",
        context.routes,
        {BLUE: blue.objects},
        shared=context.shared,
        gate=Gate(metrics=(context.ready(blue, blue.objects),)),
        rollback=_UNDONE,
    )


def attached(context: Context) -> Stage:
    """Return the stage in which the routes know the candidates: beta users reach them, or nobody yet."""
    betas = context.parameters.betas
    routes = context.moment(Moment(betas=betas))
    reached = listed([f"with {beta} reach {beta.candidate}" for beta in betas])
    slug, title = "attach", f"the routes know {listed(context.fleet.names)}, at weight 0"
    if betas:
        slug, title = "beta", f"requests {reached}, all others blue"
    checks = (
        *settled(routes, context.gateway),
        *(
            kubectl.pool_accepted(version.pool, context.gateway.name, context.plan.target.apis)
            for version in context.fleet.candidates
        ),
        *(
            request
            for beta in betas
            for request in beta_requests(context.routes, context.shift, beta, context.gateway)
        ),
    )
    gate = replace(context.parameters.beta_gate, checks=checks)
    return context.stage(slug, title, routes, context.first, gate=gate, rollback=AT_ONCE)


def copied(context: Context) -> Iterator[Stage]:
    """Return the stage in which candidates get copies of requests, where the plan asks for one."""
    mirror = context.parameters.mirror
    if mirror:
        routes = context.moment(Moment(betas=context.parameters.betas, mirror=mirror.percent))
        yield context.stage(
            "mirror",
            f"copies of {mirror.percent} % of requests go to {listed(context.fleet.names)}; "
            "their answers are dropped",
            routes,
            context.first,
            gate=replace(mirror.gate, checks=settled(routes, context.gateway)),
            rollback=AT_ONCE,
        )
