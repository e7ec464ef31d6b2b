"""Replicas that follow the weights: enough for each share at every moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from generator.kubernetes.pods import SCALERS, WORKLOADS
from generator.kubernetes.router import MODEL
from generator.kubernetes.workloads import replica_paths, replicas
from generator.model.findings import Reporting
from generator.model.manifests import Identity, Manifest
from generator.model.source import Ref
from generator.model.target import Budget
from generator.plan.fields import Fields
from generator.plan.steps import one_of, only
from generator.plan.target import parse_budget

FULL, FOLLOW_WEIGHT = "full", "follow-weight"
AT_ONCE = "at once: all requests go to blue"


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """How many replicas each version has along the way.

    `headroom` comes on top of the share, as a part of it; `per_blue` is what one replica of a candidate does
    compared with one of blue; a candidate that is not there says its replicas itself.
    """

    policy: str
    headroom: Fraction
    per_blue: Mapping[str, Fraction]
    budget: Ref | None
    shared: Budget | None
    accelerators: Mapping[str, int]

    def of(self, candidate: str) -> Fraction:
        """Return what one replica of a candidate does compared with one of blue; 0 where nobody says."""
        return dict(self.per_blue).get(candidate, Fraction(0))


def parse_capacity(fields: Fields, names: tuple[str, ...]) -> Reporting[Capacity]:
    """Read `capacity` of blue and these candidates; without it all versions run in full until one goes."""
    counts, rates = fields.child("acceleratorsPerReplica"), fields.child("perBlue").data
    for name in rates:
        yield from one_of(names, _key(fields, "perBlue", name))
    for name in counts.data:
        yield from one_of(("blue", *names), _key(fields, "acceleratorsPerReplica", name))
    if fields.has("greenPerBlue"):
        place = fields.ref("greenPerBlue").place
        rates = {(yield from only(names, "greenPerBlue", "perBlue", place)): fields.get("greenPerBlue")}
    return Capacity(
        policy=fields.text("policy", FULL),
        headroom=Fraction(fields.text("headroom", "0%").rstrip("%")) / 100,
        per_blue={name: Fraction(str(rate)) for name, rate in rates.items()},
        budget=fields.ref("budget") if isinstance(fields.get("budget"), int) else None,
        shared=parse_budget(fields),
        accelerators={name: int(number) for name, number in counts.data.items()},
    )


def _key(fields: Fields, *path: str) -> Ref:
    return Ref(value=path[-1], place=fields.document.at_key((*fields.path, *path)))


def serving(bundle: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return the model servers of a version."""
    return tuple(item for item in bundle if item.part == MODEL and item.kind in WORKLOADS)


def sized(
    candidate: tuple[Manifest, ...], blue: tuple[Manifest, ...], per_blue: Fraction
) -> tuple[Manifest, ...]:
    """Return a candidate with as many replicas as do the work of blue; as it is, where `per_blue` is 0.

    Model servers are compared in the order of their names: decode with decode, prefill with prefill.
    """
    if not per_blue:
        return candidate
    pairs = zip(
        sorted(serving(candidate), key=lambda item: item.name),
        sorted(serving(blue), key=lambda item: item.name),
        strict=False,
    )
    work = {new.identity: old for new, old in pairs}

    def size(old: Fraction) -> int:
        return ceil(old / per_blue)

    return tuple(
        _resized(item, work[item.identity], size) if item.identity in work else item for item in candidate
    )


def _resized(item: Manifest, like: Manifest, size: Callable[[Fraction], int]) -> Manifest:
    """Return a workload with a new number for each that another one, of the same roles, has."""
    for path, old in zip(replica_paths(item), replica_paths(like), strict=False):
        before = int(like.get(*old, default=1))
        wanted = size(Fraction(before))
        item = item.put(wanted, *path) if wanted != int(item.get(*path, default=1)) else item
    return item


def unowned(bundle: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    """Return a version whose autoscaled workloads say no `replicas`: each apply would undo the autoscaler."""
    owned = _autoscaled(bundle)
    return tuple(
        item.put({key: value for key, value in item.data["spec"].items() if key != "replicas"}, "spec")
        if item.identity in owned
        else item
        for item in bundle
    )


def scaled(bundle: tuple[Manifest, ...], share: Fraction, headroom: Fraction) -> tuple[Manifest, ...]:
    """Return a version with replicas for its share of the work and the headroom, at least one.

    `bundle` has the replicas for all of the work; workloads of an autoscaler stay as they are.
    """
    meant = {item.identity for item in serving(bundle)} - _autoscaled(bundle)
    return tuple(
        _resized(item, item, lambda full: need(int(full), share, headroom))
        if item.identity in meant
        else item
        for item in bundle
    )


def need(full: int, share: Fraction, headroom: Fraction) -> int:
    """Return the replicas for a share of what `full` do, rounded up; at least 1, at most `full`."""
    return min(full, max(1, ceil(full * share * (1 + headroom))))


def rollback_cost(blue: Iterable[Manifest], full: Iterable[Manifest]) -> str:
    """Return what going back costs: where blue has shrunk, fewer replicas answer everything at first."""
    left, wanted = (sum(map(replicas, serving(bundle))) for bundle in (blue, full))
    return AT_ONCE if left == wanted else f"{AT_ONCE}, {left} of {wanted} replicas until the rest is ready"


def _autoscaled(bundle: Iterable[Manifest]) -> set[Identity]:
    items = tuple(bundle)
    targets = {
        (
            item.get("spec", "scaleTargetRef", "kind", default="Deployment"),
            item.get("spec", "scaleTargetRef", "name"),
        )
        for item in items
        if item.kind in SCALERS
    }
    return {item.identity for item in items if (item.kind, item.name) in targets}
