"""What can be wrong with a pool that gets requests, one small function each; `FAULTS` is the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

from generator.kubernetes.routes import REWRITE, portions
from generator.kubernetes.workloads import replicas
from generator.model.manifests import Identity, Manifest
from generator.model.weights import NONE, WHOLE
from generator.proof.knowledge import Fault, Lore, names_matched
from generator.proof.ownership import picker_service, rewrites_of
from generator.proof.pods import have, ready
from generator.proof.requests import Request
from generator.proof.state import World


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """A request that reaches a pool, in a world; `share` is the pool's part of such requests."""

    lore: Lore
    world: World
    request: Request
    pool: Manifest
    share: Fraction
    going_back: bool
    roles: Mapping[str, tuple[Manifest, ...]]

    @property
    def objects(self) -> tuple[Manifest, ...]:
        """Return everything that is there."""
        return tuple(self.world.objects.values())

    @property
    def servers(self) -> tuple[Manifest, ...]:
        """Return the workloads whose pods the pool selects."""
        return tuple(item for items in self.roles.values() for item in items)

    def fault(self, code: str, gets: str, why: str, blamed: tuple[Identity, ...]) -> Fault:
        """Make a fault of the pool."""
        return Fault(code=code, gets=gets, why=why, about=str(self.pool.identity), objects=blamed)

    def first_version(self) -> Manifest | None:
        """Return the pool as it is today, if it is there."""
        return self.lore.today.objects.get(self.pool.identity)


def picker_is_there(visit: Visit) -> Iterator[Fault]:
    """Check that a pool has its picker's Service, and a picker that runs behind it (I4, I5, I12)."""
    service_id = picker_service(visit.pool)
    if service_id is None or (visit.lore.is_foreign(service_id) and visit.first_version()):
        return
    service = visit.world.objects.get(service_id)
    where = f"the endpoint picker of InferencePool `{visit.pool.name}`"
    if service is None:
        why = f"Service `{service_id.name}` of {where} is not there"
        yield visit.fault("RP560", "500", why, (service_id, visit.pool.identity))
        return
    pickers = visit.lore.kin.pickers(visit.pool, service, visit.objects)
    if not any(ready(item, visit.world) for item in pickers):
        why = _lacking("endpoint picker", pickers, visit)
        blamed = (*(item.identity for item in pickers), service_id, visit.pool.identity)
        yield visit.fault("RP561", "503", why, blamed)


def servers_answer(visit: Visit) -> Iterator[Fault]:
    """Check that some pod of every role is ready (I5, I17)."""
    for name, servers in (visit.roles or {"": ()}).items():
        if not any(ready(item, visit.world) for item in servers):
            why = _lacking(f"{name} server" if name else "model server", servers, visit)
            blamed = (*(item.identity for item in servers), visit.pool.identity)
            yield visit.fault("RP561", "503", why, blamed)


def policies_are_there(visit: Visit) -> Iterator[Fault]:
    """Check that what a gateway needs to reach a pool or its picker is there before any route (I4)."""
    for policy in visit.lore.kin.policies(visit.pool, visit.lore.policies):
        if policy.identity not in visit.world.objects:
            why = (
                f"{policy.kind} `{policy.name}`, which InferencePool `{visit.pool.name}` needs, is not there"
            )
            blamed = (policy.identity, visit.pool.identity)
            yield visit.fault("RP561", "503", why, blamed)


def gateway_knows(visit: Visit) -> Iterator[Fault]:
    """Check that a header rule or weight 0 showed a pool as accepted before all clients get it (I5, I6)."""
    if visit.request.everyone and str(visit.pool.identity) not in visit.world.accepted:
        why = f"no gate has shown that the Gateway accepts InferencePool `{visit.pool.name}`"
        yield visit.fault("RP561", "503", why, (visit.pool.identity,))


def pods_are_its_own(visit: Visit) -> Iterator[Fault]:
    """Check that a pool selects no pods that another pool selects too (I1)."""
    lore, today = visit.lore, visit.first_version()
    before = {item.identity for item in lore.kin.servers(today, lore.today.objects.values())} if today else ()
    for server in visit.servers:
        if server.identity in before:
            continue
        others = [
            item
            for item in visit.objects
            if item.kind == "InferencePool"
            and item.identity != visit.pool.identity
            and lore.kin.serves(item, server)
        ]
        if today or others:
            also = f", as InferencePool `{others[0].name}` does" if others else ""
            why = f"InferencePool `{visit.pool.name}` selects pods of {server.kind} `{server.name}`{also}"
            blamed = (visit.pool.identity, server.identity, *(item.identity for item in others))
            yield visit.fault("RP562", "the wrong version", why, blamed)


def capacity_is_kept(visit: Visit) -> Iterator[Fault]:
    """Check that a pool has replicas for its share; on the way back fewer answer until all start (I17)."""
    lore, most = visit.lore, visit.lore.most.get((visit.request, visit.pool.identity))
    owned = any(item.get("spec", "replicas") is None for item in visit.servers)
    if visit.going_back or owned or not most or not visit.request.everyone:
        return
    for name, mine in visit.roles.items():
        there = sum(have(item, visit.world) for item in mine)
        wanted = ceil(lore.full.get((visit.pool.identity, name), 0) * visit.share / most)
        if 0 < there < wanted:
            why = (
                f"InferencePool `{visit.pool.name}` has {there} of the {wanted} replicas that its share needs"
            )
            blamed = (*(item.identity for item in mine), visit.pool.identity)
            yield visit.fault("RP565", "a long wait", why, blamed)


def pods_can_restart(visit: Visit) -> Iterator[Fault]:
    """Check that what pods mount or run as stays as long as the pods do (I2)."""
    service_id = picker_service(visit.pool)
    service = visit.world.objects.get(service_id) if service_id else None
    pickers = visit.lore.kin.pickers(visit.pool, service, visit.objects) if service else ()
    for workload in (*visit.servers, *pickers):
        for need in sorted(visit.lore.kin.needs(workload)):
            if need not in visit.world.objects and not visit.lore.is_foreign(need):
                why = (
                    f"pods of {workload.kind} `{workload.name}` need {need.kind} `{need.name}`, which is gone"
                )
                gets = "503 as soon as a pod starts again"
                yield visit.fault("RP566", gets, why, (need, workload.identity))


def models_are_known(visit: Visit) -> Iterator[Fault]:
    """Check that a pool rewrites every alias that clients use, to a model that it has (I21, I22, I25)."""
    for alias in (*sorted(visit.lore.aliases(visit.request)), None) if visit.servers else ():
        rewrite, targets = resolve(visit.pool.identity, alias, visit.objects)
        for target in targets or ({alias: WHOLE} if alias else {}):
            if not _has(visit, target, by_rewrite=rewrite is not None):
                said = f"`{alias}`" if alias else "any model"
                where = f"InferencePool `{visit.pool.name}`"
                why = (
                    f"{where} sends {said} to `{target}`, which no gate has shown on its pods"
                    if rewrite
                    else f"no rewrite of {where} matches {said}"
                )
                known = (found[0] for found in visit.lore.versions.values())
                rewrites = (rewrite,) if rewrite else rewrites_of(visit.pool.identity, known)
                blamed = (visit.pool.identity, *(item.identity for item in rewrites))
                yield visit.fault("RP563", f"404 for the model {said}", why, blamed)


def resolve(
    pool: Identity, model: str | None, objects: Iterable[Manifest]
) -> tuple[Manifest | None, Mapping[str, Fraction]]:
    """Return the rewrite that matches a model in a pool, and each target's share (field/model-rewrite)."""
    generic: tuple[Manifest, Mapping[str, Any]] | None = None
    for rewrite in rewrites_of(pool, objects):
        for rule in rewrite.get("spec", "rules", default=()):
            names = names_matched(rule)
            if model in names:
                return rewrite, _shares(rule)
            if not names and generic is None:
                generic = (rewrite, rule)
    return (generic[0], _shares(generic[1])) if generic else (None, {})


def _shares(rule: Mapping[str, Any]) -> dict[str, Fraction]:
    """Return the share of each target that has one."""
    shares: dict[str, Fraction] = {}
    for part in portions(REWRITE, rule):
        if part.weight:
            shares[part.name] = shares.get(part.name, NONE) + part.share
    return shares


def _has(visit: Visit, model: str, *, by_rewrite: bool) -> bool:
    names = [visit.lore.kin.models(item) for item in visit.servers]
    if any(model in known for known in names):
        return True
    unsaid = not all(names) and visit.first_version() is None
    return by_rewrite and (model in visit.world.loaded or unsaid)


def _lacking(what: str, workloads: tuple[Manifest, ...], visit: Visit) -> str:
    """Return in what way none of the workloads is ready."""
    some = f"no {what} of InferencePool `{visit.pool.name}`"
    if not workloads:
        return f"{some} is there"
    if not any(map(replicas, workloads)):
        return f"{some} has a replica"
    if any(ready(item, visit.world) != have(item, visit.world) for item in workloads):
        return f"{some} is sure to answer while its pods are replaced"
    return f"{some} is known to be ready"


FAULTS: tuple[Callable[[Visit], Iterator[Fault]], ...] = (
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
