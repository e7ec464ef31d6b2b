"""What each gateway implementation does with InferencePools, by version (field/gateways)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

Version = tuple[int, ...]


class Support(Enum):
    """Whether an implementation is known to do something."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Splitting(Enum):
    """What an implementation does with several pools in one rule."""

    SOUND = "sound"
    FAULTY = "faulty"
    CUTOVER = "cutover"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """How versions split a rule between pools: what goes wrong, and what to do about it.

    It holds until one of the versions of `until`: a fix is in that release line from there on, and in every
    later line. Without `until` it holds for all versions.
    """

    splitting: Splitting
    fault: str = ""
    fix: str = ""
    until: tuple[Version, ...] = ()

    def holds(self, version: Version) -> bool:
        """Return whether a version behaves so; an unknown version (empty) may."""
        if not version or not self.until:
            return True
        line = [fixed for fixed in self.until if fixed[:2] == version[:2]]
        return version < line[0] if line else version < max(self.until)


@dataclass(frozen=True, kw_only=True, slots=True)
class Implementation:
    """One gateway implementation.

    `mirror` is a RequestMirror filter whose backend is an InferencePool. `policies` are kinds without which
    a pool does not serve; `customary` those that its chart makes and that may be needed.
    The first of `behaviours` that holds for a version is what it does.
    """

    name: str
    source: str
    mirror: Support = Support.UNKNOWN
    timeouts: Support = Support.YES
    policies: tuple[str, ...] = ()
    customary: tuple[str, ...] = ()
    behaviours: tuple[Behaviour, ...] = ()

    def behaviour(self, version: str) -> Behaviour:
        """Return how a version splits a rule between pools."""
        wanted = tuple(int(part) for part in version.removeprefix("v").split(".") if part)
        return next((one for one in self.behaviours if one.holds(wanted)), _SOUND)


_SOUND = Behaviour(splitting=Splitting.SOUND)
_ELSEWHERE = "use a gateway that splits between pools, such as agentgateway"

_ROWS = (
    Implementation(name="agentgateway", source="Inference Extension v1.4.0 conformance report; PR 2976"),
    Implementation(
        name="envoy-ai-gateway",
        source="envoyproxy/ai-gateway: rule of AIGatewayRoute, #2657 (splitting), #2205 (mirror)",
        mirror=Support.NO,
        behaviours=(
            Behaviour(
                splitting=Splitting.CUTOVER,
                fault="takes one InferencePool a rule and rejects the route",
                fix="keep the beta step and go to `{weight: 100}` at once, or " + _ELSEWHERE,
            ),
        ),
    ),
    Implementation(
        name="gke",
        source="cloud.google.com/kubernetes-engine: rollouts with weights; policies by pool",
        timeouts=Support.NO,
        policies=("HealthCheckPolicy", "GCPBackendPolicy"),
    ),
    Implementation(
        name="higress",
        source="higress-group/higress#4519, #4393",
        behaviours=(
            Behaviour(
                splitting=Splitting.NONE,
                fault="gives every pool of a rule the endpoint picker of the last one",
                fix=_ELSEWHERE,
            ),
        ),
    ),
    Implementation(
        name="istio",
        # 1.29.8 and 1.30.5 came out before the backports: their release notes do not have them.
        source="istio/istio#61594; fix #61601, backports #61843, #61841, #61842 merged on 2026-09-21",
        customary=("DestinationRule",),
        behaviours=(
            Behaviour(
                splitting=Splitting.FAULTY,
                fault="uses one pool's endpoint picker for all pools of a rule, and answers 503 to the whole "
                "rule while that pool is empty",
                fix="update Istio to 1.29.9, 1.30.6, 1.31.2 or later; until then let no pool of a split "
                "rule reach 0 endpoints, and trust no gate that compares the pickers' request counts",
                until=((1, 29, 9), (1, 30, 6), (1, 31, 2)),
            ),
        ),
    ),
    Implementation(
        name="kgateway",
        source="kgateway-dev/kgateway#11667 (503), #12442 (removed in 2.2)",
        mirror=Support.NO,
        behaviours=(
            Behaviour(
                splitting=Splitting.NONE,
                fault="answers 503 when pools have weights",
                fix="move to agentgateway: kgateway has no InferencePools since 2.2",
                until=((2, 2),),
            ),
            Behaviour(
                splitting=Splitting.NONE,
                fault="has no InferencePools any more, since 2.2",
                fix="move to agentgateway, which took its place",
            ),
        ),
    ),
    Implementation(
        name="kthena",
        source="volcano-sh/kthena#1471",
        behaviours=(
            Behaviour(splitting=Splitting.NONE, fault="ignores the weights of pools", fix=_ELSEWHERE),
        ),
    ),
    Implementation(
        name="nginx-gateway-fabric",
        source="nginx/nginx-gateway-fabric#4439; Inference Extension v1.1 conformance report",
        behaviours=(
            Behaviour(
                splitting=Splitting.NONE,
                fault="takes one InferencePool a rule before 2.3",
                fix="update NGINX Gateway Fabric to 2.3 or later",
                until=((2, 3),),
            ),
        ),
    ),
)

IMPLEMENTATIONS: Mapping[str, Implementation] = {row.name: row for row in _ROWS}
"""Implementation by the name that a plan's `target.gateway.provider` gives it."""
