"""What the gateway's version does with routes and pools (field/versions, field/gateways)."""

from __future__ import annotations

from collections.abc import Iterator

from generator.kubernetes.gateways import IMPLEMENTATIONS, Splitting
from generator.kubernetes.rewrites import REWRITE
from generator.kubernetes.routes import rules_of
from generator.model.findings import Finding
from generator.model.rollout import Backend, Split
from generator.rules.case import Case, rule


@rule("RP527", "warning", "gateway is not known")
def unknown(case: Case) -> Iterator[Finding]:
    """Find a gateway that the table does not have."""
    gateway = case.plan.target.gateway
    named = gateway is not None and gateway.provider not in {"", "none", *IMPLEMENTATIONS}
    if gateway and named and any(_pools(split, 1) for split in _splits(case)):
        yield case.finding(
            f"it is not known what `{gateway.provider}` does with weights between InferencePools",
            gateway.place,
            "try a split on a test pool first: GatewayWeightedAcrossTwoInferencePools of the Inference "
            f"Extension's conformance tests does; known are {', '.join(IMPLEMENTATIONS)}",
            about=gateway,
        )


@rule("RP525", "error+", "gateway cannot split between pools")
def cannot_split(case: Case) -> Iterator[Finding]:
    """Find splits between pools on a gateway that has none (field/gateways)."""
    yield from _split_finding(case, Splitting.NONE, 0)
    yield from _split_finding(case, Splitting.CUTOVER, 1)


@rule("RP526", "warning", "gateway splits between pools with a known fault")
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
        yield case.finding(
            f"{name} {behaviour.fault} ({known.source})",
            gateway.place,
            f"set `version`; {behaviour.fix}" if unsure else behaviour.fix,
            about=gateway,
        )


def _splits(case: Case) -> Iterator[Split]:
    return (split for stage in case.rollout.stages for split in stage.splits)


def _pools(split: Split, least: int) -> bool:
    """Return whether two versions have a rule between them, each with at least this weight."""

    def counts(backend: Backend) -> bool:
        return bool(backend.version) and backend.weight >= least

    return split.object.kind != REWRITE and sum(map(counts, split.backends)) > 1


@rule("RP528", "warning", "gateway ignores a setting of the route")
def timeouts(case: Case) -> Iterator[Finding]:
    """Find timeouts of routes on a gateway that has none (field/gateways)."""
    gateway = case.plan.target.gateway
    known = IMPLEMENTATIONS.get(gateway.provider) if gateway else None
    if known is None or known.timeouts.value != "no":
        return
    for route in case.today:
        for index, fields in enumerate(rules_of(route) if route.kind == "HTTPRoute" else ()):
            if fields.get("timeouts"):
                yield case.finding(
                    f"{known.name} has no timeouts in HTTPRoutes: rule {index} of `{route.name}` "
                    "sets one that has no effect",
                    route.origin.at("spec", "rules", index, "timeouts"),
                    "set `timeoutSec` in the pool's GCPBackendPolicy instead",
                    about=route,
                )
