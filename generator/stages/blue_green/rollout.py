"""A blue-green rollout as a whole: all of its stages, and the one way back that they share."""

from __future__ import annotations

from generator.model.rollout import Rollback, Rollout
from generator.stages.blue_green.context import Context
from generator.stages.blue_green.deploy import attached, copied, deployed
from generator.stages.blue_green.one_route_a_stage import one_by_one
from generator.stages.blue_green.parameters import ONE_BY_ONE
from generator.stages.blue_green.shift import finished, ramped
from generator.stages.gates import kubectl
from generator.stages.gates.routes import reported
from generator.stages.removal import removals
from generator.stages.sentences import listed
from generator.stages.traffic.shift import BLUE, Moment


def rollout_of(context: Context) -> Rollout:
    """Return all stages and the rollback: blue at 100, candidates kept but without requests."""
    stages = (*deployed(context), attached(context), *copied(context), *ramped(context), *finished(context))
    if context.parameters.routes_shift == ONE_BY_ONE:
        stages = tuple(one_by_one(stages, context.gateway))
    return Rollout(
        plan=context.plan,
        stages=stages,
        rollback=_rollback(context),
        accelerators=context.parameters.capacity.accelerators,
        budget=context.parameters.capacity.shared,
        drain=context.parameters.drain,
    )


def _rollback(context: Context) -> Rollback:
    routes, last = context.moment(Moment()), context.parameters.steps[-1].shares
    smallest = context.fleet.between(last, last)[BLUE]
    pairs = zip(context.fleet.blue.objects, smallest, strict=True)
    blue = tuple(full for full, small in pairs if small.data != full.data)
    waits = listed(context.fleet.names, "or")
    promise = f"all requests go back to blue at once, and nothing waits for {waits}"
    shrunk = "what blue had shrunk by starts again, and until it is ready the rest answers everything"
    added = tuple(item for version in context.fleet.candidates for item in version.objects)
    return Rollback(
        promise=f"{promise}; {shrunk}" if blue else promise,
        objects=(*routes, *blue),
        checks=(
            *reported(routes, context.gateway, ("Accepted",)),
            *map(kubectl.rolled_out, blue),
        ),
        removals=tuple(removals(added)),
        home=int(context.today != context.fleet.blue.objects),  # blue's wide selector matches others' pods
    )
