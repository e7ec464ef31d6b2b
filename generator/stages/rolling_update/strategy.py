"""Rolling update: the pods of one pool are replaced a few at a time (field/rolling-update)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from generator.kubernetes.replicas import replaced
from generator.kubernetes.router import endpoint_selector, find_lone_picker, find_pool, servers_of, with_parts
from generator.kubernetes.selectors import selected
from generator.kubernetes.workloads import replicas
from generator.model.codes import finding
from generator.model.findings import Reporting, no_findings
from generator.model.gates import Gate, MetricGate
from generator.model.manifests import Manifest
from generator.model.plan import Bundles, Parameters, Plan
from generator.model.rollout import Rollback, Rollout, Stage
from generator.model.source import Path, Place, Ref
from generator.plan.fields import Fields
from generator.plan.steps import GateTable
from generator.stages.gates import kubectl
from generator.stages.green.changes import Changes, places, with_container
from generator.stages.requirements import require_named, require_pool
from generator.stages.rolling_update.policy import (
    PARTITIONED,
    Policy,
    parse_policy,
    require_taken,
    with_policy,
)
from generator.stages.strategy import Strategy

_SLOW = "slow: pods of the old template start again"


@dataclass(frozen=True, kw_only=True, slots=True)
class RollingUpdate(Parameters):
    """The parameters of a rolling update."""

    pool: Ref
    workload: Ref | None
    update: Changes
    policy: Policy
    partitions: Place | None
    soak: str
    gates: tuple[MetricGate, ...]


def parse(spec: Fields, gates: GateTable) -> Reporting[RollingUpdate]:
    """Read the parameters."""
    fields = spec.child("strategy")
    update = fields.child("update")
    return RollingUpdate(
        pool=spec.ref("pool"),
        workload=fields.ref("workload") if fields.has("workload") else None,
        update=Changes(
            workload=None,
            container=update.ref("container") if update.has("container") else None,
            fields={key: value for key, value in update.data.items() if key != "container"},
            place=fields.document.at_key(update.path),
        ),
        policy=(yield from parse_policy(fields)),
        partitions=fields.child("partitions").place if fields.has("partitions") else None,
        soak=fields.text("soak"),
        gates=(yield from gates.pick(fields.refs("gates"))),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Update:
    """What an update needs: the objects, and the workload as it is and as it becomes."""

    plan: Plan
    shared: tuple[Manifest, ...]
    before: Manifest
    after: Manifest


def prepare(plan: Plan, bundles: Bundles) -> Reporting[_Update | None]:
    """Find the workload to update, and make the new one of it."""
    parameters = RollingUpdate.of(plan)
    shared = with_parts(bundles["shared"], parameters.pool.value)
    servers = yield from _servers(shared, parameters)
    workload = (yield from _workload(shared, servers, parameters)) if servers is not None else None
    paths = (yield from places(workload, parameters.update)) if workload else ()
    after = (yield from _updated(workload, paths, parameters)) if workload and paths else None
    if after:
        yield from _require_partitions(after, parameters)
        yield from require_taken(after, parameters.policy)
    if workload is None or after is None:
        return None
    return _Update(plan=plan, shared=shared, before=workload, after=after)


def plan_stages(update: _Update) -> Reporting[Rollout]:
    """Return the stages: today's pods, the new template, the proof that it serves as well."""
    parameters = RollingUpdate.of(update.plan)
    old = with_policy(update.before, parameters.policy, partition=0)
    rollout = Rollout(
        plan=update.plan,
        stages=tuple(_stages(parameters, update.shared, update.before, update.after)),
        rollback=Rollback(
            promise="pods of the old template start again, a few at a time",
            objects=(old,),
            checks=(kubectl.rolled_out(old, _updated_replicas(old, 0), replicas(old)),),
        ),
    )
    return no_findings(rollout)


def _stages(
    parameters: RollingUpdate, shared: tuple[Manifest, ...], before: Manifest, new: Manifest
) -> Iterator[Stage]:
    """Return the stages; a kind with partitions updates one replica a stage, the last ordinal first."""
    yield Stage(slug="baseline", title="what serves today", objects=shared)
    last, old = shared, before
    for slug, title, partition in _moves(new, parameters.policy):
        now = with_policy(new, parameters.policy, partition=partition)
        last = tuple(now if item is before else item for item in shared)
        ready = kubectl.rolled_out(now, _updated_replicas(now, partition), replaced(now, old))
        # What the last replicas do is asked in the stage that verifies them all.
        watch = Gate(soak=parameters.soak, metrics=parameters.gates) if partition else Gate()
        yield Stage(
            slug=slug,
            title=title,
            objects=last,
            gate=replace(watch, checks=(ready,)),
            rollback=_SLOW,
        )
        old = now
    yield Stage(
        slug="verify",
        title="the new pods serve as well as the old ones did",
        objects=last,
        gate=Gate(soak=parameters.soak, metrics=parameters.gates),
        rollback=_SLOW,
    )


def _updated_replicas(workload: Manifest, partition: int) -> int | None:
    """Return how many replicas must be updated, for kinds whose conditions lag behind an apply."""
    return replicas(workload) - partition if workload.kind in PARTITIONED else None


def _moves(new: Manifest, policy: Policy) -> Iterator[tuple[str, str, int]]:
    """Return slug, title and partition of each stage that changes pods."""
    if new.kind not in PARTITIONED:
        yield "update", f"{new.kind} {new.name} replaces its pods", 0
        return
    for partition in policy.partitions or range(max(replicas(new), 1) - 1, -1, -1):
        count = replicas(new) - partition
        yield (
            f"partition-{partition}",
            f"{count} of {replicas(new)} replicas of {new.name} are new",
            partition,
        )


def _require_partitions(workload: Manifest, parameters: RollingUpdate) -> Reporting[None]:
    """Check that the plan's partitions fall to 0: only then does every replica become new."""
    partitions = parameters.policy.partitions
    place = parameters.partitions or parameters.update.place
    if partitions and workload.kind not in PARTITIONED:
        message = f"a {workload.kind} has no partitions"
        yield finding("RP108", message, place, "leave out `partitions`")
    elif partitions and (list(partitions) != sorted(set(partitions), reverse=True) or partitions[-1] != 0):
        message = f"the partitions {', '.join(map(str, partitions))} do not decrease to 0"
        hint = "begin with the highest ordinal that becomes new, and end with 0"
        yield finding("RP111", message, place, hint)
    elif partitions and partitions[0] >= max(replicas(workload), 1):
        message = f"partition {partitions[0]} leaves all {replicas(workload)} replicas of {workload.name} old"
        yield finding("RP106", message, place, f"begin below {replicas(workload)}")


def _servers(
    shared: tuple[Manifest, ...], parameters: RollingUpdate
) -> Reporting[tuple[Manifest, ...] | None]:
    """Return the workloads of the pool, or those that a picker without an InferencePool finds itself."""
    lone = find_lone_picker(shared).workloads
    if lone and find_pool(shared, parameters.pool.value) is None:
        return selected(shared, {"matchLabels": endpoint_selector(lone[0])})
    pool = yield from require_pool(shared, parameters.pool)
    return servers_of(shared, pool) if pool else None


def _workload(
    shared: tuple[Manifest, ...],
    servers: tuple[Manifest, ...],
    parameters: RollingUpdate,
) -> Reporting[Manifest | None]:
    sets = tuple(item for item in shared if item.kind == "DisaggregatedSet")  # it labels its pods itself
    known = tuple(dict.fromkeys(item.identity for item in (*servers, *sets)))
    if parameters.workload:
        items = tuple(item for item in shared if item.identity in known)
        return (yield from require_named(items, parameters.workload, "RP307", "workload of the pool"))
    if len(known) == 1:
        return next(item for item in shared if item.identity == known[0])
    names = ", ".join(identity.name for identity in known)
    what = f"several workloads: {names}" if names else "no workload"
    yield finding(
        "RP307",
        f"InferencePool `{parameters.pool}` selects {what}",
        parameters.pool.place,
        "set `spec.strategy.workload` to the one to update"
        if names
        else "add the workload whose pods carry the pool's labels",
    )
    return None


def _updated(
    workload: Manifest, paths: tuple[Path, ...], parameters: RollingUpdate
) -> Reporting[Manifest | None]:
    after = workload
    for path in paths:
        after = with_container(after, path, parameters.update.fields)
    if after == workload:
        yield finding(
            "RP310",
            f"{workload.kind} `{workload.name}` runs all of this already",
            parameters.update.place,
            "set what changes",
        )
        return None
    return after


STRATEGY = Strategy(
    name="rolling-update",
    modes=frozenset({"gateway", "standalone"}),
    parse=parse,
    prepare=prepare,
    plan=plan_stages,
)
