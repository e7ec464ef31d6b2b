"""The proof tries few states of many; brute force, which tries all of them, finds nothing that it misses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from generator.model.findings import value_of
from generator.model.gates import Fact, Gate, Instruction, facts_of
from generator.model.manifests import Manifest, identity_of
from generator.model.rollout import Deletion, Rollback, Rollout, Stage
from generator.proof.checks import Dividing, Finishing, Reaching, Routing, SafetyCheck
from generator.proof.knowledge import Knowledge, gather_knowledge
from generator.proof.prove import judged
from generator.proof.relevance import checks, scope_of
from generator.proof.transitions import Move, choices, moves_of
from tests.support.random_plans import BRIEF
from tests.support.small_plans import (
    BLUE,
    GREEN,
    Object,
    blue_green,
    deployment,
    rewrite,
    rollout,
    route,
    thing,
    to_pool,
    to_service,
    version,
)

Found = set[tuple[str, str, str, str]]
ALIAS = {"matches": [{"model": {"value": "alias"}}]}
SERVER = {"name": "modelserver", "image": "vllm:v2", "args": ["--served-model-name=alias"]}


def split(blue: int, green: int, **rule: Any) -> Object:
    return {"backendRefs": [to_pool(BLUE, weight=blue), to_pool(GREEN, weight=green)]} | rule


def target(*names: str) -> Object:
    return ALIAS | {"targets": [{"modelRewrite": name, "weight": 1} for name in names]}


def wide(pool: str) -> Object:
    """A pool whose selector catches the pods of both."""
    item = version(pool)[0]
    return item | {"spec": item["spec"] | {"selector": {"matchLabels": {"fleet": "all"}}}}


def carrying(item: Object, **labels: str) -> Object:
    template = item["spec"]["template"]
    labels = template["metadata"]["labels"] | labels
    return item | {"spec": item["spec"] | {"template": template | {"metadata": {"labels": labels}}}}


def scaled(item: Object, replicas: int) -> Object:
    return item | {"spec": item["spec"] | {"replicas": replicas}}


def versions(pool: str) -> list[list[Object]]:
    """What the objects of a pool may be: each list has the versions of one object."""
    item, service, picker, server = version(pool)
    label = {"app": pool}
    return [
        [item, wide(pool)],
        [service],
        [picker, scaled(picker, 0), carrying(picker, new="yes")],
        [
            carrying(server, fleet="all"),
            scaled(server, 1),
            carrying(deployment(server["metadata"]["name"], label, SERVER), fleet="all"),
            server | {"spec": server["spec"] | {"strategy": {"type": "Recreate"}}},
        ],
        [rewrite(rule, name=f"{pool}-rewrite", pool=pool) for rule in (target("v1"), target("v1", "v2"))],
    ]


V1 = {"matches": [{"path": {"type": "PathPrefix", "value": "/v1"}}]}
CACHE = [{"path": {"type": "PathPrefix", "value": "/v1/cache"}}]
OBJECTS = [
    *versions(BLUE),
    *versions(GREEN),
    [
        route(split(1, 0)),
        route(split(1, 1)),
        route(split(0, 1)),
        route(split(0, 0)),
        route(split(1, 1, **V1)),
    ],
    [
        route({"matches": CACHE, "backendRefs": [to_service("cache")]}, name="second"),
        route(split(1, 0, **V1), name="second"),
    ],
    [thing("v1", "Service", "cache", spec={"selector": {"app": "cache"}})],
    [thing("monitoring.coreos.com/v1", "PodMonitor", "inert", spec={"selector": {}})],
]
ABSENT = -1


def template() -> Rollout:
    with TemporaryDirectory() as folder:
        files = {
            "blue/all.yaml": version(BLUE),
            "green/all.yaml": version(GREEN),
            "routes/all.yaml": [route(split_to_blue())],
        }
        return rollout(Path(folder), blue_green(), files)


def split_to_blue() -> Object:
    return {"backendRefs": [to_pool(BLUE)]}


TEMPLATE = template()
ORIGIN = TEMPLATE.stages[0].objects[0].origin


def made(item: Object) -> Manifest:
    data = item | {"metadata": item["metadata"] | {"namespace": "llm-d"}}
    return Manifest(identity=identity_of(data), data=data, bundle="shared", origin=ORIGIN)


MANIFESTS = [[made(item) for item in found] for found in OBJECTS]
SHORT = {id(item.data): which for found in MANIFESTS for which, item in enumerate(found)}
FACTS = [
    Fact(word=word, of=str(found[0].identity))
    for found in MANIFESTS
    for word in {"Deployment": ["ready", "gone"], "InferencePool": ["accepted", "drained"]}.get(
        found[0].kind, []
    )
] + [Fact(word="loaded", of="v2"), Fact(word="unloaded", of="v1"), Fact(word="drained", of="v1")]
PLACES = range(len(MANIFESTS))


def instructions(facts: list[Fact]) -> tuple[Instruction, ...]:
    return tuple(Instruction(title="", script="", fact=fact) for fact in facts)


@st.composite
def states(draw: st.DrawFn, before: list[int]) -> list[int]:
    """A state that differs from another in few objects."""
    after = list(before)
    for place in draw(st.sets(st.sampled_from(PLACES), min_size=1, max_size=3)):
        after[place] = draw(st.integers(ABSENT, len(MANIFESTS[place]) - 1))
    return after


def objects(state: list[int]) -> tuple[Manifest, ...]:
    return tuple(MANIFESTS[place][which] for place, which in enumerate(state) if which != ABSENT)


@dataclass(frozen=True)
class Case:
    """A rollout, with its stages in short."""

    rollout: Rollout = field(repr=False)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def __str__(self) -> str:
        """Say per stage what is there, what is deleted, and what its gate knows."""
        lines = []
        for stage in self.rollout.stages:
            there = [f"{item.name}:{SHORT[id(item.data)]}" for item in stage.objects]
            facts = [f"{fact.word} {fact.of}" for fact in facts_of((*stage.actions, *stage.gate.checks))]
            deleted = [item.name for deletion in stage.deletions for item in deletion.objects]
            lines.append(f"{stage.slug}: {' '.join(there)} | deletes {deleted} | knows {facts}")
        back = [f"{item.name}:{SHORT[id(item.data)]}" for item in self.rollout.rollback.objects]
        gone = [item.name for part in self.rollout.rollback.removals for item in part.objects]
        return "\n".join(["", *lines, f"back: {back} deletes {gone}"])


@st.composite
def rollouts(draw: st.DrawFn) -> Case:
    """Stages of a handful of objects, right or wrong, with gates that know something or nothing."""
    state = [0] * len(MANIFESTS)
    for place in draw(st.sets(st.sampled_from(PLACES), max_size=4)):
        state[place] = ABSENT
    stages = [Stage(slug="baseline", title="", objects=objects(state))]
    for number in range(draw(st.integers(1, 3))):
        before, state = state, draw(states(state))
        gone = [MANIFESTS[place][0] for place in PLACES if state[place] == ABSENT != before[place]]
        kept = not gone or not draw(st.booleans())
        deleted = [] if kept else [Deletion(title="gone", objects=tuple(gone))]
        facts = draw(st.lists(st.sampled_from(FACTS), max_size=8))
        unloaded = [fact for fact in facts if fact.word == "unloaded"]
        stages.append(
            Stage(
                slug=f"stage-{number}",
                title="",
                objects=objects(state),
                deletions=tuple(deleted),
                actions=instructions(unloaded),
                gate=Gate(checks=instructions([fact for fact in facts if fact not in unloaded])),
            )
        )
    added = [item for item in stages[-1].objects if item.bundle == "shared"]
    removed = draw(st.lists(st.sampled_from(added), max_size=2, unique_by=id)) if added else []
    rollback = Rollback(
        promise="",
        objects=tuple(draw(st.lists(st.sampled_from(stages[0].objects), max_size=2, unique_by=id))),
        removals=(Deletion(title="added", objects=tuple(removed)),) if removed else (),
    )
    return Case(replace(TEMPLATE, stages=tuple(stages), rollback=rollback))


def every_question(knowledge: Knowledge, move: Move) -> Iterator[SafetyCheck]:
    """All that can be asked, of all that there is."""
    view = frozenset(knowledge.versions) | frozenset(move.start.objects)
    pools = [identity for identity in view if identity.kind == "InferencePool"]
    for request in knowledge.requests:
        if not request.pool:
            yield Routing(knowledge=knowledge, request=request, start=move.start, view=view)
        for pool in pools:
            yield Reaching(knowledge=knowledge, request=request, pool=pool, back=move.back, view=view)
        for alias in (None, *knowledge.aliases(request)):
            yield Dividing(
                knowledge=knowledge,
                request=request,
                alias=alias,
                models=move.models,
                still=frozenset(),
                view=view,
            )
    for pool in pools:
        if str(pool) in move.start.busy and pool in move.start.objects:
            item = move.start.objects[pool]
            yield Finishing(knowledge=knowledge, pool=item, start=move.start, back=move.back, view=view)
    yield from (
        one
        for one in checks(knowledge, move, scope_of(knowledge, knowledge.versions))
        if type(one).__name__ == "Forgetting"
    )


def brute_force(knowledge: Knowledge) -> Found:
    found: Found = set()
    for move in moves_of(knowledge):
        asked = list(every_question(knowledge, move))
        everything = range(len(move.changes))
        for chosen in chain.from_iterable(
            combinations(everything, size) for size in (*everything, len(everything))
        ):
            state = move.state(frozenset(chosen))
            for check in asked:
                for failure in check.failures(state):
                    if failure not in check.known_failures():
                        found.add((str(check), failure.code, failure.about, failure.why))
    return found


def proof(knowledge: Knowledge) -> Found:
    found: Found = set()
    everywhere = scope_of(knowledge, knowledge.versions)
    for move in moves_of(knowledge):
        for example in value_of(judged(knowledge, move, everywhere, set())):
            failure = example.failure
            found.add((example.client, failure.code, failure.about, failure.why))
    return found


def test_what_brute_force_finds_the_proof_finds() -> None:
    met: set[str] = set()

    @settings(BRIEF, max_examples=150)
    @given(rollouts())
    def law(case: Case) -> None:
        knowledge = gather_knowledge(case.rollout)
        wanted = brute_force(knowledge)
        met.update(code for _, code, _, _ in wanted)
        assert proof(knowledge) == wanted

    law()
    assert {"RP560", "RP561", "RP562", "RP563", "RP564"} <= met, "the law would say little"


@given(st.integers(0, 8))
def test_choices_are_all_of_them_the_smaller_first(total: int) -> None:
    found = list(choices(total))
    assert len(found) == len(set(found)) == 2**total
    assert [len(one) for one in found] == sorted(len(one) for one in found)


def test_very_many_changes_are_tried_in_order_at_least() -> None:
    found = set(choices(40))
    assert {frozenset(range(size)) for size in range(41)} <= found
    assert len(found) < 2_000
