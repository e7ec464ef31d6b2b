"""One version of a service in a rollout: its pool, and all objects that belong to it."""

from __future__ import annotations

from dataclasses import dataclass

from generator.kubernetes.backends import Pool
from generator.kubernetes.router import servers_of
from generator.model.manifests import Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """What the plan calls a version, its InferencePool, and all of its objects at their full size."""

    name: str
    pool: Manifest
    objects: tuple[Manifest, ...]

    @property
    def servers(self) -> tuple[Manifest, ...]:
        """Return the workloads whose pods the pool selects."""
        return servers_of(self.objects, self.pool)

    @property
    def target(self) -> Pool:
        """Return the pool as routes refer to it."""
        return Pool(version=self.name, name=self.pool.name, namespace=self.pool.identity.namespace)
