"""Pods in a half-applied state: how many are certain to answer, and for which models."""

from __future__ import annotations

import json

from generator.kubernetes.model_servers import names_in
from generator.kubernetes.pods import pod_templates, roles_of
from generator.kubernetes.replicas import missing, replaced
from generator.kubernetes.workloads import container_paths, replicas
from generator.model.manifests import Manifest
from generator.proof.state import ClusterState, same_pods


def ready(workload: Manifest, state: ClusterState) -> int:
    """Return how many replicas surely answer at this moment, whatever the controllers have done already."""
    settled = state.settled.get(workload.identity)
    if settled is None or settled.data is workload.data:
        return replicas(workload) if settled else 0
    kept = have(workload, state)
    if workload.get("spec", "replicas") is None:
        return kept
    return max(0, kept - missing(workload, replaced(workload, settled)))


def have(workload: Manifest, state: ClusterState) -> int:
    """Return how many replicas certainly exist, old or new, and not those that may not have started."""
    settled = state.settled.get(workload.identity)
    return min(replicas(settled), replicas(workload)) if settled else 0


def restarted(workload: Manifest, state: ClusterState) -> bool:
    """Return whether pods of a running workload are being replaced."""
    settled = state.settled.get(workload.identity)
    return settled is not None and not same_pods(settled, workload)


def role(workload: Manifest) -> str:
    """Return the role that the labels of a workload's pods name, if any."""
    return " and ".join(sorted(roles_of(workload)))


def fingerprint(workload: Manifest) -> str:
    """Return a text that is the same for the same pods."""
    return json.dumps([workload.get(*path) for path in pod_templates(workload)], sort_keys=True, default=str)


def models(workload: Manifest) -> frozenset[str]:
    """Return the names that the arguments of a model server say it answers to.

    None where they say nothing.
    """
    places = (path for paths in container_paths(workload).values() for path in paths)
    return frozenset(name for path in places for name in names_in(workload.get(*path)))
