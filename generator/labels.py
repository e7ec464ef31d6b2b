"""Labels that tell two versions apart: which pairs must differ, and what they become (contract I1 a)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from generator.anatomy import WORKLOADS, pod_template
from generator.manifests import Manifest, dig

Pair = tuple[str, str]
"""A label: its key and its value."""

_OWN = ("app", "llm-d.ai/guide", "app.kubernetes.io/instance", "app.kubernetes.io/name")
"""Keys that name a version, the best first: a new value for them means nothing else."""

_MEANING = frozenset(
    {
        "app.kubernetes.io/component",
        "app.kubernetes.io/managed-by",
        "app.kubernetes.io/part-of",
        "app.kubernetes.io/version",
        "llm-d.ai/accelerator-variant",
        "llm-d.ai/accelerator-vendor",
        "llm-d.ai/engine-type",
        "llm-d.ai/igw-mode",
        "llm-d.ai/inference-serving",
        "llm-d.ai/model",
        "llm-d.ai/role",
    }
)
"""Keys whose values the endpoint picker or people read: they stay as they are."""


def selectors(manifest: Manifest) -> Iterator[Mapping[str, str]]:
    """Give every equality selector by which an object catches pods or Services."""
    flat = manifest.get("spec", "selector", default={})
    if manifest.kind in {"Service", "ReplicationController"}:
        yield flat
    elif isinstance(flat, Mapping) and "matchLabels" in flat:
        yield flat["matchLabels"]


def label_sets(manifest: Manifest) -> Iterator[Mapping[str, str]]:
    """Give the labels of an object itself, and of the pods that it makes."""
    yield manifest.get("metadata", "labels", default={})
    if manifest.kind in WORKLOADS:
        yield manifest.get(*pod_template(manifest), "metadata", "labels", default={})
        yield manifest.get("spec", "leaderWorkerTemplate", "leaderTemplate", "metadata", "labels", default={})


def distinguishing(
    manifests: Iterable[Manifest], renamed: Mapping[str, str], suffix: str
) -> tuple[dict[Pair, str], tuple[Manifest, ...]]:
    """Give the new value of each label pair that must differ, and the objects that no pair can help.

    A pair whose value is a renamed object's name follows that name. A selector without such a pair
    gets one: the best key that names a version. A selector that knows only what pods *are* cannot be
    told apart, and its object is given back.
    """
    known = tuple(manifests)
    changed: dict[Pair, str] = {
        (key, value): renamed[value]
        for manifest in known
        for labels in (*selectors(manifest), *label_sets(manifest))
        for key, value in labels.items()
        if value in renamed and key not in _MEANING
    }
    hopeless = []
    for manifest in known:
        for selector in selectors(manifest):
            if not selector or any(pair in changed for pair in selector.items()):
                continue
            pair = _best(selector)
            if pair is None:
                hopeless.append(manifest)
            else:
                changed[pair] = fitted(pair[1], suffix)
    return changed, tuple(hopeless)


def fitted(value: str, suffix: str) -> str:
    """Give a value with a suffix, within the 63 characters of a label."""
    return f"{value[: 63 - len(suffix)].rstrip('-._')}{suffix}"


def _best(selector: Mapping[str, str]) -> Pair | None:
    named = [key for key in _OWN if key in selector]
    free = sorted(key for key in selector if key not in _MEANING and key not in named)
    return next(((key, selector[key]) for key in (*named, *free)), None)


def relabel(data: Any, changed: Mapping[Pair, str]) -> Any:
    """Give a copy of any part of an object in which each changed pair has its new value."""
    if isinstance(data, list):
        return [relabel(item, changed) for item in data]
    if not isinstance(data, dict):
        return data
    return {key: _relabelled(key, value, changed) for key, value in data.items()}


def _relabelled(key: str, value: Any, changed: Mapping[Pair, str]) -> Any:
    if isinstance(value, str):
        return changed.get((key, value), value)
    if key == "matchExpressions" and isinstance(value, list):
        return [_expression(item, changed) for item in value]
    return relabel(value, changed)


def _expression(item: Mapping[str, Any], changed: Mapping[Pair, str]) -> dict[str, Any]:
    values = [changed.get((str(item.get("key")), value), value) for value in dig(item, "values", default=[])]
    return {**item, "values": values} if values else dict(item)
