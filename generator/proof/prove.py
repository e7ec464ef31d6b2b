"""Check every half-applied state of every transition; each counter-example is a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from generator.model.findings import Reporting
from generator.model.rollout import Proof, Rollout
from generator.proof.knowledge import Lore, gather_lore
from generator.proof.messages import Counterexample, tell, tell_of_limit, tell_of_routes
from generator.proof.relevance import Sight, questions, sight_of
from generator.proof.state import World
from generator.proof.transitions import LIMIT, Chosen, Move, choices, moves_of


def proved(rollout: Rollout) -> Reporting[Rollout]:
    """Return the rollout with its proof; each counter-example is a finding (field/partial-application)."""
    lore = gather_lore(rollout)
    everywhere = sight_of(lore, lore.versions)
    told: set[tuple[str, str]] = set()
    transitions, rollbacks, states = 0, 0, 0
    for _, group in groupby(moves_of(lore), key=lambda move: move.index):
        examples: list[Counterexample] = []
        moves = tuple(group)
        for move in moves:
            tried: set[Chosen] = set()
            examples += yield from judged(lore, move, everywhere, tried)
            states += len(tried)
        transitions += 1
        rollbacks += any(move.back for move in moves)
        for example in _worst(examples):
            if example.same_as not in told:
                told.add(example.same_as)
                yield from tell(lore, example)
        yield from tell_of_routes(lore, moves[0], told)
    counts = Proof(transitions=transitions, rollbacks=rollbacks, states=states)
    return replace(rollout, proof=counts)


def judged(lore: Lore, move: Move, everywhere: Sight, tried: set[Chosen]) -> Reporting[list[Counterexample]]:
    """Ask every question of every state that can answer it differently; `tried` collects the states.

    A state is known by the changes made. Of those that a question does not see it has none: with them it
    would get the same answer.
    """
    examples: list[Counterexample] = []
    lasting = move.lasting
    for question in questions(lore, move, everywhere):
        noticed = tuple(index for index in lasting if question.sees(move.changes[index]))
        anew = question.asks_anew(move)
        if not anew and not any(index >= len(move.early) for index in noticed):
            continue
        excused = question.excused()
        if len(noticed) > LIMIT:
            yield from tell_of_limit(lore, move, len(noticed))
        seen, bases = move.seen(question.view), dict[Chosen, World]()
        for picks in choices(len(noticed)):
            chosen = frozenset(noticed[pick] for pick in picks)
            if not anew and not move.is_own(chosen):
                continue
            tried.add(chosen)
            for fault in question.faults(seen.world(chosen, bases)):
                if fault not in excused:
                    who = str(question)
                    examples.append(
                        Counterexample(move=move, chosen=chosen, noticed=noticed, who=who, fault=fault)
                    )
    return examples


_NOW = "RP563"
"""The last code of what requests get at once; a backend that is that bad needs no word of the rest."""


def _worst(examples: Iterable[Counterexample]) -> Iterator[Counterexample]:
    """Return the gravest counter-example of each backend, or one of each code where none is grave."""
    first: dict[tuple[str, str], Counterexample] = {}
    for example in examples:
        first.setdefault(example.same_as, example)
    gravest: dict[str, str] = {}
    for code, about in sorted(first):
        if code <= _NOW:
            gravest.setdefault(about, code)
    return (item for (code, about), item in first.items() if gravest.get(about, code) == code)
