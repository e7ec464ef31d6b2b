"""Find the objects of a pool: picker, model servers, rewrites, policies, and what those need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from generator.kubernetes.pods import WORKLOADS
from generator.kubernetes.policies import POLICIES, is_for, picker_service_name
from generator.kubernetes.references import needs_of
from generator.kubernetes.rewrites import REWRITE, is_for_pool
from generator.kubernetes.router import find_picker, servers_of
from generator.model.manifests import Identity, Manifest
from generator.proof.pods import fingerprint, models, role

Value = TypeVar("Value")
Manifests = Iterable[Manifest]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ownership:
    """Finds which objects belong to a pool, with a cache."""

    _pairs: dict[tuple[str, int, int], bool] = field(default_factory=dict)
    _facts: dict[tuple[str, int], object] = field(default_factory=dict)

    def serves(self, pool: Manifest, workload: Manifest) -> bool:
        """Return whether a pool selects pods of a workload."""
        return self._pair("serves", pool, workload, lambda: bool(servers_of((workload,), pool)))

    def picks(self, pool: Manifest, service: Manifest, workload: Manifest) -> bool:
        """Return whether the Service of a pool's picker leads to pods of a workload."""
        return self._pair(
            "picks", service, workload, lambda: bool(find_picker((service, workload), pool).workloads)
        )

    def servers(self, pool: Manifest, objects: Manifests) -> tuple[Manifest, ...]:
        """Return the workloads whose pods a pool selects."""
        return tuple(item for item in objects if item.kind in WORKLOADS and self.serves(pool, item))

    def pickers(self, pool: Manifest, service: Manifest, objects: Manifests) -> tuple[Manifest, ...]:
        """Return the workloads behind the Service of a pool's picker."""
        return tuple(item for item in objects if item.kind in WORKLOADS and self.picks(pool, service, item))

    def fingerprint(self, workload: Manifest) -> str:
        """Return a text that is the same for the same pods."""
        return self._fact("fingerprint", workload, fingerprint)

    def role(self, workload: Manifest) -> str:
        """Return the role of a workload's pods; requests need pods of every role."""
        return self._fact("role", workload, role)

    def policies(self, pool: Manifest, known: Manifests) -> tuple[Manifest, ...]:
        """Return the policies that a gateway needs to reach a pool, of all that are known."""
        return self._fact("policies", pool, lambda item: tuple(policies_of(item, known)))

    def models(self, workload: Manifest) -> frozenset[str]:
        """Return the model names that a model server serves."""
        return self._fact("models", workload, models)

    def needs(self, workload: Manifest) -> frozenset[Identity]:
        """Return what a workload's pods cannot start without."""
        return self._fact("needs", workload, _needs)

    def _pair(self, what: str, one: Manifest, other: Manifest, ask: Callable[[], bool]) -> bool:
        key = (what, id(one.data), id(other.data))
        if key not in self._pairs:
            self._pairs[key] = one.identity.namespace == other.identity.namespace and ask()
        return self._pairs[key]

    def _fact(self, what: str, item: Manifest, ask: Callable[[Manifest], Value]) -> Value:
        key = (what, id(item.data))
        if key not in self._facts:
            self._facts[key] = ask(item)
        return self._facts[key]  # type: ignore[return-value]


def picker_service(pool: Manifest) -> Identity | None:
    """Return the identity of the Service of a pool's picker, where the pool names one."""
    name = picker_service_name(pool)
    return Identity(group="", kind="Service", namespace=pool.identity.namespace, name=name) if name else None


def rewrites_of(pool: Identity, objects: Manifests) -> tuple[Manifest, ...]:
    """Return the rewrites of a pool, the first by name first."""
    found = (item for item in objects if item.kind == REWRITE and is_for_pool(item, pool))
    return tuple(sorted(found, key=lambda item: item.name))


def policies_of(pool: Manifest, objects: Manifests) -> Iterator[Manifest]:
    """Return the policies that a gateway needs to reach a pool or the Service of its picker."""
    return (item for item in objects if item.kind in POLICIES and is_for(item, pool))


def _needs(workload: Manifest) -> frozenset[Identity]:
    namespace = workload.identity.namespace
    return frozenset(need.identity(namespace) for need in needs_of(workload) if not need.optional)
