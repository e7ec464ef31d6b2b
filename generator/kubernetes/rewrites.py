"""InferenceModelRewrites and InferenceObjectives: which pool they are for, which models they answer to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.model.manifests import Identity, Manifest

REWRITE, OBJECTIVE = "InferenceModelRewrite", "InferenceObjective"

ANY = ""
"""Stands for every model: a rule without a match takes each request that no other takes."""


def pool_of(item: Manifest) -> tuple[str, str]:
    """Return namespace and name of the pool that a rewrite or an objective is for."""
    return item.identity.namespace, str(item.get("spec", "poolRef", "name", default=""))


def is_for_pool(item: Manifest, pool: Identity) -> bool:
    """Return whether a rewrite or an objective is for a pool."""
    return pool_of(item) == (pool.namespace, pool.name)


def models_of(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of models that a rule matches, `ANY` for one that matches all."""
    found = ((match.get("model") or {}).get("value") for match in rule.get("matches") or ())
    return tuple(str(name or ANY) for name in found) or (ANY,)
