"""Rules: no two plans own an object, shift the same traffic, or exceed a shared budget together.

Plans for different clusters never meet. An object that two plans merely read, the same and unchanged in
both, is no matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from generator.kubernetes.rewrites import REWRITE, models_of, pool_of
from generator.kubernetes.routes import ROUTE_KINDS, rules_of
from generator.model.codes import finding
from generator.model.findings import Finding, Named, Related
from generator.model.manifests import Identity, Manifest
from generator.model.plan import Plan
from generator.model.rollout import Rollout
from generator.model.target import Budget
from generator.stages.summary import summarize

_SHOWN = 3
_ELSEWHERE = (
    "name another `target.cluster` if they are apart; if one comes after the other, `accept` it in the later"
)

Alias = tuple[str, str, str]
"""Namespace and name of a pool, and a name that its rewrites answer to."""


def check_together(rollouts: Sequence[Rollout]) -> Iterator[Finding]:
    """Return what is wrong with plans that are applied at the same time."""
    for first, second in combinations(rollouts, 2):
        if first.plan.target.cluster == second.plan.target.cluster:
            yield from _shared_objects(first, second)
            yield from _shared_traffic(first, second)
    yield from _budgets(rollouts)


def require_names(plans: Iterable[Plan]) -> Iterator[Finding]:
    """Check that each plan has a name of its own."""
    first: dict[str, Plan] = {}
    for plan in plans:
        other = first.setdefault(plan.name, plan)
        if other is not plan:
            yield finding(
                "RP109",
                f"two plans are called `{plan.name}`",
                plan.place,
                "give each plan a name of its own: it names the directory that the plan is rendered into",
                Related(place=other.place, label="the first one"),
            )


def _shared_objects(first: Rollout, second: Rollout) -> Iterator[Finding]:
    ours, theirs = _states(first), _states(second)
    clashing = [
        items[0]
        for identity, items in ours.items()
        if identity in theirs
        and identity.kind not in ROUTE_KINDS | {REWRITE}
        and any(item.data != items[0].data for item in (*items, *theirs[identity]))
    ]
    gone = {identity for rollout in (first, second) for identity in _deleted(rollout)}
    clashing += [items[0] for identity, items in ours.items() if identity in gone and identity in theirs]
    found = {item.identity: item for item in clashing}
    if found:
        names = [f"`{identity}`" for identity in found]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        one = next(iter(found.values()))
        yield _of_two(
            "RP553",
            f"plans `{first.plan.name}` and `{second.plan.name}` both own {', '.join(names[:_SHOWN])}{more}: "
            "each would undo or delete what the other has done",
            f"let one plan own it, and the other name it unchanged; {_ELSEWHERE}",
            (first.plan, second.plan),
            Related(place=one.origin.at("metadata", "name"), label="the first plan has it here"),
            about=one,
        )


def _shared_traffic(first: Rollout, second: Rollout) -> Iterator[Finding]:
    routes = _moved(first) & _moved(second)
    aliases = _aliases(first) & _aliases(second) if _ramps(first) or _ramps(second) else set()
    shared = [f"`{identity}`" for identity in sorted(routes)]
    shared += [f"the alias `{name}` of InferencePool `{pool}`" for _, pool, name in sorted(aliases)]
    if shared:
        one = min(routes) if routes else f"InferencePool/{min(aliases)[1]}"
        yield _of_two(
            "RP554",
            f"plans `{first.plan.name}` and `{second.plan.name}` both shift {', '.join(shared[:_SHOWN])}: "
            "the one that is applied last sets all weights, and the other's gates watch the wrong split",
            f"finish one rollout before the other begins; {_ELSEWHERE}",
            (first.plan, second.plan),
            about=one,
        )


def _budgets(rollouts: Sequence[Rollout]) -> Iterator[Finding]:
    spent: dict[str, list[tuple[Budget, Rollout, int]]] = defaultdict(list)
    for rollout in rollouts:
        peak = max(row.peak for row in summarize(rollout))
        for budget in rollout.budgets:
            spent[budget.name].append((budget, rollout, peak))
    for name, rows in spent.items():
        budget, (_, rollout, _) = min((row[0] for row in rows), key=lambda one: one.accelerators), rows[-1]
        total = sum(peak for _, _, peak in rows)
        if total > budget.accelerators:
            parts = ", ".join(f"`{one.plan.name}` {peak}" for _, one, peak in rows)
            others = (
                Related(place=one.place, label=f"plan `{other.plan.name}` spends from it too")
                for one, other, _ in rows
                if one is not budget
            )
            yield finding(
                "RP555",
                f"together the plans hold up to {total} accelerators ({parts}), and budget `{name}` "
                f"has {budget.accelerators}: the pods beyond it stay pending in the middle of a rollout",
                budget.place,
                "let replicas follow the weight, or finish one rollout before the other begins",
                *others,
                about=f"Budget/{name}",
            )


def _states(rollout: Rollout) -> Mapping[Identity, list[Manifest]]:
    """Return every state that a rollout's objects take, by identity."""
    found: dict[Identity, list[Manifest]] = defaultdict(list)
    for stage in rollout.stages:
        for item in stage.objects:
            if all(item.data is not known.data for known in found[item.identity]):
                found[item.identity].append(item)
    return found


def _deleted(rollout: Rollout) -> Iterator[Identity]:
    """Return what some stage has and another has not."""
    for identity in _states(rollout):
        if any(all(item.identity != identity for item in stage.objects) for stage in rollout.stages):
            yield identity


def _moved(rollout: Rollout) -> set[Identity]:
    """Return the routes and rewrites whose splits change."""
    moved = {item.identity for index in range(1, len(rollout.stages)) for item in rollout.applied(index)}
    return {split.object for stage in rollout.stages for split in stage.splits} & moved


def _ramps(rollout: Rollout) -> bool:
    return any(identity.kind == REWRITE for identity in _moved(rollout))


def _aliases(rollout: Rollout) -> set[Alias]:
    """Return the names that rewrites answer to, where the rollout moves the rewrite or its pool."""
    moved = _moved(rollout) | set(_deleted(rollout))
    return {
        (*pool_of(item), name)
        for items in _states(rollout).values()
        for item in items
        if item.kind == REWRITE and item.identity in moved
        for rule in rules_of(item)
        for name in models_of(rule)
        if name
    }


def _of_two(
    code: str, message: str, hint: str, plans: tuple[Plan, Plan], *related: Related, about: Named | str
) -> Finding:
    first, second = plans
    other = Related(place=first.place, label="the other plan")
    return finding(code, message, second.place, hint, other, *related, about=about)
