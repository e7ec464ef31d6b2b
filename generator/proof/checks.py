"""The checks of a half-applied state, each with the objects that its result depends on.

Each check is made with the objects of its view alone. That is what keeps the proof small: of all
changes of a move, only those in view have to be tried in every combination.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

from generator.kubernetes.pods import WORKLOADS
from generator.kubernetes.routes import ROUTE_KINDS
from generator.model.manifests import Identity, Manifest
from generator.model.weights import percent
from generator.proof.failures import FAILURES, PoolVisit
from generator.proof.knowledge import Failure, Knowledge
from generator.proof.ownership import picker_service
from generator.proof.pods import restarted
from generator.proof.requests import Request
from generator.proof.shares import Mix, mix_of, shares_of
from generator.proof.state import Change, ClusterState
from generator.proof.transitions import Move


@dataclass(frozen=True, kw_only=True, slots=True)
class SafetyCheck(ABC):
    """A check of every state of a transition; `view` has the objects that the result depends on."""

    view: frozenset[Identity]

    def sees(self, change: Change) -> bool:
        """Return whether a change can change the answer."""
        return change.identity in self.view

    @abstractmethod
    def failures(self, state: ClusterState) -> Iterator[Failure]:
        """Return what is wrong in a state."""

    def must_repeat(self, move: Move) -> bool:
        """Return whether states count in which the move itself has not changed anything."""
        return move.fresh

    def known_failures(self) -> frozenset[Failure]:
        """Return what is wrong today already: no rollout is to blame for it."""
        return frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing(SafetyCheck):
    """Whether a request finds a rule, and its backends are there."""

    knowledge: Knowledge
    request: Request
    start: ClusterState

    def failures(self, state: ClusterState) -> Iterator[Failure]:
        """Check routes: no rule is 404; all weights 0 or no backend is 500 (I7, I8, field/weights)."""
        answer = self.knowledge.answer(self.request, state.objects.values())
        if answer is None:
            yield self._failure("404", "no rule of any route takes them")
        elif answer.refuses:
            yield self._failure("500", "all weights of their rule are 0")
        for backend, _ in answer.legs if answer else ():
            if backend not in state.objects and not self.knowledge.is_elsewhere(backend):
                why = f"{backend.kind} `{backend.name}`, to which they are sent, is not there"
                yield self._failure("500", why, backend)
        for backend in sorted(answer.named - dict(answer.legs).keys() if answer else ()):
            if backend in self.start.objects and backend not in state.objects:
                why = f"{backend.kind} `{backend.name}` goes while a rule still names it, without a share"
                yield self._failure("500 from a strict Gateway", why, backend)

    def _failure(self, gets: str, why: str, *backends: Identity) -> Failure:
        routes = sorted(item for item in self.view if item.kind in ROUTE_KINDS)
        about = str(backends[0]) if backends else str(self.request)
        return Failure(code="RP560", gets=gets, why=why, about=about, objects=(*backends, *routes))

    def known_failures(self) -> frozenset[Failure]:
        """Return what is wrong today already."""
        return self.knowledge.failures_today("", self.request, self.failures(self.knowledge.today))

    def __str__(self) -> str:
        """Name the request."""
        return str(self.request)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reaching(SafetyCheck):
    """Whether a pool is well that gets a share of a request."""

    knowledge: Knowledge
    request: Request
    pool: Identity
    back: bool

    def failures(self, state: ClusterState) -> Iterator[Failure]:
        """Return what `FAILURES` finds, where the pool is there and has a share."""
        answer = self.knowledge.answer(self.request, state.objects.values())
        share = dict(answer.legs).get(self.pool) if answer else None
        if share is not None and self.pool in state.objects:
            pool = state.objects[self.pool]
            roles: dict[str, tuple[Manifest, ...]] = {}
            for server in self.knowledge.ownership.servers(pool, state.objects.values()):
                name = self.knowledge.ownership.role(server)
                roles[name] = (*roles.get(name, ()), server)
            visit = PoolVisit(
                knowledge=self.knowledge,
                state=state,
                request=self.request,
                pool=pool,
                share=share,
                going_back=self.back,
                roles=roles,
            )
            for check in FAILURES:
                yield from check(visit)

    def known_failures(self) -> frozenset[Failure]:
        """Return what is wrong today already."""
        return self.knowledge.failures_today(
            str(self.pool), self.request, self.failures(self.knowledge.today)
        )

    def __str__(self) -> str:
        """Name the request."""
        return str(self.request)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dividing(SafetyCheck):
    """Whether requests are divided as before or as after the move."""

    knowledge: Knowledge
    request: Request
    alias: str | None
    models: tuple[ClusterState, ...]
    still: frozenset[Identity]
    _mixes: list[Mix | None] = field(default_factory=list)

    def sees(self, change: Change) -> bool:
        """Leave out workloads that only grow or shrink: they divide nothing."""
        return change.identity in self.view and change.identity not in self.still

    def failures(self, state: ClusterState) -> Iterator[Failure]:
        """Check that a half-applied stage serves what the stage before or after it serves (I8, I18, I21)."""
        mix = mix_of(self.knowledge, self.request, self.alias, state)
        if mix is not None and mix not in self._allowed():
            shares = shares_of(mix)
            parts = [
                f"{percent(share)} % `{model or to.name}`" for (to, model), share in sorted(shares.items())
            ]
            why = f"no stage divides them like this: {', '.join(parts) or 'to no backend'}"
            if shares in [shares_of(other) for other in self._allowed() if other is not None]:
                why = f"they meet pods of another version: {', '.join(parts)}"
            about = str(min(shares)[0]) if shares else str(self.request)
            objects = tuple(sorted(item for item in self.view if item.kind in ROUTE_KINDS))
            yield Failure(code="RP562", gets="the wrong version", why=why, about=about, objects=objects)

    def must_repeat(self, move: Move) -> bool:
        """Repeat the check when all requests should be divided as today."""
        return move.fresh or move.home

    def _allowed(self) -> list[Mix | None]:
        """Return how requests may be divided, which is found out when it is asked for."""
        if not self._mixes:
            found = (mix_of(self.knowledge, self.request, self.alias, state) for state in self.models)
            self._mixes.extend(found)
        return self._mixes

    def __str__(self) -> str:
        """Name the request, and the model that it asks for."""
        return f"{self.request}, model `{self.alias}`," if self.alias else str(self.request)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finishing(SafetyCheck):
    """Whether a pool can finish the answers that it has begun."""

    knowledge: Knowledge
    pool: Manifest
    start: ClusterState
    back: bool

    def failures(self, state: ClusterState) -> Iterator[Failure]:
        """Check that servers stop when drained, and pool and picker after the last answer (I11, I12)."""
        servers, pool = self.servers, f"InferencePool `{self.pool.name}`"
        for server in servers:
            if server.identity not in state.objects and not self.back:
                why = f"{server.kind} `{server.name}` goes before {pool} is known to be drained"
                yield self._lost(why, server.identity, self.pool.identity)
        answering = [server for server in servers if str(server.identity) not in state.gone]
        for part in self.parts if answering else ():
            if part not in state.objects:
                why = f"{part.kind} `{part.name}` goes while `{answering[0].name}` may still answer"
                yield self._lost(why, part, answering[0].identity)
            elif part.kind in WORKLOADS and restarted(state.objects[part], state):
                why = f"the endpoint picker of {pool} is replaced while requests run through it"
                yield self._lost(why, part, self.pool.identity)

    def sees(self, change: Change) -> bool:
        """Leave out servers that change: they end the answers that they have begun."""
        return change.identity in self.view and (change.after is None or change.identity in self.parts)

    def must_repeat(self, _: Move) -> bool:
        """Repeat the check in each move: a pool may be busy now that was not when its picker was replaced."""
        return True

    def _lost(self, why: str, *objects: Identity) -> Failure:
        about = str(self.pool.identity)
        return Failure(code="RP564", gets="a broken stream", why=why, about=about, objects=objects)

    @property
    def servers(self) -> tuple[Manifest, ...]:
        """Return the workloads that may be answering when the move starts."""
        return self.knowledge.ownership.servers(self.pool, self.start.objects.values())

    @property
    def parts(self) -> tuple[Identity, ...]:
        """Return what a stream runs through: the pool, its picker's Service, and the picker."""
        service_id = picker_service(self.pool)
        service = self.start.objects.get(service_id) if service_id else None
        if service is None:
            return (self.pool.identity,)
        pickers = self.knowledge.ownership.pickers(self.pool, service, self.start.objects.values())
        return (self.pool.identity, service.identity, *(item.identity for item in pickers))

    def __str__(self) -> str:
        """Name the requests."""
        return f"requests that run in InferencePool `{self.pool.name}`"


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgetting(SafetyCheck):
    """Whether nothing runs any more on a model that the pods forget."""

    model: str

    def failures(self, state: ClusterState) -> Iterator[Failure]:
        """Check that an adapter is unloaded only when nothing is in flight on it (I24)."""
        if self.model in state.busy:
            why = "no gate has shown that nothing runs on it any more"
            yield Failure(code="RP564", gets="a broken stream", why=why, about=self.model, objects=())

    def __str__(self) -> str:
        """Name the requests."""
        return f"requests that run on `{self.model}`"
