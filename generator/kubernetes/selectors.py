"""Selectors of two versions: which labels must differ so that neither matches the other's pods (I1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from generator.kubernetes.pods import POD_NAME, WORKLOADS, pod_names, pod_templates
from generator.model.manifests import Manifest

_ALL_WHEN_EMPTY = frozenset({"PodDisruptionBudget", "PodMonitor", "PodMonitoring", "ServiceMonitor"})
"""Kinds whose selector without any demand catches everything in the namespace."""

_FLAT = frozenset({"Service", "ReplicationController"})


def selectors(manifest: Manifest) -> Iterator[Mapping[str, str]]:
    """Return every selector by which an object catches pods or Services, as pairs that it demands."""
    selector = manifest.get("spec", "selector")
    if not isinstance(selector, Mapping) or manifest.kind == "PersistentVolumeClaim":
        return
    if manifest.kind in _FLAT:
        yield from [selector] if selector else []
    elif manifest.kind in _ALL_WHEN_EMPTY or {"matchLabels", "matchExpressions"} & selector.keys():
        one = {
            item["key"]: item["values"][0]
            for item in selector.get("matchExpressions") or ()
            if item.get("operator") == "In" and len(item.get("values") or ()) == 1
        }
        yield one | (selector.get("matchLabels") or {})


Labels = Mapping[str, Any]

_GROUP_NAME = "leaderworkerset.sigs.k8s.io/name"

_OF_SERVICES = frozenset({"ServiceMonitor"})
SELECTING = frozenset(
    {"NetworkPolicy", "PodDisruptionBudget", "PodMonitor", "PodMonitoring", "ServiceMonitor", "Service"}
    | WORKLOADS
)
"""Kinds that act on what their selector catches; pools have rules of their own."""


def selector_of(item: Manifest) -> Mapping[str, Any] | None:
    """Return an object's selector in the form with `matchLabels`; None where it has none.

    An empty selector of a Service catches nothing, that of every other kind everything.
    """
    found = item.get("spec", "podSelector" if item.kind == "NetworkPolicy" else "selector")
    if not isinstance(found, Mapping):
        return None
    if item.kind in _FLAT:
        return {"matchLabels": found} if found else None
    return found


def catches(item: Manifest, target: Manifest) -> bool:
    """Return whether an object's selector catches a Service, or any of a workload's pods."""
    selector = selector_of(item)
    if selector is None or not _looks_into(item, target):
        return False
    return any(matches(selector, labels) for labels in _labels_of(item, target))


def matches(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Return whether every pair and every expression of a selector holds for the labels."""
    pairs = (selector.get("matchLabels") or {}).items()
    expressions = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in pairs) and all(
        _OPERATORS[one["operator"]](labels.get(one["key"]), one.get("values") or ()) for one in expressions
    )


def pod_label_sets(workload: Manifest) -> Iterator[Labels]:
    """Return the labels of a workload's pods, with those that its controller adds."""
    own = {_GROUP_NAME: workload.name} if workload.kind == "LeaderWorkerSet" else {}
    for path in pod_templates(workload):
        labels = workload.get(*path, "metadata", "labels", default={}) | own
        yield labels
        yield from (labels | {POD_NAME: name} for name in pod_names(workload))


def targets(objects: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return what selectors can catch: workloads for their pods, and Services."""
    return tuple(item for item in objects if item.kind in WORKLOADS or item.kind == "Service")


def _labels_of(item: Manifest, target: Manifest) -> Iterator[Labels]:
    if item.kind in _OF_SERVICES:
        yield from [target.get("metadata", "labels", default={})] if target.kind == "Service" else []
    elif target.kind in WORKLOADS:
        yield from pod_label_sets(target)


def _looks_into(item: Manifest, target: Manifest) -> bool:
    """Return whether an object looks into a target's namespace; monitors can say which they look into."""
    wanted = item.get("spec", "namespaceSelector", default={})
    if wanted.get("any"):
        return True
    return target.identity.namespace in (wanted.get("matchNames") or [item.identity.namespace])


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
}
"""Operator of a label expression → does it hold for the label's value, None where there is none?"""
