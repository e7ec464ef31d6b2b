"""What each gateway implementation does with weighted InferencePools (contract §5): a table with sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Support(Enum):
    """Whether an implementation is known to do something."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Implementation:
    """One gateway implementation; `mirror` is a RequestMirror filter whose backend is an InferencePool."""

    name: str
    mirror: Support
    source: str


_ROWS = (
    Implementation(
        name="agentgateway", mirror=Support.UNKNOWN, source="Gateway API: implementation-specific"
    ),
    Implementation(name="envoy-ai-gateway", mirror=Support.NO, source="envoyproxy/ai-gateway#2205"),
    Implementation(name="gke", mirror=Support.UNKNOWN, source="Gateway API: implementation-specific"),
    Implementation(name="istio", mirror=Support.UNKNOWN, source="Gateway API: implementation-specific"),
    Implementation(
        name="kgateway", mirror=Support.NO, source="kgateway-dev/kgateway#12442: inference path removed"
    ),
    Implementation(
        name="nginx-gateway-fabric", mirror=Support.UNKNOWN, source="Gateway API: implementation-specific"
    ),
)

IMPLEMENTATIONS: Mapping[str, Implementation] = {row.name: row for row in _ROWS}
"""Implementation by the name that a plan's `target.gateway.provider` gives it."""
