"""Choose labels that distinguish green's pods from blue's, and set them in selectors and templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from generator.kubernetes.labels import (
    ACCELERATOR_VARIANT,
    ACCELERATOR_VENDOR,
    APP_COMPONENT,
    APP_INSTANCE,
    APP_NAME,
    APP_PART_OF,
    ENGINE,
    GUIDE,
    IGW_MODE,
    MODEL_LABEL,
    ROLE,
    SERVING,
)
from generator.kubernetes.names import NAME, fit, hashed
from generator.kubernetes.pods import WORKLOADS, pod_templates
from generator.kubernetes.selectors import pairs_of
from generator.model.manifests import Manifest, dig

Pair = tuple[str, str]
"""A label: its key and its value."""

_OWN = ("app", GUIDE, APP_INSTANCE, APP_NAME)
"""Keys that name a version, the best first: a new value for them means nothing else."""

_MEANING = frozenset(
    {
        APP_COMPONENT,
        "app.kubernetes.io/managed-by",
        APP_PART_OF,
        "app.kubernetes.io/version",
        ACCELERATOR_VARIANT,
        ACCELERATOR_VENDOR,
        ENGINE,
        IGW_MODE,
        SERVING,
        MODEL_LABEL,
        ROLE,
    }
)
"""Keys whose values the endpoint picker or people read: they stay as they are."""


def label_sets(manifest: Manifest) -> Iterator[Mapping[str, str]]:
    """Return the labels of an object itself, and of the pods that it makes."""
    yield manifest.get("metadata", "labels", default={})
    if manifest.kind in WORKLOADS:
        for path in pod_templates(manifest):
            yield manifest.get(*path, "metadata", "labels", default={})


def distinguishing(
    manifests: Iterable[Manifest], renamed: Mapping[str, str], suffix: str, taken: Iterable[Manifest] = ()
) -> tuple[dict[Pair, str], tuple[Manifest, ...]]:
    """Return the new value of each label pair that must differ, and the objects that no pair can help.

    A pair whose value is a renamed object's name follows that name. A selector without such a pair
    gets one: the best key that names a version. A selector that knows only what pods *are* cannot be
    told apart, and its object is given back. A new value is one that no object in `taken` has.
    """
    known = tuple(manifests)
    fresh = _Fresh((*known, *taken))
    changed: dict[Pair, str] = {}
    for manifest in known:
        for labels in _pairs_in(manifest):
            for key, value in labels.items():
                if value in renamed and key not in _MEANING and (key, value) not in changed:
                    changed[key, value] = fresh.value(key, renamed[value])
    hopeless = []
    for manifest in known:
        selector = pairs_of(manifest)
        if selector is not None and not any(pair in changed for pair in selector.items()):
            pair = _best(selector)
            if pair is None:
                hopeless.append(manifest)
            else:
                changed[pair] = fresh.value(pair[0], fit(pair[1] + suffix, NAME))
    return changed, tuple(hopeless)


def _pairs_in(manifest: Manifest) -> tuple[Mapping[str, str], ...]:
    return (pairs_of(manifest) or {}, *label_sets(manifest))


class _Fresh:
    """Label values that no label of another version, and no other of this one, has under the same key."""

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self._known = {
            pair for manifest in manifests for labels in _pairs_in(manifest) for pair in labels.items()
        }

    def value(self, key: str, wanted: str) -> str:
        """Return the value that is wanted, with a hash where it is taken."""
        value, tries = wanted, 0
        while (key, value) in self._known:
            tries += 1
            value = hashed(wanted, f"{wanted} {tries}", NAME)
        self._known.add((key, value))
        return value


def _best(selector: Mapping[str, str]) -> Pair | None:
    named = [key for key in _OWN if key in selector]
    free = sorted(key for key in selector if key not in _MEANING and key not in named)
    return next(((key, selector[key]) for key in (*named, *free)), None)


_LABELS = frozenset({"labels", "matchLabels"})
_FOREIGN = frozenset({"namespaceSelector", "nodeAffinity", "nodeSelector", "volumeClaimTemplates"})
"""Fields whose labels are those of nodes, namespaces and volumes."""


def relabel(data: Any, changed: Mapping[Pair, str]) -> Any:
    """Return a copy of any part of an object in which each changed pair of a label has its new value.

    Labels are told from other fields by where they stand: a container may be called as a label's value.
    """
    if isinstance(data, list):
        return [relabel(item, changed) for item in data]
    if not isinstance(data, dict):
        return data
    return {
        key: value if key in _FOREIGN else _relabelled(key, value, changed) for key, value in data.items()
    }


def _relabelled(key: str, value: Any, changed: Mapping[Pair, str]) -> Any:
    if key in _LABELS or (key == "selector" and _is_flat(value)):
        return {name: changed.get((name, label), label) for name, label in (value or {}).items()}
    if key == "matchExpressions" and isinstance(value, list):
        return [_expression(item, changed) for item in value]
    return relabel(value, changed)


def _is_flat(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _expression(item: Mapping[str, Any], changed: Mapping[Pair, str]) -> dict[str, Any]:
    values = [changed.get((str(item.get("key")), value), value) for value in dig(item, "values", default=[])]
    return {**item, "values": values} if values else dict(item)
