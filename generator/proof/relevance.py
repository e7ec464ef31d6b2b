"""Find the objects that a check depends on, in every version that they may have in a transition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from generator.kubernetes.pods import WORKLOADS
from generator.kubernetes.policies import POLICIES
from generator.kubernetes.rewrites import REWRITE
from generator.kubernetes.routes import ROUTE_KINDS
from generator.model.manifests import Identity, Manifest
from generator.proof.checks import Dividing, Finishing, Forgetting, Reaching, Routing, SafetyCheck
from generator.proof.knowledge import Knowledge
from generator.proof.ownership import picker_service, policies_of, rewrites_of
from generator.proof.requests import Answer, Request
from generator.proof.state import same_pods
from generator.proof.transitions import Move

Versions = Mapping[Identity, tuple[Manifest, ...]]
_ROUTES, _WORKLOADS, _POLICIES = sorted(ROUTE_KINDS), sorted(WORKLOADS), sorted(POLICIES)
_KINDS = WORKLOADS | ROUTE_KINDS | POLICIES | {REWRITE, "InferencePool"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Every object of a move in every version that it may have there, and by kind those that matter."""

    knowledge: Knowledge
    versions: Versions
    kinds: Mapping[str, tuple[Manifest, ...]]
    _around: dict[Identity, frozenset[Identity]] = field(default_factory=dict)
    _routes: dict[Request, frozenset[Identity]] = field(default_factory=dict)

    def of(self, *kinds: str) -> tuple[Manifest, ...]:
        """Return all versions of all objects of some kinds."""
        return tuple(item for kind in kinds for item in self.kinds.get(kind, ()))

    def routes(self, request: Request) -> frozenset[Identity]:
        """Return the routes that may take a request."""
        if request not in self._routes:
            router, routes = self.knowledge.router, () if request.pool else self.of(*_ROUTES)
            self._routes[request] = frozenset(one.identity for one in routes if router.winner(one, request))
        return self._routes[request]

    def answers(self, request: Request) -> tuple[Answer, ...]:
        """Return what the routes may do with a request, each by itself."""
        if request.pool:
            return (self.knowledge.router.only(request.pool),)
        router, routes = self.knowledge.router, self.of(*_ROUTES)
        won = ((route, router.winner(route, request)) for route in routes)
        return tuple(router.answers(route)[best[1]] for route, best in won if best)

    def servers(self, pool: Identity) -> Iterator[Manifest]:
        """Return the workloads whose pods the pool may select."""
        for version in self.versions.get(pool, ()):
            yield from self.knowledge.ownership.servers(version, self.of(*_WORKLOADS))

    def pickers(self, pool: Identity) -> Iterator[Manifest]:
        """Return the Services that may be those of the pool's picker, and the workloads behind them."""
        for version in self.versions.get(pool, ()):
            service = picker_service(version)
            for item in self.versions.get(service, ()) if service else ():
                yield item
                yield from self.knowledge.ownership.pickers(version, item, self.of(*_WORKLOADS))

    def around(self, pool: Identity) -> frozenset[Identity]:
        """Return everything by which a pool may be well or not."""
        if pool not in self._around:
            self._around[pool] = self._found_around(pool)
        return self._around[pool]

    def _found_around(self, pool: Identity) -> frozenset[Identity]:
        servers, pickers = tuple(self.servers(pool)), tuple(self.pickers(pool))
        pools, ownership = self.of("InferencePool"), self.knowledge.ownership
        found = {pool, *(item.identity for item in (*servers, *pickers))}
        for version in self.versions.get(pool, ()):
            found |= {item.identity for item in policies_of(version, self.of(*_POLICIES))}
        found |= {item.identity for item in rewrites_of(pool, self.of(REWRITE))}
        found |= {
            item.identity for item in pools if any(ownership.serves(item, server) for server in servers)
        }
        for workload in (*servers, *pickers):
            if workload.kind in WORKLOADS:
                found |= ownership.needs(workload)
        return frozenset(found)

    def dividing(self, pool: Identity) -> frozenset[Identity]:
        """Return everything by which requests of a pool meet one model or version or another."""
        rewrites = rewrites_of(pool, self.of(REWRITE))
        return frozenset({pool, *(item.identity for item in (*self.servers(pool), *rewrites))})

    def still(self) -> frozenset[Identity]:
        """Return the workloads whose pods are the same in every version: they only grow and shrink."""
        return frozenset(
            identity
            for identity, versions in self.versions.items()
            if identity.kind in WORKLOADS and all(same_pods(versions[0], other) for other in versions[1:])
        )


def checks(knowledge: Knowledge, move: Move, everywhere: Scope) -> Iterator[SafetyCheck]:
    """Return every check that the states of a move may answer in another way than those before them.

    `everywhere` sees all versions of all stages: what is far from all that changes needs no closer look.
    """
    scope = scope_of(knowledge, move.scope())
    touched = frozenset(change.identity for change in move.late)
    anew = move.fresh or move.home
    still = scope.still() - {change.identity for change in move.changes if not _stays(change.identity, move)}
    for request in knowledge.requests:
        answers = scope.answers(request)
        pools = sorted({to for answer in answers for to, _ in answer.legs if to.kind == "InferencePool"})
        named = everywhere.routes(request).union(*(answer.named for answer in answers))
        if anew or not touched.isdisjoint(named.union(*map(everywhere.around, pools))):
            yield from _of_request(scope, request, pools, named, still, move)
    facts = (fact for phase in move.done for fact in phase.facts)
    yield from (Forgetting(model=fact.of, view=frozenset()) for fact in facts if fact.word == "unloaded")
    for busy in (item for item in move.start.objects.values() if str(item.identity) in move.start.busy):
        asked = Finishing(knowledge=knowledge, pool=busy, start=move.start, back=move.back, view=frozenset())
        view = frozenset({*asked.parts, *(server.identity for server in asked.servers)})
        yield replace(asked, view=view)


def _of_request(
    scope: Scope,
    request: Request,
    pools: list[Identity],
    named: frozenset[Identity],
    still: frozenset[Identity],
    move: Move,
) -> Iterator[SafetyCheck]:
    knowledge, routes = scope.knowledge, scope.routes(request)
    if not request.pool:
        yield Routing(knowledge=knowledge, request=request, start=move.start, view=routes | named)
    for pool in pools:
        view = routes | scope.around(pool)
        yield Reaching(knowledge=knowledge, request=request, pool=pool, back=move.back, view=view)
    ask = partial(Dividing, knowledge=knowledge, request=request, models=move.models, still=still)
    view = routes.union(*map(scope.dividing, pools))
    yield from (ask(alias=alias, view=view) for alias in (None, *sorted(knowledge.aliases(request))))


def scope_of(knowledge: Knowledge, versions: Versions) -> Scope:
    """Sort versions of objects by their kind."""
    kinds: dict[str, list[Manifest]] = {}
    for identity, items in versions.items():
        if identity.kind in _KINDS:
            kinds.setdefault(identity.kind, []).extend(items)
    return Scope(
        knowledge=knowledge, versions=versions, kinds={kind: tuple(items) for kind, items in kinds.items()}
    )


def _stays(identity: Identity, move: Move) -> bool:
    """Return whether an object is there at the start of a move and nothing in it deletes it."""
    deleted = any(change.identity == identity and change.after is None for change in move.changes)
    return identity in move.start.objects and not deleted
