"""Transitions to prove: each stage to the next, and every way back (field/partial-application).

A way is cut into moves. In a move some objects change, in any order and as far as anyone likes; what came
before it is done, and what is known then was shown by gates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from generator.model.gates import Fact, facts_of
from generator.model.manifests import Identity, Manifest
from generator.model.rollout import Deletion, Rollout, Stage
from generator.proof.failures import resolve
from generator.proof.knowledge import Knowledge
from generator.proof.state import Change, ClusterState

LIMIT = 13
"""How many changes that one request can notice are tried in every combination: about 8,000 of them."""

Chosen = frozenset[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """Changes that are made together, and what is known when all are made and their gate is passed."""

    changes: tuple[Change, ...]
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """Some of `early` were made; then all phases of `done` were, and of `late` some are made.

    `index` is the stage that is being applied; `back` says that the way leads back from there. Requests may
    be divided as in one of the states of `models`.

    A move that is not `fresh` begins in states that another move has shown to be good already, and its own
    are those in which some of `late` are made; one that is `home` asks anew how requests are divided.
    """

    index: int
    back: bool
    start: ClusterState
    early: tuple[Change, ...] = ()
    done: tuple[Phase, ...] = ()
    late: tuple[Change, ...] = ()
    models: tuple[ClusterState, ...] = ()
    fresh: bool = False
    home: bool = False

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return the changes of which any may have been made; a choice is a set of their indexes."""
        return self.early + self.late

    def seen(self, view: frozenset[Identity]) -> Move:
        """Return the move with these objects alone; choices stay what they are."""
        done = (
            Phase(
                changes=tuple(change for change in phase.changes if change.identity in view),
                facts=phase.facts,
            )
            for phase in self.done
        )
        return replace(self, start=self.start.only(view), done=tuple(done))

    def state(self, chosen: Chosen, bases: dict[Chosen, ClusterState] | None = None) -> ClusterState:
        """Return the state with the chosen changes made; `bases` keeps the states before any of `late`."""
        number, known = len(self.early), {} if bases is None else bases
        early = frozenset(index for index in chosen if index < number)
        if early not in known:
            known[early] = self._base(early)
        if len(early) == len(chosen):
            return known[early]
        return known[early].after(self.late[index - number] for index in sorted(chosen - early))

    def _base(self, early: Chosen) -> ClusterState:
        state = self.start.after(self.early[index] for index in sorted(early))
        for phase in self.done:
            state = state.after(phase.changes).knowing(phase.facts)
        return state

    def scope(self) -> dict[Identity, tuple[Manifest, ...]]:
        """Return every version in which an object may stand in this move."""
        found = {identity: {id(item.data): item} for identity, item in self.start.objects.items()}
        for change in self.early:
            if change.after is not None:
                found.setdefault(change.identity, {})[id(change.after.data)] = change.after
        for change in (change for phase in self.done for change in phase.changes):
            found[change.identity] = {id(change.after.data): change.after} if change.after else {}
        for change in self.late:
            if change.after is not None:
                found.setdefault(change.identity, {})[id(change.after.data)] = change.after
        return {identity: tuple(versions.values()) for identity, versions in found.items() if versions}

    @property
    def lasting(self) -> tuple[int, ...]:
        """Return the changes that leave a trace: what `done` makes anew at once, `early` did in vain."""
        anew = {change.identity for phase in self.done[:1] for change in phase.changes}
        number = len(self.early)
        return tuple(n for n, change in enumerate(self.changes) if n >= number or change.identity not in anew)

    def is_own(self, chosen: Chosen) -> bool:
        """Return whether no other choice gives the same state, here or in the move before."""
        number = len(self.early)
        anew = {self.changes[index].identity for index in chosen if index >= number}
        return bool(anew) and (
            bool(self.done)
            or not any(self.changes[index].identity in anew for index in chosen if index < number)
        )


def moves_of(knowledge: Knowledge) -> Iterator[Move]:
    """Return every move of a rollout, forward and back, in the order of its stages."""
    rollout, state, returns = (
        knowledge.rollout,
        replace(knowledge.today, busy=_live(knowledge, knowledge.today)),
        True,
    )
    for index in range(1, len(rollout.stages)):
        stage = rollout.stages[index]
        applied = tuple(_changing(_changes(stage.objects), state))
        deleted = tuple(_deleted(stage.deletions, state))
        actions = facts_of(stage.actions)
        whole = Phase(changes=applied, facts=actions)
        end = state.after((*applied, *deleted)).knowing(actions)
        forward = Move(
            index=index,
            back=False,
            start=state,
            late=(*applied, *deleted, *_pruned(stage, state)),
            models=(state, end),
        )
        yield forward
        if actions:
            yield replace(forward, done=(whole,), late=deleted, fresh=True)
        final = stage.final or bool(deleted)
        if returns:
            yield from _rollbacks(knowledge, index, state, () if final else applied, end)
            returns = not final
        live = _live(knowledge, end)
        shown = stage.gate.facts
        gate = tuple(fact for fact in shown if fact.word != "drained" or fact.of not in live)
        state = replace(end, busy=end.busy | live).knowing(gate)


def _rollbacks(
    knowledge: Knowledge, index: int, start: ClusterState, applied: tuple[Change, ...], end: ClusterState
) -> Iterator[Move]:
    """Return the moves of the rollback, begun with any part of a stage applied."""
    phases = tuple(_phases(knowledge.rollout, start, applied))
    began = replace(start, busy=start.busy | _live(knowledge, end))
    for number in range(len(phases) + 1):
        late = phases[number].changes if number < len(phases) else ()
        back = Move(index=index, back=True, start=began, early=applied, done=phases[:number], late=late)
        arrived = back.state(frozenset(range(len(back.changes))))
        models = (knowledge.today,) if number else (start, end, arrived)
        yield replace(back, models=models, home=number == 1)


def _phases(rollout: Rollout, start: ClusterState, applied: tuple[Change, ...]) -> Iterator[Phase]:
    """Return what the runbook's way back does: split back, a stage of before, and what was added goes."""
    rollback = rollout.rollback
    home = rollout.stages[rollback.home].objects
    facts, split = facts_of(rollback.checks), tuple(_changes(rollback.objects))
    reached = start.after(applied)
    yield Phase(changes=tuple(_changing(split, start, reached)), facts=facts)
    if rollback.removals:
        again = _changing(_changes(home), start.after(split), reached.after(split))
        yield Phase(changes=tuple(again), facts=facts)
    for removal in rollback.removals:
        yield Phase(changes=tuple(_deleted((removal,), reached)), facts=facts_of(removal.checks))


def _changing(changes: Iterable[Change], *states: ClusterState) -> Iterator[Change]:
    """Return the changes that change something in one of the states at least."""
    for change in changes:
        found = (state.objects.get(change.identity) for state in states)
        if any(item is None or (change.after and item.data != change.after.data) for item in found):
            yield change


def _changes(objects: Iterable[Manifest]) -> Iterator[Change]:
    return (Change(identity=item.identity, after=item) for item in objects)


def _deleted(deletions: Iterable[Deletion], state: ClusterState) -> Iterator[Change]:
    for deletion in deletions:
        for item in deletion.objects:
            if item.identity in state.objects:
                yield Change(identity=item.identity, after=None)


def _pruned(stage: Stage, state: ClusterState) -> Iterator[Change]:
    """Return what the stage no longer names: an engine that prunes deletes it, kubectl does not."""
    named = {item.identity for item in (*stage.objects, *stage.deleted)}
    return (Change(identity=identity, after=None) for identity in state.objects if identity not in named)


def _live(knowledge: Knowledge, state: ClusterState) -> frozenset[str]:
    """Return the pools, and the models behind aliases, that get requests in a state."""
    objects, live = tuple(state.objects.values()), set()
    for request in knowledge.requests:
        answer = knowledge.answer(request, objects)
        for backend, _ in answer.legs if answer else ():
            live.add(str(backend))
            for alias in knowledge.aliases(request):
                live |= set(resolve(backend, alias, objects)[1])
    return frozenset(live)


def choices(total: int) -> Iterator[Chosen]:
    """Return every set of changes, the smaller first; of very many, those close to none, all, or in order."""
    everything = range(total)
    sizes = everything if total <= LIMIT else (0, 1, 2, total - 2, total - 1)
    for size in (*sizes, total):
        yield from map(frozenset, combinations(everything, size))
    if total > LIMIT:
        yield from (frozenset(range(size)) for size in range(3, total - 2))
