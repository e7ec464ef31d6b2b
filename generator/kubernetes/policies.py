"""Policies by which gateways reach InferencePools and their pickers, and what each is for (I4)."""

from __future__ import annotations

from collections.abc import Mapping

from generator.model.manifests import Manifest

POLICIES = frozenset({"BackendTLSPolicy", "DestinationRule", "GCPBackendPolicy", "HealthCheckPolicy"})
"""Kinds without which a gateway cannot reach a pool or its picker."""

Target = tuple[str, str, str]
"""Kind, namespace and name of what a policy is for."""

_DOMAIN = "svc.cluster.local"


def targets_of(policy: Manifest) -> frozenset[Target]:
    """Return what a policy names as its targets; a DestinationRule names the Service that has its host."""
    home = policy.identity.namespace
    one, host = policy.get("spec", "targetRef"), str(policy.get("spec", "host", default=""))
    refs = policy.get("spec", "targetRefs", default=[one] if one else [])
    found = {(str(ref.get("kind")), home, str(ref.get("name"))) for ref in refs}
    if host and "*" not in host:
        name, *rest = host.split(".")
        found.add(("Service", rest[0] if rest else home, name))
    return frozenset(found)


def picker_service_name(pool: Manifest) -> str:
    """Return the name of the Service of a pool's endpoint picker; empty where the pool names none."""
    ref: Mapping[str, str] = pool.get("spec", "endpointPickerRef", default={})
    return str(ref.get("name") or "") if ref.get("kind", "Service") == "Service" else ""


def is_for(policy: Manifest, pool: Manifest) -> bool:
    """Return whether a policy is for a pool or the Service of its picker, by name or for all hosts alike."""
    home, service = pool.identity.namespace, picker_service_name(pool)
    if {("InferencePool", home, pool.name), ("Service", home, service)} & targets_of(policy):
        return True
    host = str(policy.get("spec", "host", default=""))
    return bool(service) and host.startswith("*") and f"{service}.{home}.{_DOMAIN}".endswith(host[1:])
