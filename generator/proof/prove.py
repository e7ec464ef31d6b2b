"""Check every half-applied state of every transition; each counter-example is a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from generator.model.findings import Reporting
from generator.model.rollout import Proof, Rollout
from generator.proof.knowledge import Knowledge, gather_knowledge
from generator.proof.messages import Counterexample, report, report_limit, report_routes
from generator.proof.relevance import Scope, checks, scope_of
from generator.proof.state import ClusterState
from generator.proof.transitions import LIMIT, Chosen, Move, choices, moves_of


def proved(rollout: Rollout) -> Reporting[Rollout]:
    """Return the rollout with its proof; each counter-example is a finding (field/partial-application)."""
    knowledge = gather_knowledge(rollout)
    everywhere = scope_of(knowledge, knowledge.versions)
    reported: set[tuple[str, str]] = set()
    transitions, rollbacks, states = 0, 0, 0
    for _, group in groupby(moves_of(knowledge), key=lambda move: move.index):
        examples: list[Counterexample] = []
        moves = tuple(group)
        for move in moves:
            tried: set[Chosen] = set()
            examples += yield from judged(knowledge, move, everywhere, tried)
            states += len(tried)
        transitions += 1
        rollbacks += any(move.back for move in moves)
        for example in _worst(examples):
            if example.same_as not in reported:
                reported.add(example.same_as)
                yield from report(knowledge, example)
        yield from report_routes(knowledge, moves[0], reported)
    counts = Proof(transitions=transitions, rollbacks=rollbacks, states=states)
    return replace(rollout, proof=counts)


def judged(
    knowledge: Knowledge, move: Move, everywhere: Scope, tried: set[Chosen]
) -> Reporting[list[Counterexample]]:
    """Make every check of every state that can change its result; `tried` collects the states.

    A state is known by the changes made. Of those that a check does not see it has none: with them it
    would get the same answer.
    """
    examples: list[Counterexample] = []
    lasting = move.lasting
    for check in checks(knowledge, move, everywhere):
        noticed = tuple(index for index in lasting if check.sees(move.changes[index]))
        anew = check.must_repeat(move)
        if not anew and not any(index >= len(move.early) for index in noticed):
            continue
        known_failures = check.known_failures()
        if len(noticed) > LIMIT:
            yield from report_limit(knowledge, move, len(noticed))
        seen, bases = move.seen(check.view), dict[Chosen, ClusterState]()
        for picks in choices(len(noticed)):
            chosen = frozenset(noticed[pick] for pick in picks)
            if not anew and not move.is_own(chosen):
                continue
            tried.add(chosen)
            for failure in check.failures(seen.state(chosen, bases)):
                if failure not in known_failures:
                    client = str(check)
                    examples.append(
                        Counterexample(
                            move=move, chosen=chosen, noticed=noticed, client=client, failure=failure
                        )
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
