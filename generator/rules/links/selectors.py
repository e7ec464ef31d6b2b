"""Selectors: those of Services, pools, budgets and monitors catch something."""

from __future__ import annotations

from collections.abc import Iterator

from generator.kubernetes.labels import is_given
from generator.kubernetes.selectors import catches, pairs_of, selector_of
from generator.model.codes import finding
from generator.model.findings import Finding
from generator.model.manifests import Manifest, find
from generator.rules.links.objects import ObjectCatalog

CATCH_PODS = frozenset({"InferencePool", "PodDisruptionBudget", "PodMonitor", "PodMonitoring", "Service"})


def idle_selectors(catalog: ObjectCatalog) -> Iterator[Finding]:
    """Find selectors that catch nothing in the rollout."""
    for item in catalog.objects:
        selector = selector_of(item)
        if selector is None:
            continue
        if item.kind in CATCH_PODS and not catalog.caught(selector, item.identity.namespace):
            yield _idle(item, "no pod template", _nearest(item, catalog))
        elif item.kind == "ServiceMonitor" and not services_of(item, catalog):
            yield _idle(item, "no Service", "")


def services_of(monitor: Manifest, catalog: ObjectCatalog) -> tuple[Manifest, ...]:
    """Return the Services that a monitor selects."""
    return tuple(service for service in find(catalog.objects, "Service") if catches(monitor, service))


def _nearest(item: Manifest, catalog: ObjectCatalog) -> str:
    """Name the template that misses the fewest labels, and those."""
    asked = {key: value for key, value in (pairs_of(item) or {}).items() if not is_given(key)}
    best = (len(asked), "")
    for template in catalog.templates:
        lacks = [f"`{key}: {value}`" for key, value in asked.items() if template.labels.get(key) != value]
        if template.owner.identity.namespace == item.identity.namespace and len(lacks) < best[0]:
            best = (len(lacks), f"the pods of {template.owner.identity} lack {', '.join(lacks)}")
    return best[1]


def _idle(item: Manifest, what: str, hint: str) -> Finding:
    return finding(
        "RP431",
        f"the selector of {item.identity} catches {what} of the manifests",
        item.origin.at("spec", "selector"),
        hint or "give the selector labels of what it is for, or add that to the manifests",
        about=item,
    )
