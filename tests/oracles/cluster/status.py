"""What controllers would write into the status of an object once all is well."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

CONTROLLER = "istio.io/gateway-controller"
POOL = "inference.networking.k8s.io"
MOMENT = "2026-01-01T00:00:00Z"
SECTION = {"HTTPRoute": ("sectionName", "port")}  # a pool's parent is a whole Gateway

Object = Mapping[str, Any]


def of(live: Object, routes: Iterable[Object]) -> dict[str, Any]:
    """The status of a healthy object, given the object and the HTTPRoutes of its namespace."""
    return STATUSES[live["kind"]](live, routes)


def _deployment(live: Object, routes: Iterable[Object]) -> dict[str, Any]:
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    good = (("Available", "MinimumReplicasAvailable"), ("Progressing", "NewReplicaSetAvailable"))
    return {
        "observedGeneration": live["metadata"]["generation"],
        **dict.fromkeys(counts, live["spec"]["replicas"]),
        "conditions": [
            {"type": kind, "status": "True", "reason": reason, "message": "", "lastUpdateTime": MOMENT}
            | {"lastTransitionTime": MOMENT}
            for kind, reason in good
        ],
    }


def _stateful_set(live: Object, routes: Iterable[Object]) -> dict[str, Any]:
    counts = ("replicas", "updatedReplicas", "currentReplicas", "readyReplicas", "availableReplicas")
    return {
        "observedGeneration": live["metadata"]["generation"],
        "currentRevision": "1",
        "updateRevision": "1",
        **dict.fromkeys(counts, live["spec"]["replicas"]),
    }


def _leader_worker_set(live: Object, routes: Iterable[Object]) -> dict[str, Any]:
    replicas = live["spec"].get("replicas", 1)
    rolling = live["spec"].get("rolloutStrategy", {}).get("rollingUpdateConfiguration", {})
    return {
        **dict.fromkeys(("replicas", "readyReplicas"), replicas),
        "updatedReplicas": replicas - rolling.get("partition", 0),
        "conditions": [_condition("Available", "AllGroupsReady", live)],
    }


def _route(live: Object, routes: Iterable[Object]) -> dict[str, Any]:
    return {"parents": [_parent(ref, live) for ref in live["spec"]["parentRefs"]]}


def _pool(live: Object, routes: Iterable[Object]) -> dict[str, Any]:
    """The parents of a pool are those of the routes that refer to it: without such a route it has none."""
    name = live["metadata"]["name"]
    found = [ref for route in routes if name in _pools(route) for ref in route["spec"]["parentRefs"]]
    return {"parents": [_parent(ref, live) for n, ref in enumerate(found) if ref not in found[:n]]}


def _pools(route: Object) -> set[str]:
    refs = [ref for rule in route["spec"].get("rules", ()) for ref in rule.get("backendRefs", ())]
    return {ref["name"] for ref in refs if (ref.get("group"), ref.get("kind")) == (POOL, "InferencePool")}


def _parent(ref: Object, live: Object) -> dict[str, Any]:
    fields = ("group", "kind", "namespace", "name", *SECTION.get(live["kind"], ()))
    return {
        "parentRef": {field: ref[field] for field in fields if field in ref},
        "controllerName": CONTROLLER,
        "conditions": [_condition(kind, kind, live) for kind in ("Accepted", "Reconciled", "ResolvedRefs")],
    }


def _condition(kind: str, reason: str, live: Object) -> dict[str, Any]:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": "",
        "lastTransitionTime": MOMENT,
        "observedGeneration": live["metadata"]["generation"],
    }


STATUSES: Mapping[str, Callable[[Object, Iterable[Object]], dict[str, Any]]] = {
    "Deployment": _deployment,
    "HTTPRoute": _route,
    "InferencePool": _pool,
    "LeaderWorkerSet": _leader_worker_set,
    "StatefulSet": _stateful_set,
}
