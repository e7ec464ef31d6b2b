"""The checks of a half-applied state, each with the objects that its result depends on.

Each question is answered with the objects of its view alone. That is what keeps the proof small: of all
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
from generator.proof.faults import FAULTS, Visit
from generator.proof.knowledge import Fault, Lore
from generator.proof.ownership import picker_service
from generator.proof.pods import restarted
from generator.proof.requests import Request
from generator.proof.shares import Mix, mix_of, shares_of
from generator.proof.state import Change, World
from generator.proof.transitions import Move


@dataclass(frozen=True, kw_only=True, slots=True)
class Question(ABC):
    """A check of every state of a transition; `view` has the objects that the result depends on."""

    view: frozenset[Identity]

    def sees(self, change: Change) -> bool:
        """Return whether a change can change the answer."""
        return change.identity in self.view

    @abstractmethod
    def faults(self, world: World) -> Iterator[Fault]:
        """Return what is wrong in a state."""

    def asks_anew(self, move: Move) -> bool:
        """Return whether states count in which the move itself has not changed anything."""
        return move.fresh

    def excused(self) -> frozenset[Fault]:
        """Return what is wrong today already: no rollout is to blame for it."""
        return frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing(Question):
    """Whether a request finds a rule, and its backends are there."""

    lore: Lore
    request: Request
    start: World

    def faults(self, world: World) -> Iterator[Fault]:
        """Check routes: no rule is 404; all weights 0 or no backend is 500 (I7, I8, field/weights)."""
        answer = self.lore.answer(self.request, world.objects.values())
        if answer is None:
            yield self._fault("404", "no rule of any route takes them")
        elif answer.refuses:
            yield self._fault("500", "all weights of their rule are 0")
        for backend, _ in answer.legs if answer else ():
            if backend not in world.objects and not self.lore.is_elsewhere(backend):
                why = f"{backend.kind} `{backend.name}`, to which they are sent, is not there"
                yield self._fault("500", why, backend)
        for backend in sorted(answer.named - dict(answer.legs).keys() if answer else ()):
            if backend in self.start.objects and backend not in world.objects:
                why = f"{backend.kind} `{backend.name}` goes while a rule still names it, without a share"
                yield self._fault("500 from a strict Gateway", why, backend)

    def _fault(self, gets: str, why: str, *backends: Identity) -> Fault:
        routes = sorted(item for item in self.view if item.kind in ROUTE_KINDS)
        about = str(backends[0]) if backends else str(self.request)
        return Fault(code="RP560", gets=gets, why=why, about=about, objects=(*backends, *routes))

    def excused(self) -> frozenset[Fault]:
        """Return what is wrong today already."""
        return self.lore.excuse("", self.request, self.faults(self.lore.today))

    def __str__(self) -> str:
        """Name the request."""
        return str(self.request)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reaching(Question):
    """Whether a pool is well that gets a share of a request."""

    lore: Lore
    request: Request
    pool: Identity
    back: bool

    def faults(self, world: World) -> Iterator[Fault]:
        """Return what the table of faults finds, where the pool is there and has a share."""
        answer = self.lore.answer(self.request, world.objects.values())
        share = dict(answer.legs).get(self.pool) if answer else None
        if share is not None and self.pool in world.objects:
            pool = world.objects[self.pool]
            roles: dict[str, tuple[Manifest, ...]] = {}
            for server in self.lore.kin.servers(pool, world.objects.values()):
                name = self.lore.kin.role(server)
                roles[name] = (*roles.get(name, ()), server)
            visit = Visit(
                lore=self.lore,
                world=world,
                request=self.request,
                pool=pool,
                share=share,
                going_back=self.back,
                roles=roles,
            )
            for check in FAULTS:
                yield from check(visit)

    def excused(self) -> frozenset[Fault]:
        """Return what is wrong today already."""
        return self.lore.excuse(str(self.pool), self.request, self.faults(self.lore.today))

    def __str__(self) -> str:
        """Name the request."""
        return str(self.request)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dividing(Question):
    """Whether requests are divided as before or as after the move."""

    lore: Lore
    request: Request
    alias: str | None
    models: tuple[World, ...]
    still: frozenset[Identity]
    _mixes: list[Mix | None] = field(default_factory=list)

    def sees(self, change: Change) -> bool:
        """Leave out workloads that only grow or shrink: they divide nothing."""
        return change.identity in self.view and change.identity not in self.still

    def faults(self, world: World) -> Iterator[Fault]:
        """Check that a half-applied stage serves what the stage before or after it serves (I8, I18, I21)."""
        mix = mix_of(self.lore, self.request, self.alias, world)
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
            yield Fault(code="RP562", gets="the wrong version", why=why, about=about, objects=objects)

    def asks_anew(self, move: Move) -> bool:
        """Ask anew when all requests should be divided as today."""
        return move.fresh or move.home

    def _allowed(self) -> list[Mix | None]:
        """Return how requests may be divided, which is found out when it is asked for."""
        if not self._mixes:
            found = (mix_of(self.lore, self.request, self.alias, world) for world in self.models)
            self._mixes.extend(found)
        return self._mixes

    def __str__(self) -> str:
        """Name the request, and the model that it asks for."""
        return f"{self.request}, model `{self.alias}`," if self.alias else str(self.request)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finishing(Question):
    """Whether a pool can finish the answers that it has begun."""

    lore: Lore
    pool: Manifest
    start: World
    back: bool

    def faults(self, world: World) -> Iterator[Fault]:
        """Check that servers stop when drained, and pool and picker after the last answer (I11, I12)."""
        servers, pool = self.servers, f"InferencePool `{self.pool.name}`"
        for server in servers:
            if server.identity not in world.objects and not self.back:
                why = f"{server.kind} `{server.name}` goes before {pool} is known to be drained"
                yield self._lost(why, server.identity, self.pool.identity)
        answering = [server for server in servers if str(server.identity) not in world.gone]
        for part in self.parts if answering else ():
            if part not in world.objects:
                why = f"{part.kind} `{part.name}` goes while `{answering[0].name}` may still answer"
                yield self._lost(why, part, answering[0].identity)
            elif part.kind in WORKLOADS and restarted(world.objects[part], world):
                why = f"the endpoint picker of {pool} is replaced while requests run through it"
                yield self._lost(why, part, self.pool.identity)

    def sees(self, change: Change) -> bool:
        """Leave out servers that change: they end the answers that they have begun."""
        return change.identity in self.view and (change.after is None or change.identity in self.parts)

    def asks_anew(self, _: Move) -> bool:
        """Ask anew in each move: a pool may be busy now that was not when its picker was replaced."""
        return True

    def _lost(self, why: str, *objects: Identity) -> Fault:
        about = str(self.pool.identity)
        return Fault(code="RP564", gets="a broken stream", why=why, about=about, objects=objects)

    @property
    def servers(self) -> tuple[Manifest, ...]:
        """Return the workloads that may be answering when the move starts."""
        return self.lore.kin.servers(self.pool, self.start.objects.values())

    @property
    def parts(self) -> tuple[Identity, ...]:
        """Return what a stream runs through: the pool, its picker's Service, and the picker."""
        service_id = picker_service(self.pool)
        service = self.start.objects.get(service_id) if service_id else None
        if service is None:
            return (self.pool.identity,)
        pickers = self.lore.kin.pickers(self.pool, service, self.start.objects.values())
        return (self.pool.identity, service.identity, *(item.identity for item in pickers))

    def __str__(self) -> str:
        """Name the requests."""
        return f"requests that run in InferencePool `{self.pool.name}`"


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgetting(Question):
    """Whether nothing runs any more on a model that the pods forget."""

    model: str

    def faults(self, world: World) -> Iterator[Fault]:
        """Check that an adapter is unloaded only when nothing is in flight on it (I24)."""
        if self.model in world.busy:
            why = "no gate has shown that nothing runs on it any more"
            yield Fault(code="RP564", gets="a broken stream", why=why, about=self.model, objects=())

    def __str__(self) -> str:
        """Name the requests."""
        return f"requests that run on `{self.model}`"
