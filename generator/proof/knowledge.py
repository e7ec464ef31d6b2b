"""Facts about a rollout as a whole: today's state, every request, and each pool's most replicas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from generator.kubernetes.pods import WORKLOADS
from generator.kubernetes.policies import POLICIES
from generator.kubernetes.rewrites import ANY, REWRITE, models_of
from generator.kubernetes.routes import ROUTE_KINDS
from generator.kubernetes.workloads import replicas
from generator.model.manifests import INFERENCE, Identity, Manifest
from generator.model.rollout import Rollout
from generator.proof.ownership import Ownership, rewrites_of
from generator.proof.pods import role
from generator.proof.requests import Answer, Request, RouteTable, requests_of
from generator.proof.state import ClusterState

Load = tuple[Request, Identity]


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """What a request gets and why; `about` is the backend that is not well, `objects` the places to look."""

    code: str
    gets: str
    why: str
    about: str
    objects: tuple[Identity, ...] = field(compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Knowledge:
    """What every check may look up.

    `versions` has each object as every stage and the rollback have it. `full_replicas` is the largest number
    of replicas that a role of a pool has in any stage, `largest_share` the largest share that a pool has of a
    request in any stage. `used_by_others` are backends that get requests today, from whoever; `policies` are
    those of all pools.
    """

    rollout: Rollout
    ownership: Ownership
    router: RouteTable
    today: ClusterState
    requests: tuple[Request, ...]
    versions: Mapping[Identity, tuple[Manifest, ...]]
    full_replicas: Mapping[tuple[Identity, str], int]
    largest_share: Mapping[Load, Fraction]
    used_by_others: frozenset[Identity]
    policies: tuple[Manifest, ...]
    _aliases: dict[Request, frozenset[str]] = field(default_factory=dict)
    _failures_today: dict[tuple[str, Request], frozenset[Failure]] = field(default_factory=dict)

    def failures_today(
        self, client: str, request: Request, failures: Iterator[Failure]
    ) -> frozenset[Failure]:
        """Return what is wrong today for a request; computed once."""
        if (client, request) not in self._failures_today:
            self._failures_today[client, request] = frozenset(failures)
        return self._failures_today[client, request]

    def answer(self, request: Request, objects: Iterable[Manifest]) -> Answer | None:
        """Return what becomes of a request, with these objects in the cluster."""
        return self.router.answer((item for item in objects if item.kind in ROUTE_KINDS), request)

    def is_foreign(self, identity: Identity) -> bool:
        """Return whether an object is not of this rollout, so that it is taken to be there."""
        return identity not in self.versions

    def is_elsewhere(self, backend: Identity) -> bool:
        """Return whether a backend is someone else's, and used already today; a new name must be known."""
        return self.is_foreign(backend) and (
            backend.kind != "InferencePool" or backend in self.used_by_others
        )

    def aliases(self, request: Request) -> frozenset[str]:
        """Return the model names that clients of a request may use today because a rewrite knows them."""
        if request not in self._aliases:
            answer, objects = self.answer(request, self.today.objects.values()), self.today.objects.values()
            self._aliases[request] = frozenset(
                name
                for pool, _ in (answer.legs if answer else ())
                for rewrite in rewrites_of(pool, objects)
                for rule in rewrite.get("spec", "rules", default=())
                for name in models_of(rule)
                if name != ANY
            )
        return self._aliases[request]


def gather_knowledge(rollout: Rollout) -> Knowledge:
    """Read a rollout once, before any of its states is looked at."""
    ownership, snapshots = Ownership(), [stage.objects for stage in rollout.stages]
    today = _today(snapshots[0])
    versions: dict[Identity, dict[int, Manifest]] = {}
    deleted = (item for stage in rollout.stages for item in stage.deleted)
    for item in (*(item for shot in snapshots for item in shot), *rollout.rollback.objects, *deleted):
        versions.setdefault(item.identity, {})[id(item.data)] = item
    known = {identity: tuple(found.values()) for identity, found in versions.items()}
    routes = [item for found in known.values() for item in found if item.kind in ROUTE_KINDS]
    router = RouteTable(oldest=frozenset(today.objects))
    requests = (*_distinct_requests(routes, router, today), *_direct(routes, router, today))
    return Knowledge(
        rollout=rollout,
        ownership=ownership,
        router=router,
        today=today,
        requests=requests,
        versions=known,
        full_replicas=_full_replicas(snapshots, ownership),
        largest_share=_largest_share(snapshots, requests, router),
        policies=tuple(found[0] for found in known.values() if found[0].kind in POLICIES),
        used_by_others=frozenset(
            backend
            for route in routes
            if _is_todays(route, today)
            for answer in router.answers(route)
            for backend, _ in answer.legs
        ),
    )


def _today(objects: tuple[Manifest, ...]) -> ClusterState:
    """Return the state before the rollout: everything runs, and the pods have every model a rewrite names."""
    targets = {
        str(target.get("modelRewrite"))
        for item in objects
        if item.kind == REWRITE
        for rule in item.get("spec", "rules", default=())
        for target in rule.get("targets") or ()
    }
    found = {item.identity: item for item in objects}
    return ClusterState(
        objects=found,
        settled={identity: item for identity, item in found.items() if item.kind in WORKLOADS},
        accepted=frozenset(str(identity) for identity in found if identity.kind == "InferencePool"),
        loaded=frozenset(targets),
    )


def _distinct_requests(
    routes: list[Manifest], router: RouteTable, today: ClusterState
) -> tuple[Request, ...]:
    """Return one request of each sort that some version of some route handles differently from the others."""
    first = [route for route in routes if _is_todays(route, today)]
    later = [route for route in routes if not _is_todays(route, today)]
    asked = dict.fromkeys(
        request for route in (*first, *later) for request in requests_of(route, everyone=route in first)
    )
    found: dict[object, Request] = {}
    for request in asked:
        outcomes = []
        for route in routes:
            won = router.winner(route, request)
            outcomes.append((won[0], router.answers(route)[won[1]]) if won else None)
        takers = {route.identity for route, outcome in zip(routes, outcomes, strict=True) if outcome}
        difference = (
            tuple(outcomes) if len(takers) > 1 else tuple(outcome and outcome[1] for outcome in outcomes)
        )
        found.setdefault(difference, request)
    return tuple(found.values())


def _is_todays(route: Manifest, today: ClusterState) -> bool:
    known = today.objects.get(route.identity)
    return known is not None and known.data is route.data


def _direct(routes: list[Manifest], router: RouteTable, today: ClusterState) -> tuple[Request, ...]:
    """Return a request to each pool of today that no known route sends to: someone else's route may."""
    sent = {backend for route in routes for answer in router.answers(route) for backend in answer.named}
    pools = (identity for identity in today.objects if identity.kind == "InferencePool")
    return tuple(Request(pool=pool) for pool in pools if pool.group == INFERENCE and pool not in sent)


def _full_replicas(
    snapshots: list[tuple[Manifest, ...]], ownership: Ownership
) -> dict[tuple[Identity, str], int]:
    full_replicas: dict[tuple[Identity, str], int] = {}
    for objects in snapshots:
        for pool in (item for item in objects if item.kind == "InferencePool"):
            found: dict[str, int] = {}
            for server in ownership.servers(pool, objects):
                found[role(server)] = found.get(role(server), 0) + replicas(server)
            for name, count in found.items():
                full_replicas[pool.identity, name] = max(full_replicas.get((pool.identity, name), 0), count)
    return full_replicas


def _largest_share(
    snapshots: list[tuple[Manifest, ...]], requests: Iterable[Request], router: RouteTable
) -> dict[Load, Fraction]:
    largest_share: dict[Load, Fraction] = {}
    for objects in snapshots:
        routes = [item for item in objects if item.kind in ROUTE_KINDS]
        for request in requests:
            answer = router.answer(routes, request)
            for backend, share in answer.legs if answer else ():
                largest_share[request, backend] = max(largest_share.get((request, backend), share), share)
    return largest_share
