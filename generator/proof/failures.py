"""What can be wrong with a pool that gets requests, one small function each; `FAILURES` is the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

from generator.kubernetes.rewrites import ANY, REWRITE, models_of
from generator.kubernetes.routes import portions
from generator.kubernetes.workloads import replicas
from generator.model.manifests import Identity, Manifest
from generator.model.weights import NONE, WHOLE
from generator.proof.knowledge import Failure, Knowledge
from generator.proof.ownership import picker_service, rewrites_of
from generator.proof.pods import have, ready
from generator.proof.requests import Request
from generator.proof.state import ClusterState


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolVisit:
    """A request that reaches a pool, in a state; `share` is the pool's part of such requests."""

    knowledge: Knowledge
    state: ClusterState
    request: Request
    pool: Manifest
    share: Fraction
    going_back: bool
    roles: Mapping[str, tuple[Manifest, ...]]

    @property
    def objects(self) -> tuple[Manifest, ...]:
        """Return everything that is there."""
        return tuple(self.state.objects.values())

    @property
    def servers(self) -> tuple[Manifest, ...]:
        """Return the workloads whose pods the pool selects."""
        return tuple(item for items in self.roles.values() for item in items)

    def failure(self, code: str, gets: str, why: str, blamed: tuple[Identity, ...]) -> Failure:
        """Return a failure of the pool."""
        return Failure(code=code, gets=gets, why=why, about=str(self.pool.identity), objects=blamed)

    def first_version(self) -> Manifest | None:
        """Return the pool as it is today, if it is there."""
        return self.knowledge.today.objects.get(self.pool.identity)


def picker_is_there(visit: PoolVisit) -> Iterator[Failure]:
    """Check that a pool has its picker's Service, and a picker that runs behind it (I4, I5, I12)."""
    service_id = picker_service(visit.pool)
    if service_id is None or (visit.knowledge.is_foreign(service_id) and visit.first_version()):
        return
    service = visit.state.objects.get(service_id)
    where = f"the endpoint picker of InferencePool `{visit.pool.name}`"
    if service is None:
        why = f"Service `{service_id.name}` of {where} is not there"
        yield visit.failure("RP560", "500", why, (service_id, visit.pool.identity))
        return
    pickers = visit.knowledge.ownership.pickers(visit.pool, service, visit.objects)
    if not any(ready(item, visit.state) for item in pickers):
        why = _lacking("endpoint picker", pickers, visit)
        blamed = (*(item.identity for item in pickers), service_id, visit.pool.identity)
        yield visit.failure("RP561", "503", why, blamed)


def servers_answer(visit: PoolVisit) -> Iterator[Failure]:
    """Check that some pod of every role is ready (I5, I17)."""
    for name, servers in (visit.roles or {"": ()}).items():
        if not any(ready(item, visit.state) for item in servers):
            why = _lacking(f"{name} server" if name else "model server", servers, visit)
            blamed = (*(item.identity for item in servers), visit.pool.identity)
            yield visit.failure("RP561", "503", why, blamed)


def policies_are_there(visit: PoolVisit) -> Iterator[Failure]:
    """Check that what a gateway needs to reach a pool or its picker is there before any route (I4)."""
    for policy in visit.knowledge.ownership.policies(visit.pool, visit.knowledge.policies):
        if policy.identity not in visit.state.objects:
            why = (
                f"{policy.kind} `{policy.name}`, which InferencePool `{visit.pool.name}` needs, is not there"
            )
            blamed = (policy.identity, visit.pool.identity)
            yield visit.failure("RP561", "503", why, blamed)


def gateway_knows(visit: PoolVisit) -> Iterator[Failure]:
    """Check that a header rule or weight 0 showed a pool as accepted before all clients get it (I5, I6)."""
    if visit.request.everyone and str(visit.pool.identity) not in visit.state.accepted:
        why = f"no gate has shown that the Gateway accepts InferencePool `{visit.pool.name}`"
        yield visit.failure("RP561", "503", why, (visit.pool.identity,))


def pods_are_its_own(visit: PoolVisit) -> Iterator[Failure]:
    """Check that a pool selects no pods that another pool selects too (I1)."""
    knowledge, today = visit.knowledge, visit.first_version()
    before = (
        {item.identity for item in knowledge.ownership.servers(today, knowledge.today.objects.values())}
        if today
        else ()
    )
    for server in visit.servers:
        if server.identity in before:
            continue
        others = [
            item
            for item in visit.objects
            if item.kind == "InferencePool"
            and item.identity != visit.pool.identity
            and knowledge.ownership.serves(item, server)
        ]
        if today or others:
            also = f", as InferencePool `{others[0].name}` does" if others else ""
            why = f"InferencePool `{visit.pool.name}` selects pods of {server.kind} `{server.name}`{also}"
            blamed = (visit.pool.identity, server.identity, *(item.identity for item in others))
            yield visit.failure("RP562", "the wrong version", why, blamed)


def capacity_is_kept(visit: PoolVisit) -> Iterator[Failure]:
    """Check that a pool has replicas for its share; on the way back fewer answer until all start (I17)."""
    knowledge = visit.knowledge
    largest_share = knowledge.largest_share.get((visit.request, visit.pool.identity))
    owned = any(item.get("spec", "replicas") is None for item in visit.servers)
    if visit.going_back or owned or not largest_share or not visit.request.everyone:
        return
    for name, mine in visit.roles.items():
        there = sum(have(item, visit.state) for item in mine)
        required = ceil(
            knowledge.full_replicas.get((visit.pool.identity, name), 0) * visit.share / largest_share
        )
        if 0 < there < required:
            pool = f"InferencePool `{visit.pool.name}`"
            why = f"{pool} has {there} of the {required} replicas that its share needs"
            blamed = (*(item.identity for item in mine), visit.pool.identity)
            yield visit.failure("RP565", "a long wait", why, blamed)


def pods_can_restart(visit: PoolVisit) -> Iterator[Failure]:
    """Check that what pods mount or run as stays as long as the pods do (I2)."""
    service_id = picker_service(visit.pool)
    service = visit.state.objects.get(service_id) if service_id else None
    pickers = visit.knowledge.ownership.pickers(visit.pool, service, visit.objects) if service else ()
    for workload in (*visit.servers, *pickers):
        for need in sorted(visit.knowledge.ownership.needs(workload)):
            if need not in visit.state.objects and not visit.knowledge.is_foreign(need):
                why = (
                    f"pods of {workload.kind} `{workload.name}` need {need.kind} `{need.name}`, which is gone"
                )
                gets = "503 as soon as a pod starts again"
                yield visit.failure("RP566", gets, why, (need, workload.identity))


def models_are_known(visit: PoolVisit) -> Iterator[Failure]:
    """Check that a pool rewrites every alias that clients use, to a model that it has (I21, I22, I25)."""
    for alias in (*sorted(visit.knowledge.aliases(visit.request)), None) if visit.servers else ():
        rewrite, targets = resolve(visit.pool.identity, alias, visit.objects)
        for target in targets or ({alias: WHOLE} if alias else {}):
            if not _has(visit, target, by_rewrite=rewrite is not None):
                words = f"`{alias}`" if alias else "any model"
                where = f"InferencePool `{visit.pool.name}`"
                why = (
                    f"{where} sends {words} to `{target}`, which no gate has shown on its pods"
                    if rewrite
                    else f"no rewrite of {where} matches {words}"
                )
                known = (found[0] for found in visit.knowledge.versions.values())
                rewrites = (rewrite,) if rewrite else rewrites_of(visit.pool.identity, known)
                blamed = (visit.pool.identity, *(item.identity for item in rewrites))
                yield visit.failure("RP563", f"404 for the model {words}", why, blamed)


def resolve(
    pool: Identity, model: str | None, objects: Iterable[Manifest]
) -> tuple[Manifest | None, Mapping[str, Fraction]]:
    """Return the rewrite that matches a model in a pool, and each target's share (field/model-rewrite)."""
    generic: tuple[Manifest, Mapping[str, Any]] | None = None
    for rewrite in rewrites_of(pool, objects):
        for rule in rewrite.get("spec", "rules", default=()):
            names = models_of(rule)
            if model in names:
                return rewrite, _shares(rule)
            if ANY in names and generic is None:
                generic = (rewrite, rule)
    return (generic[0], _shares(generic[1])) if generic else (None, {})


def _shares(rule: Mapping[str, Any]) -> dict[str, Fraction]:
    """Return the share of each target that has one."""
    shares: dict[str, Fraction] = {}
    for part in portions(REWRITE, rule):
        if part.weight:
            shares[part.name] = shares.get(part.name, NONE) + part.share
    return shares


def _has(visit: PoolVisit, model: str, *, by_rewrite: bool) -> bool:
    names = [visit.knowledge.ownership.models(item) for item in visit.servers]
    if any(model in known for known in names):
        return True
    unsaid = not all(names) and visit.first_version() is None
    return by_rewrite and (model in visit.state.loaded or unsaid)


def _lacking(what: str, workloads: tuple[Manifest, ...], visit: PoolVisit) -> str:
    """Return in what way none of the workloads is ready."""
    some = f"no {what} of InferencePool `{visit.pool.name}`"
    if not workloads:
        return f"{some} is there"
    if not any(map(replicas, workloads)):
        return f"{some} has a replica"
    if any(ready(item, visit.state) != have(item, visit.state) for item in workloads):
        return f"{some} is sure to answer while its pods are replaced"
    return f"{some} is known to be ready"


FAILURES: tuple[Callable[[PoolVisit], Iterator[Failure]], ...] = (
    picker_is_there,
    servers_answer,
    policies_are_there,
    gateway_knows,
    pods_are_its_own,
    capacity_is_kept,
    pods_can_restart,
    models_are_known,
)
"""All checks of a pool that has a share of some request."""
