"""Label selectors: what an object catches, by labels of manifests and those that controllers give (I1).

A selector is in the form with `matchLabels` and `matchExpressions` everywhere; `selector_of` brings it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from generator.kubernetes.labels import OWNER_NAME, POD_NAME, is_given
from generator.kubernetes.pods import WORKLOADS, is_pod_name, pod_templates
from generator.model.manifests import Manifest

Labels = Mapping[str, Any]
Selector = Mapping[str, Any]

_FLAT = frozenset({"Service", "ReplicationController"})
"""Kinds whose selector is a mapping of labels; without any it catches nothing."""

_ALL_WHEN_EMPTY = frozenset({"PodDisruptionBudget", "PodMonitor", "PodMonitoring", "ServiceMonitor"})
"""Kinds whose selector without any demand catches everything in the namespace."""

_OTHERS = frozenset({"NetworkPolicy", "PersistentVolumeClaim"})
"""Kinds that select volumes, or pods as what they are rather than whose."""

_OF_SERVICES = frozenset({"ServiceMonitor"})
SELECTING = frozenset(
    {"NetworkPolicy", "PodDisruptionBudget", "PodMonitor", "PodMonitoring", "ServiceMonitor", "Service"}
    | WORKLOADS
)
"""Kinds that act on what their selector catches; pools have rules of their own."""


def selector_of(item: Manifest) -> Selector | None:
    """Return an object's selector in the form with `matchLabels`; None where it has none.

    An empty selector of a Service catches nothing, that of every other kind everything.
    """
    found = item.get("spec", "podSelector" if item.kind == "NetworkPolicy" else "selector")
    if not isinstance(found, Mapping):
        return None
    if item.kind in _FLAT:
        return {"matchLabels": found} if found else None
    return found if not found or {"matchLabels", "matchExpressions"} & found.keys() else None


def pairs_of(item: Manifest) -> dict[str, str] | None:
    """Return the labels that an object's selector demands with one value; None where it catches nothing."""
    selector = None if item.kind in _OTHERS else selector_of(item)
    if selector is None or not (selector or item.kind in _ALL_WHEN_EMPTY):
        return None
    one = {
        term["key"]: term["values"][0]
        for term in selector.get("matchExpressions") or ()
        if term.get("operator") == "In" and len(term.get("values") or ()) == 1
    }
    return one | (selector.get("matchLabels") or {})


def matches(selector: Selector, labels: Labels) -> bool:
    """Return whether every pair and every expression of a selector holds for the labels."""
    pairs, terms = selector.get("matchLabels"), selector.get("matchExpressions")
    return all(labels.get(key) == value for key, value in (pairs or {}).items()) and all(
        _OPERATORS[term["operator"]](labels.get(term["key"]), term.get("values") or ())
        for term in terms or ()
    )


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
}
"""Operator of a label expression → does it hold for the label's value, None where there is none?"""


def caught_labels(selector: Selector, workload: Manifest) -> Iterator[Labels]:
    """Return the labels of each pod template of a workload whose pods a selector may catch.

    Of the labels that the controller gives, those with names of objects are known; any other may have
    any value.
    """
    for path in pod_templates(workload):
        labels: Labels = workload.get(*path, "metadata", "labels", default={})
        if selects_template(selector, workload, labels):
            yield labels


def selects_template(selector: Selector, workload: Manifest, labels: Labels) -> bool:
    """Return whether a selector may catch pods of the template of a workload that has these labels."""
    rest = _of_template(selector, workload)
    return rest is not None and matches(rest, labels)


def selects_pods(selector: Selector, workload: Manifest) -> bool:
    """Return whether a selector catches pods of a workload, by the labels that its controller gives too."""
    return any(True for _ in caught_labels(selector, workload))


def selected(manifests: Iterable[Manifest], selector: Selector) -> tuple[Manifest, ...]:
    """Return the workloads whose pods a selector catches."""
    return tuple(item for item in manifests if item.kind in WORKLOADS and selects_pods(selector, item))


def catches(item: Manifest, target: Manifest) -> bool:
    """Return whether an object's selector catches a Service, or any of a workload's pods."""
    selector = selector_of(item)
    if selector is None or not _looks_into(item, target):
        return False
    if item.kind in _OF_SERVICES:
        labels = target.get("metadata", "labels", default={})
        return target.kind == "Service" and matches(selector, labels)
    return target.kind in WORKLOADS and selects_pods(selector, target)


def targets(objects: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return what selectors can catch: workloads for their pods, and Services."""
    return tuple(item for item in objects if item.kind in WORKLOADS or item.kind == "Service")


def _looks_into(item: Manifest, target: Manifest) -> bool:
    """Return whether an object looks into a target's namespace; monitors can say which they look into."""
    wanted = item.get("spec", "namespaceSelector", default={})
    if wanted.get("any"):
        return True
    return target.identity.namespace in (wanted.get("matchNames") or [item.identity.namespace])


def _of_template(selector: Selector, workload: Manifest) -> Selector | None:
    """Return what a selector demands of templates; None where the controller gives other labels."""
    pairs, terms = selector.get("matchLabels") or {}, selector.get("matchExpressions") or ()
    if not any(map(is_given, pairs)) and not any(is_given(term["key"]) for term in terms):
        return selector
    own = {key: value for key, value in pairs.items() if is_given(key, workload.kind)}
    given = [term for term in terms if is_given(term["key"], workload.kind)]
    if not all(_may_give(workload, key, value) for key, value in own.items()):
        return None
    if not all(_may_hold(workload, term) for term in given):
        return None
    return {
        "matchLabels": {key: value for key, value in pairs.items() if key not in own},
        "matchExpressions": [term for term in terms if term not in given],
    }


def _may_give(workload: Manifest, key: str, value: str) -> bool:
    """Return whether a controller may give a label this value: names of objects are known."""
    if key == POD_NAME:
        return is_pod_name(workload, value)
    return key != OWNER_NAME.get(workload.kind) or value == workload.name


def _may_hold(workload: Manifest, term: Mapping[str, Any]) -> bool:
    key, values = term["key"], term.get("values") or ()
    if term["operator"] == "In":
        return any(_may_give(workload, key, value) for value in values)
    if term["operator"] == "NotIn" and key == OWNER_NAME.get(workload.kind):
        return bool(workload.name not in values)
    return bool(term["operator"] != "DoesNotExist")
