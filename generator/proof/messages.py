"""Messages of counter-examples: what is applied so far, which requests fail, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from generator.kubernetes.routes import ROUTE_KINDS
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.manifests import Identity, Manifest
from generator.proof.knowledge import Failure, Knowledge
from generator.proof.requests import Request
from generator.proof.state import Change
from generator.proof.transitions import Chosen, Move

_NAMED = 3
"""How many objects a message names."""

_HINTS = {
    "RP560": "keep the object for as long as a rule names it: under `shared`, or by shifting that rule too",
    "RP561": "create it with a spare replica, and wait until it is ready before it gets a share",
    "RP562": "keep selectors apart, and let one stage change one thing that divides requests",
    "RP563": "let the pool know the name before it gets a share, and for as long as it has one",
    "RP564": "let the pool drain first, then delete its servers, and the picker when the last is gone",
    "RP565": "grow the pool before its share grows, and shrink it after its share fell",
    "RP566": "move the object to `shared`, or give each version its own",
}
"""Code → how to fix it."""

_ORDER = "; kubectl takes another order, but an engine that keeps none may stop here"


@dataclass(frozen=True, kw_only=True, slots=True)
class Counterexample:
    """A state in which a client gets what no stage serves; `noticed` are the changes that matter."""

    move: Move
    chosen: Chosen
    noticed: tuple[int, ...]
    client: str
    failure: Failure

    @property
    def same_as(self) -> tuple[str, str]:
        """Return what counter-examples have in common that are fixed together."""
        return self.failure.code, self.failure.about

    @property
    def in_order(self) -> bool:
        """Return whether kubectl itself may stop here: it makes changes in their order."""
        return self.chosen == frozenset(self.noticed[: len(self.chosen)])


def report(knowledge: Knowledge, example: Counterexample) -> Reporting[None]:
    """Add the finding of a counter-example: at the step of the stage, and at the objects."""
    failure, stage = example.failure, knowledge.rollout.stages[example.move.index]
    hint = _HINTS[failure.code] + ("" if example.in_order else _ORDER)
    yield finding(
        failure.code,
        f"{_where(knowledge, example)}, {example.client} would get {failure.gets}: {failure.why}",
        stage.place or knowledge.rollout.plan.place,
        hint,
        *_related(knowledge, failure.objects),
        about=failure.objects[0] if failure.objects else f"Plan/{knowledge.rollout.plan.name}",
    )


def report_routes(knowledge: Knowledge, move: Move, reported: set[tuple[str, str]]) -> Reporting[None]:
    """Warn of the first stage that divides the requests of several routes anew: one follows another (I8)."""
    routes = tuple(_divided_anew(knowledge, move))
    key = ("RP567", str(routes))
    if len(routes) < 2 or key in reported:
        return
    reported.add(key)
    names = ", ".join(f"`{identity.name}`" for identity in routes)
    stage = knowledge.rollout.stages[move.index]
    yield finding(
        "RP567",
        f"stage `{knowledge.rollout.directory(move.index)}` divides requests anew in {names}",
        stage.place or knowledge.rollout.plan.place,
        "leave out `routesShift: together`, and each route gets a stage of its own",
        *_related(knowledge, routes),
        about=routes[0],
    )


def report_limit(knowledge: Knowledge, move: Move, number: int) -> Reporting[None]:
    """Warn of a stage that changes more than can be tried in every combination."""
    stage = knowledge.rollout.stages[move.index]
    yield finding(
        "RP568",
        f"stage `{knowledge.rollout.directory(move.index)}` changes {number} objects that one request can "
        "notice",
        stage.place or knowledge.rollout.plan.place,
        "what kubectl may leave behind is checked, but not each combination; split the stage to have them",
        about=f"Plan/{knowledge.rollout.plan.name}",
    )


def _divided_anew(knowledge: Knowledge, move: Move) -> Iterator[Identity]:
    for change in move.late:
        before = move.start.objects.get(change.identity)
        if change.identity.kind in ROUTE_KINDS and before and change.after:
            versions = (before, change.after)
            if any(len({_legs(knowledge, one, item) for item in versions}) > 1 for one in knowledge.requests):
                yield change.identity


def _legs(knowledge: Knowledge, request: Request, route: Manifest) -> object:
    answer = knowledge.answer(request, (route,))
    return answer and answer.legs


def _where(knowledge: Knowledge, example: Counterexample) -> str:
    move, number = example.move, len(example.move.early)
    early = [move.changes[index] for index in sorted(example.chosen) if index < number]
    late = [move.changes[index] for index in sorted(example.chosen) if index >= number]
    name = knowledge.rollout.directory(move.index)
    if not move.back:
        return f"on the way to stage `{name}`, {_with(early + late, len(example.noticed))}"
    begun = {index for index in example.noticed if index < number}
    whole = begun <= example.chosen and bool(begun)
    half = f"stage `{name}`, {_with(early, len(begun))}"
    last = knowledge.rollout.directory(move.index - 1)
    start = f"stage `{name}`" if whole else half if early else f"stage `{last}`"
    state = f", {_with(late, 0)}" if late else ", when all requests should be back" if move.done else ""
    return f"on the way back from {start}{state}"


def _with(changes: list[Change], of: int) -> str:
    """Return what is applied so far."""
    names = [str(change) for change in changes[:_NAMED]]
    more = [f"{len(changes) - _NAMED} more"] if len(changes) > _NAMED else []
    if not names:
        return "before anything else is applied"
    return f"with {'only ' if len(changes) < of else ''}{' and '.join((*names, *more))}"


def _related(knowledge: Knowledge, identities: Iterable[Identity]) -> Iterator[Related]:
    for identity in tuple(dict.fromkeys(identities))[:_NAMED]:
        for item in knowledge.versions.get(identity, ())[:1]:
            place = item.origin.at("metadata", "name")
            yield Related(place=place, label=f"{identity.kind} `{identity.name}`")
