"""What the rules of routes and rewrites do with requests in one stage, version by version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from generator.kubernetes.routes import portions, rules_of
from generator.model.manifests import Manifest
from generator.model.rollout import Backend, Split


def split_of(
    item: Manifest, index: int, condition: str, version: Callable[[Mapping[str, Any]], str]
) -> Split:
    """Return how a rule divides its requests; `version` says what a backend or target belongs to, if any."""
    rule = rules_of(item)[index]
    return Split(
        object=item.identity,
        rule=str(rule.get("name") or f"rules[{index}]"),
        condition=condition,
        backends=tuple(
            Backend(version=version(part.entry), name=part.name, weight=part.weight, share=part.share)
            for part in portions(item.kind, rule)
        ),
    )
