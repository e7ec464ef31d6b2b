"""A blue-green rollout as a whole: all of its stages, and the one way back that they share."""

from __future__ import annotations

from generator.model.rollout import Rollback, Rollout
from generator.stages.blue_green.context import Scene
from generator.stages.blue_green.deploy import attached, copied, deployed
from generator.stages.blue_green.one_route_a_stage import one_by_one
from generator.stages.blue_green.parameters import ONE_BY_ONE
from generator.stages.blue_green.shift import finished, ramped
from generator.stages.gates import kubectl
from generator.stages.gates.routes import reported
from generator.stages.removal import removals
from generator.stages.sentences import listed
from generator.stages.traffic.shift import BLUE, Moment


def rollout_of(scene: Scene) -> Rollout:
    """Return all stages and the rollback: blue at 100, candidates kept but without requests."""
    stages = (*deployed(scene), attached(scene), *copied(scene), *ramped(scene), *finished(scene))
    if scene.terms.routes_shift == ONE_BY_ONE:
        stages = tuple(one_by_one(stages, scene.gateway))
    return Rollout(
        plan=scene.plan,
        stages=stages,
        rollback=_rollback(scene),
        accelerators=scene.terms.capacity.accelerators,
        budget=scene.terms.capacity.shared,
        drain=scene.terms.drain,
    )


def _rollback(scene: Scene) -> Rollback:
    routes, last = scene.moment(Moment()), scene.terms.steps[-1].shares
    smallest = scene.fleet.between(last, last)[BLUE]
    pairs = zip(scene.fleet.blue.objects, smallest, strict=True)
    blue = tuple(full for full, small in pairs if small.data != full.data)
    waits = listed(scene.fleet.names, "or")
    promise = f"all requests go back to blue at once, and nothing waits for {waits}"
    shrunk = "what blue had shrunk by starts again, and until it is ready the rest answers everything"
    added = tuple(item for version in scene.fleet.candidates for item in version.objects)
    return Rollback(
        promise=f"{promise}; {shrunk}" if blue else promise,
        objects=(*routes, *blue),
        checks=(
            *reported(routes, scene.gateway, ("Accepted",)),
            *map(kubectl.rolled_out, blue),
        ),
        removals=tuple(removals(added)),
        home=int(scene.today != scene.fleet.blue.objects),  # blue's wide selector would catch others' pods
    )
