"""Rules about InferencePools and their pickers: they exist before, and as long as, others refer to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.kubernetes.commands import is_known
from generator.kubernetes.containers import Container, containers_of
from generator.kubernetes.gateways import IMPLEMENTATIONS
from generator.kubernetes.old_apis import OLD_POOLS_UNTIL
from generator.kubernetes.pods import WORKLOADS
from generator.kubernetes.policies import is_for
from generator.kubernetes.rewrites import REWRITE, is_for_pool
from generator.kubernetes.router import ROUTER, SELECTOR_FLAG, find_picker
from generator.model.findings import Finding
from generator.model.manifests import Manifest
from generator.model.source import Path
from generator.rules.case import Case, pools, related, rule


@rule("RP510", "error+", "something still refers to a deleted pool", keeps=("I7",))
def dangling(case: Case) -> Iterator[Finding]:
    """Find what still refers to a pool when the rollout has deleted it (I7)."""
    left = {item.identity for item in case.last}
    gone = [pool for pool in pools(case.objects) if pool.identity not in left]
    for item in case.last:
        for path, namespace, name in _pool_references(item.data, item.identity.namespace, ()):
            for pool in gone:
                if (pool.identity.namespace, pool.name) == (namespace, name):
                    yield _dangling(case, item, path, pool)


def _dangling(case: Case, item: Manifest, path: Path, pool: Manifest) -> Finding:
    lost = (
        "requests that it sends there would get 500" if item.kind.endswith("Route") else "it would do nothing"
    )
    return case.finding(
        f"{item.kind} `{item.name}` still refers to InferencePool `{pool.name}` when that is deleted: {lost}",
        item.origin.at(*path, "name"),
        f"move it to {pool.bundle}, which it leaves with, or let it refer to the pool that stays",
        related(pool, f"deleted with {pool.bundle}", "metadata", "name"),
        about=item,
    )


def _pool_references(data: Any, namespace: str, path: Path) -> Iterator[tuple[Path, str, str]]:
    """Return path, namespace and name of every reference to a pool in any part of an object."""
    if isinstance(data, list):
        for index, value in enumerate(data):
            yield from _pool_references(value, namespace, (*path, index))
    elif isinstance(data, dict):
        if path and data.get("kind") == "InferencePool" and isinstance(data.get("name"), str):
            yield path, str(data.get("namespace") or namespace), data["name"]
        for key, value in data.items():
            yield from _pool_references(value, namespace, (*path, key))


_REPLACING = (
    ("argocd.argoproj.io/sync-options", "Force=true"),
    ("kustomize.toolkit.fluxcd.io/force", "enabled"),
)
"""Annotation, and what in it makes an engine delete an object and create it again."""


@rule("RP511", "error+", "pool would be replaced in place", keeps=("I13",))
def replaced(case: Case) -> Iterator[Finding]:
    """Find pools that a GitOps engine may delete and create again (I13)."""
    for pool in pools(case.objects):
        for key, word in _REPLACING:
            if word.lower() in str(pool.get("metadata", "annotations", key, default="")).lower():
                yield case.finding(
                    f"`{key}` lets InferencePool `{pool.name}` be deleted and created again: its "
                    "endpoint picker would forget all rewrites and objectives until it restarts",
                    pool.origin.at("metadata", "annotations", key),
                    "remove the annotation from the pool: every field of it can be changed in place",
                    about=pool,
                )


@rule("RP512", "error", "endpoint picker reads no rewrites")
def picker_without_pool(case: Case) -> Iterator[Finding]:
    """Find pools with rewrites whose endpoint picker reads none (field/model-rewrite)."""
    for pool, container in _pickers(case):
        if container.flag(SELECTOR_FLAG) is None or container.flag("--pool-name") is not None:
            continue
        for item in case.objects:
            if item.kind == REWRITE and is_for_pool(item, pool.identity):
                yield case.finding(
                    f"the endpoint picker of `{pool.name}` runs with `{SELECTOR_FLAG}`, and "
                    f"reads no InferenceModelRewrite: requests for the names in `{item.name}` get 404",
                    container.workload.origin.at(*container.path, "args"),
                    f"start it with `--pool-name={pool.name}`: the chart does when it creates the pool",
                    related(item, "nobody would read this", "metadata", "name"),
                    about=container.workload,
                )


@rule("RP513", "error", "endpoint picker watches another pool")
def picker_of_another_pool(case: Case) -> Iterator[Finding]:
    """Find pools whose endpoint picker watches another pool: it serves only one (field/inference-pool)."""
    for pool, container in _pickers(case):
        wanted = {
            "--pool-name": pool.name,
            "--pool-namespace": pool.identity.namespace,
        }
        if case.plan.target.apis.inference_extension >= OLD_POOLS_UNTIL:
            wanted["--pool-group"] = pool.identity.group
        for flag, right in wanted.items():
            value = container.flag(flag)
            if value and is_known(value) and value != right:
                yield case.finding(
                    f"the endpoint picker of InferencePool `{pool.name}` has `{flag}={value}`: it "
                    "would choose among the pods of another pool",
                    container.workload.origin.at(*container.path, "args"),
                    f"set `{flag}={right}`, and give each pool an endpoint picker of its own",
                    related(pool, "this pool refers to it", "spec", "endpointPickerRef", "name"),
                    about=container.workload,
                )


def _pickers(case: Case) -> Iterator[tuple[Manifest, Container]]:
    for pool in pools(case.objects):
        near = tuple(item for item in case.objects if item.identity.namespace == pool.identity.namespace)
        for workload in find_picker(near, pool).workloads:
            for container in containers_of(workload):
                yield pool, container


@rule("RP514", "error+", "gateway needs a policy that is missing", keeps=("I4",))
def missing_policies(case: Case) -> Iterator[Finding]:
    """Find new pools without a policy that the gateway needs of them (I4, field/gateways)."""
    gateway = case.plan.target.gateway
    known = IMPLEMENTATIONS.get(gateway.provider) if gateway else None
    if known is None:
        return
    before = {item.identity for item in case.today}
    for pool in (item for item in pools(case.objects) if item.identity not in before):
        others = [one for one in case.objects if one.kind in known.customary and one.bundle != pool.bundle]
        usual = tuple(dict.fromkeys(one.kind for one in others))
        for kind in (*known.policies, *usual):
            if not any(item.kind == kind and is_for(item, pool) for item in case.objects):
                yield case.finding(
                    f"InferencePool `{pool.name}` has no {kind}, which {known.name} needs: the "
                    "gateway would reach its pods or its endpoint picker in the wrong way, or not at all",
                    pool.origin.at("metadata", "name"),
                    f"add a {kind} for `{pool.name}` to the same manifests; it must exist before a "
                    "route refers to the pool",
                    *tuple(related(one, "the other version has one") for one in others[:1]),
                    about=pool,
                )


@rule("RP515", "error+", "rolling update restarts the endpoint picker", keeps=("I12",))
def router_restarts(case: Case) -> Iterator[Finding]:
    """Find an update in place that restarts the endpoint picker of a live pool (I12)."""
    if case.versions:
        return
    before = {item.identity: item for item in case.today}
    for item in case.last:
        old = before.get(item.identity, item)
        if item.part == ROUTER and item.kind in WORKLOADS and old.data != item.data:
            yield case.finding(
                f"the update restarts {item.kind} `{item.name}`, the pool's endpoint picker: until "
                "it is back, nobody picks pods",
                item.origin.at("metadata", "name"),
                "update the model server alone; for another endpoint picker make a blue-green rollout",
                about=item,
            )
