"""Rules: InferenceModelRewrites rewrite something, and each name by one rule (field/model-rewrite)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.kubernetes.rewrites import REWRITE, models_of, pool_of
from generator.kubernetes.routes import rules_of
from generator.model.findings import Finding
from generator.model.manifests import Manifest
from generator.rules.case import Case, related, rule


def _rewrites(case: Case) -> tuple[Manifest, ...]:
    return tuple(item for item in case.objects if item.kind == REWRITE)


@rule("RP545", "error", "weights for some targets only")
def some_weights(case: Case) -> Iterator[Finding]:
    """Find rules with weights for some targets only: the others are never chosen (field/model-rewrite)."""
    for rewrite, index, targets in _targets(case):
        bare = [place for place, target in enumerate(targets) if "weight" not in target]
        if bare and len(bare) < len(targets):
            yield case.finding(
                f"rule {index} of {REWRITE} `{rewrite.name}` has weights for some of its targets: "
                f"`{targets[bare[0]].get('modelRewrite')}` would never be chosen",
                rewrite.origin.at("spec", "rules", index, "targets", bare[0]),
                "give every target a `weight`, or none",
                about=rewrite,
            )


@rule("RP547", "error", "rewrite rule does nothing")
def idle_rules(case: Case) -> Iterator[Finding]:
    """Find rewrites that the API takes and that rewrite nothing (field/model-rewrite)."""
    for rewrite in _rewrites(case):
        if not rules_of(rewrite):
            yield _idle(case, rewrite, "has no rules", "spec", "rules")
    for rewrite, index, targets in _targets(case):
        if not targets:
            yield _idle(case, rewrite, f"has no targets in rule {index}", "spec", "rules", index)
        for place, target in enumerate(targets):
            if not target.get("modelRewrite"):
                path = ("spec", "rules", index, "targets", place)
                yield _idle(case, rewrite, f"has a target without `modelRewrite` in rule {index}", *path)


def _idle(case: Case, rewrite: Manifest, what: str, *path: str | int) -> Finding:
    return case.finding(
        f"{REWRITE} `{rewrite.name}` {what}: the API takes it, and the requests keep the name that "
        "the pods do not know",
        rewrite.origin.at(*path),
        "name the model or adapter that answers as `modelRewrite` of a target, or remove the rule",
        about=rewrite,
    )


def _targets(case: Case) -> Iterator[tuple[Manifest, int, list[Mapping[str, Any]]]]:
    for rewrite in _rewrites(case):
        for index, fields in enumerate(rules_of(rewrite)):
            yield rewrite, index, list(fields.get("targets") or ())


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{name}`" if name else "a rule for all names" for name in names)


@rule("RP548", "error+", "two rules rewrite one model")
def contested_names(case: Case) -> Iterator[Finding]:
    """Find names that two rules of a pool rewrite: only the oldest object counts (field/model-rewrite)."""
    seen: dict[tuple[tuple[str, str], str], tuple[Manifest, int]] = {}
    for rewrite in _rewrites(case):
        for index, fields in enumerate(rules_of(rewrite)):
            for name in dict.fromkeys(models_of(fields)):
                first = seen.setdefault((pool_of(rewrite), name), (rewrite, index))
                if first != (rewrite, index):
                    yield case.finding(
                        f"two rules of InferencePool `{pool_of(rewrite)[1]}` rewrite "
                        f"{_quoted([name])}: the older object's wins, and of two of one second either",
                        rewrite.origin.at("spec", "rules", index),
                        "keep one rule for each name, and edit its object in place",
                        related(first[0], "the other rule", "spec", "rules", first[1]),
                        about=rewrite,
                    )
