"""Several routes that shift: a stage for each, because a set of routes is not applied at once.

One route is atomic, two are not: between the first and the second, requests are divided as no stage
says (I8, field/partial-application). So each route gets a stage of its own, and every state on the way
is one that somebody has reviewed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from generator.kubernetes.names import NAME, fit
from generator.model.gates import Gate
from generator.model.manifests import Manifest
from generator.model.rollout import Stage
from generator.model.target import Gateway
from generator.stages.gates.routes import settled


def one_by_one(stages: Iterable[Stage], gateway: Gateway) -> Iterator[Stage]:
    """Return the stages with each one that changes several routes in as many parts.

    The last part has the stage's own gate; the parts before wait until the Gateway serves their route.
    """
    first, *others = stages
    yield first
    for before, stage in pairwise((first, *others)):
        moved = _moved(before, stage)
        if len(moved) < 2:
            yield stage
            continue
        for count, route in enumerate(moved, 1):
            part = _part(stage, before, moved, count)
            served = Gate(checks=settled((route,), gateway))
            yield part if count == len(moved) else replace(part, gate=served)


def _moved(before: Stage, stage: Stage) -> list[Manifest]:
    old = before.by_identity
    routes = (item for item in stage.objects if item.bundle == "routes" and item.identity in old)
    return [item for item in routes if old[item.identity].data != item.data]


def _part(stage: Stage, before: Stage, moved: list[Manifest], count: int) -> Stage:
    """Return a stage in which the first `count` of its routes have moved, and the others wait."""
    waiting = {item.identity for item in moved[count:]}
    old = before.by_identity
    objects = tuple(old[item.identity] if item.identity in waiting else item for item in stage.objects)
    route = moved[count - 1]
    return replace(
        stage,
        slug=f"{stage.slug}-{fit(route.name, NAME)}",
        title=f"{stage.title} ({route.kind} {route.name}, {count} of {len(moved)})",
        objects=objects,
        splits=tuple(
            split
            for item in objects
            for split in (before if item.identity in waiting else stage).splits
            if split.object == item.identity
        ),
    )
