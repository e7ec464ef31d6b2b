"""Update references in green's copies: names, hosts, flags and queries that mean blue's objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from generator.kubernetes.commands import with_values
from generator.kubernetes.pods import CONTAINER_GROUPS
from generator.kubernetes.references import Names, references_of
from generator.kubernetes.router import POOL_FLAGS, POOL_VARIABLES
from generator.model.manifests import Manifest, put

_RESOURCES = {
    "configmaps": "ConfigMap",
    "inferencepools": "InferencePool",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "secrets": "Secret",
    "serviceaccounts": "ServiceAccount",
    "services": "Service",
}
"""Plural in a Role's rule → the kind whose names its resourceNames are."""

_ASKING = frozenset({"HorizontalPodAutoscaler", "PrometheusRule", "ScaledObject"})

_QUERIES = frozenset({"groups", "metrics", "triggers"})
"""Fields of autoscalers and alerts that ask for metrics, by the names of objects among others."""


def follow(manifest: Manifest, names: Names, namespace: str) -> Manifest:
    """Return the object with every reference to a renamed object following it; its own name stays."""
    data: Any = manifest.data
    for reference in references_of(manifest):
        new = names.get((reference.kind, reference.name))
        if new is not None:
            value = str(manifest.get(*reference.path))
            data = put(data, f"{new}{value.removeprefix(reference.name)}", *reference.path)
    data = _with_pools(data, names)
    if manifest.kind in {"Role", "ClusterRole"}:
        data = {**data, "rules": [_rule(rule, names) for rule in data.get("rules") or ()]}
    if manifest.kind in _ASKING:
        spec = {
            key: _replaced(value, _words(tuple(names.items()))) if key in _QUERIES else value
            for key, value in (data.get("spec") or {}).items()
        }
        data = {**data, "spec": spec}
    hosts = _hosts(tuple((name, new) for (kind, name), new in names.items() if kind == "Service"), namespace)
    data = {key: value if key == "metadata" else _replaced(value, hosts) for key, value in data.items()}
    return replace(manifest, data=data)


def _with_pools(data: Any, names: Names) -> Any:
    """Follow the pool that containers are started for, wherever an object holds the spec of a pod."""
    if isinstance(data, list):
        return [_with_pools(item, names) for item in data]
    if not isinstance(data, dict):
        return data
    if not isinstance(data.get("containers"), list):
        return {key: _with_pools(value, names) for key, value in data.items()}
    followed = {
        group: [_pool_named(container, names) for container in data[group]]
        for group in CONTAINER_GROUPS
        if isinstance(data.get(group), list)
    }
    return data | followed


def _pool_named(container: Any, names: Names) -> Any:
    """Follow the pool that a picker or a sidecar is started for, by a flag or a variable."""
    if not isinstance(container, Mapping):
        return container

    def renamed(value: str) -> str:
        namespace, slash, name = value.rpartition("/")
        return f"{namespace}{slash}{names.get(('InferencePool', name), name)}"

    followed = with_values(container, POOL_FLAGS, renamed)
    if followed.get("env"):
        followed["env"] = [
            one | {"value": renamed(str(one["value"]))}
            if one.get("name") in POOL_VARIABLES and one.get("value")
            else one
            for one in followed["env"]
        ]
    return followed


def _rule(rule: Mapping[str, Any], names: Names) -> dict[str, Any]:
    kinds = [_RESOURCES[resource] for resource in rule.get("resources") or () if resource in _RESOURCES]
    if not rule.get("resourceNames") or not kinds:
        return dict(rule)
    renamed = [
        next((names[kind, name] for kind in kinds if (kind, name) in names), name)
        for name in rule["resourceNames"]
    ]
    return {**rule, "resourceNames": renamed}


_Change = tuple[re.Pattern[str], Mapping[str, str]]
"""A pattern with a group `name`, and what each name becomes."""


@cache
def _hosts(services: tuple[tuple[str, str], ...], namespace: str) -> _Change:
    """Find host names of Services: `name.namespace`, `//name`, `name:port`, and `address: name` in texts."""
    name = rf"(?P<name>{_either(old for old, _ in services)})"
    return re.compile(
        rf"(?<![-.a-zA-Z0-9]){name}(?=\.{re.escape(namespace)}(?![-a-zA-Z0-9]))"
        rf"|(?<=//){name.replace('<name>', '<url>')}(?![-.a-zA-Z0-9])"
        rf"|(?:(?<==)|^){name.replace('<name>', '<port>')}(?=:[0-9]{{1,5}}\Z)"
        rf"|(?:(?<=address: )|(?<=address: [\"'])){name.replace('<name>', '<text>')}(?![-.a-zA-Z0-9])"
    ), dict(services)


@cache
def _words(names: tuple[tuple[tuple[str, str], str], ...]) -> _Change:
    """Find names of objects as whole words, also where a query goes on with `-` for their pods."""
    name = _either(old for (_, old), _ in names)
    pattern = rf"(?<![-.a-zA-Z0-9])(?P<name>{name})(?![a-zA-Z0-9]|-[a-zA-Z0-9])"
    return re.compile(pattern), {old: new for (_, old), new in names}


def _either(names: Iterable[str]) -> str:
    """Match any of the names, the longest first, or nothing at all where there is none."""
    return "|".join(re.escape(name) for name in sorted(set(names), key=len, reverse=True)) or r"(?!)"


def _replaced(value: Any, change: _Change) -> Any:
    """Return any part of an object with the names that a pattern finds in its texts replaced."""
    if isinstance(value, dict):
        return {key: item if key == "image" else _replaced(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, change) for item in value]
    if not isinstance(value, str):
        return value
    pattern, names = change
    return pattern.sub(lambda match: names[match[0]], value)
