"""InferenceModelRewrites through a rollout: the targets of one rule, and nothing else, change."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from generator.model.manifests import Manifest
from generator.model.rollout import Split
from generator.model.weights import divide
from generator.stages.traffic.splits import split_of

STABLE, CANDIDATE = "stable", "candidate"


def rule_for(rewrite: Manifest, alias: str) -> int | None:
    """Return the index of the rule that matches the alias exactly, if the rewrite has one."""
    rules: list[Mapping[str, Any]] = rewrite.get("spec", "rules", default=[])
    for index, rule in enumerate(rules):
        if any(match.get("model", {}).get("value") == alias for match in rule.get("matches") or ()):
            return index
    return None


def baseline(rewrite: Manifest, rule: int, stable: str) -> Manifest:
    """Return the rewrite with the stable adapter as the rule's only target: as it stands, if it is that."""
    targets: list[Mapping[str, Any]] = rewrite.get("spec", "rules", rule, "targets", default=[])
    if [target.get("modelRewrite") for target in targets] == [stable]:
        return rewrite
    return rewrite.put([{"modelRewrite": stable}], "spec", "rules", rule, "targets")


def shifted(
    rewrite: Manifest, rule: int, stable: str, shares: Mapping[str, Fraction], total: int
) -> Manifest:
    """Return the rewrite with each candidate at its share, and the stable adapter at the rest.

    A target has no weight 0 and weights are all or none (field/model-rewrite): an adapter without a share
    is left out.
    """
    weights = divide(total, shares.values())
    targets = [
        {"modelRewrite": name, "weight": weight}
        for name, weight in zip((stable, *shares), weights, strict=True)
        if weight
    ]
    return rewrite.put(targets, "spec", "rules", rule, "targets")


def splits(rewrite: Manifest, rule: int, alias: str, versions: Mapping[str, str]) -> tuple[Split, ...]:
    """Return what the rule does with requests for the alias; `versions` says what each adapter is."""
    return (split_of(rewrite, rule, f"model: {alias}", lambda target: versions[target["modelRewrite"]]),)
