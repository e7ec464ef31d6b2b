"""Replicas and accelerators of every workload, and whether its pods are replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from generator.gitops.compare.model import CapacityChange
from generator.kubernetes.pods import WORKLOADS, pod_templates
from generator.kubernetes.replicas import held
from generator.kubernetes.workloads import replicas
from generator.model.manifests import Identity, Manifest


def capacities(
    before: Mapping[Identity, Manifest], after: Mapping[Identity, Manifest]
) -> tuple[CapacityChange, ...]:
    """Return every workload that has other replicas, other accelerators, or new pods."""
    known = dict.fromkeys((*after, *before))
    pairs = ((name, before.get(name), after.get(name)) for name in known if name.kind in WORKLOADS)
    found = (_capacity(name, one, other) for name, one, other in pairs if one is not other)
    return tuple(item for item in found if _differs(item))


def _capacity(name: Identity, one: Manifest | None, other: Manifest | None) -> CapacityChange:
    return CapacityChange(
        object=name,
        replicas=(_count(one), _count(other)),
        accelerators=(_held(one), _held(other)),
        restarts=bool(one and other and _templates(one) != _templates(other)),
    )


def _differs(item: CapacityChange) -> bool:
    return item.restarts or any(a != b for a, b in (item.replicas, item.accelerators))


def _count(workload: Manifest | None) -> int | None:
    return _number(replicas, workload)


def _held(workload: Manifest | None) -> int | None:
    return _number(lambda item: held(item, None), workload)


def _number(of: Callable[[Manifest], int], workload: Manifest | None) -> int | None:
    try:
        return of(workload) if workload else None
    except (AttributeError, TypeError, ValueError):  # a hand edit may have put anything there
        return None


def _templates(workload: Manifest) -> list[object]:
    return [workload.get(*path) for path in pod_templates(workload)]
