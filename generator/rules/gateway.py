"""What the gateway's version does with routes and pools (field/versions, field/gateways)."""

from __future__ import annotations

from collections.abc import Iterator

from generator.kubernetes.gateways import IMPLEMENTATIONS, Splitting
from generator.kubernetes.routes import rules_of
from generator.model.rollout import Backend, Split
from generator.rules.case import Case, Finding


def unknown(case: Case) -> Iterator[Finding]:
    """Find a gateway that the table does not have."""
    gateway = case.plan.target.gateway
    named = gateway is not None and gateway.provider not in {"", "none", *IMPLEMENTATIONS}
    if gateway and named and any(_pools(split, 1) for split in _splits(case)):
        yield Finding(
            message=f"it is not known what `{gateway.provider}` does with weights between InferencePools",
            place=gateway.place,
            hint="try a split on a test pool first: GatewayWeightedAcrossTwoInferencePools of the Inference "
            f"Extension's conformance tests does; known are {', '.join(IMPLEMENTATIONS)}",
        )


def cannot_split(case: Case) -> Iterator[Finding]:
    """Find splits between pools on a gateway that has none (field/gateways)."""
    yield from _split_finding(case, Splitting.NONE, 0)
    yield from _split_finding(case, Splitting.CUTOVER, 1)


def splits_badly(case: Case) -> Iterator[Finding]:
    """Find splits between pools on a gateway version with a known fault (field/gateways)."""
    yield from _split_finding(case, Splitting.FAULTY, 1)


def _split_finding(case: Case, splitting: Splitting, least: int) -> Iterator[Finding]:
    """Return a finding if the gateway splits like this, and two pools of a rule have at least a weight."""
    gateway = case.plan.target.gateway
    known = IMPLEMENTATIONS.get(gateway.provider) if gateway else None
    if gateway is None or known is None:
        return
    behaviour = known.behaviour(gateway.version)
    if behaviour.splitting is splitting and any(_pools(split, least) for split in _splits(case)):
        unsure = bool(behaviour.until) and not gateway.version
        name = f"{known.name} {gateway.version}".strip() + (", unless it is new enough," if unsure else "")
        yield Finding(
            message=f"{name} {behaviour.fault} ({known.source})",
            place=gateway.place,
            hint=f"set `version`; {behaviour.fix}" if unsure else behaviour.fix,
        )


def _splits(case: Case) -> Iterator[Split]:
    return (split for stage in case.rollout.stages for split in stage.splits)


def _pools(split: Split, least: int) -> bool:
    """Return whether two versions have a rule between them, each with at least this weight."""

    def counts(backend: Backend) -> bool:
        return bool(backend.version) and backend.weight >= least

    return split.object.kind != "InferenceModelRewrite" and sum(map(counts, split.backends)) > 1


def timeouts(case: Case) -> Iterator[Finding]:
    """Find timeouts of routes on a gateway that has none (field/gateways)."""
    gateway = case.plan.target.gateway
    known = IMPLEMENTATIONS.get(gateway.provider) if gateway else None
    if known is None or known.timeouts.value != "no":
        return
    for route in case.today:
        for index, rule in enumerate(rules_of(route) if route.kind == "HTTPRoute" else ()):
            if rule.get("timeouts"):
                yield Finding(
                    message=f"{known.name} has no timeouts in HTTPRoutes: rule {index} of `{route.name}` "
                    "sets one that has no effect",
                    place=route.origin.at("spec", "rules", index, "timeouts"),
                    hint="set `timeoutSec` in the pool's GCPBackendPolicy instead",
                    about=route,
                )
