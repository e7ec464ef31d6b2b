"""Replicas that follow the weights: enough for the share at every moment, and no more than asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from generator.anatomy import MODEL, SCALERS, WORKLOADS
from generator.fields import Fields
from generator.manifests import Identity, Manifest
from generator.model import Ref
from generator.weights import WHOLE
from generator.workloads import replica_paths, replicas

FULL, FOLLOW_WEIGHT = "full", "follow-weight"
AT_ONCE = "at once: all requests go to blue"


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """How many replicas each version has along the way.

    `headroom` is a fraction on top of the share; `per_replica` is what one replica of green does
    compared with one of blue; 0 where green's manifests say their replicas themselves.
    """

    policy: str
    headroom: Decimal
    per_replica: Decimal
    budget: Ref | None
    accelerators: Mapping[str, int]


def parse_capacity(fields: Fields) -> Capacity:
    """Read `capacity`; without it both versions run in full until one goes."""
    counts = fields.child("acceleratorsPerReplica")
    return Capacity(
        policy=fields.text("policy", FULL),
        headroom=Decimal(fields.text("headroom", "0%").rstrip("%")) / WHOLE,
        per_replica=Decimal(str(fields.get("greenPerBlue", 0))),
        budget=fields.ref("budget") if fields.has("budget") else None,
        accelerators={name: int(counts.get(name)) for name in ("blue", "green") if counts.has(name)},
    )


def serving(bundle: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Give the model servers of a version."""
    return tuple(item for item in bundle if item.part == MODEL and item.kind in WORKLOADS)


def sized(
    green: tuple[Manifest, ...], blue: tuple[Manifest, ...], capacity: Capacity
) -> tuple[Manifest, ...]:
    """Give green with as many replicas as do the work of blue, where the plan compares the two.

    Model servers are compared in the order of their names: decode with decode, prefill with prefill.
    """
    if not capacity.per_replica:
        return green
    pairs = zip(
        sorted(serving(green), key=lambda item: item.name),
        sorted(serving(blue), key=lambda item: item.name),
        strict=False,
    )
    work = {new.identity: old for new, old in pairs}
    return tuple(
        _resized(item, work[item.identity], lambda old: _up(old / capacity.per_replica))
        if item.identity in work
        else item
        for item in green
    )


def _resized(item: Manifest, like: Manifest, size: Callable[[Decimal], int]) -> Manifest:
    """Give a workload with a new number for each that another one, of the same roles, has."""
    for path, old in zip(replica_paths(item), replica_paths(like), strict=False):
        before = int(like.get(*old, default=1))
        wanted = size(Decimal(before))
        item = item.put(wanted, *path) if wanted != int(item.get(*path, default=1)) else item
    return item


def unowned(bundle: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    """Give a version whose autoscaled workloads say no `replicas`: each apply would undo the autoscaler."""
    owned = _autoscaled(bundle)
    return tuple(
        item.put({key: value for key, value in item.data["spec"].items() if key != "replicas"}, "spec")
        if item.identity in owned
        else item
        for item in bundle
    )


def scaled(bundle: tuple[Manifest, ...], share: Decimal, headroom: Decimal) -> tuple[Manifest, ...]:
    """Give a version with replicas for `share` percent of its work and the headroom, at least one.

    `bundle` has the replicas for all of the work; workloads of an autoscaler stay as they are.
    """
    meant = {item.identity for item in serving(bundle)} - _autoscaled(bundle)
    return tuple(
        _resized(item, item, lambda full: need(int(full), share, headroom))
        if item.identity in meant
        else item
        for item in bundle
    )


def need(full: int, share: Decimal, headroom: Decimal) -> int:
    """Give the replicas for `share` percent of what `full` do, rounded up; at least 1, at most `full`."""
    return min(full, max(1, _up(full * share / WHOLE * (1 + headroom))))


def way_back(blue: Iterable[Manifest], full: Iterable[Manifest]) -> str:
    """Say what going back costs: where blue has shrunk, fewer replicas answer everything at first."""
    left, wanted = (sum(map(replicas, serving(bundle))) for bundle in (blue, full))
    return AT_ONCE if left == wanted else f"{AT_ONCE}, {left} of {wanted} replicas until the rest is ready"


def _up(number: Decimal) -> int:
    return int(number.to_integral_value(rounding=ROUND_CEILING))


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
