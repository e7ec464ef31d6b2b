"""The canonical form of an object: keys in the API's order, the API server's defaults written out.

Left-out defaults inside lists that server-side apply replaces whole show up as drift for ever, and
two spellings of one object make noise in reviews. Defaults are those of the published CRDs
(Gateway API v1.5, Inference Extension v1.5, llm-d-router v1alpha2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.kubernetes.old_apis import todays_group
from generator.kubernetes.routes import DEFAULT_WEIGHT
from generator.model.manifests import CLUSTER_SCOPED, GATEWAY_API, INFERENCE, LLM_D
from generator.model.target import Apis


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The known fields of a mapping, in the API's order, with what they default to.

    A field that holds a mapping, or a list of them, leads to the shape of those; `open` marks the
    mapping whose keys are the user's own.
    """

    order: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    inside: Mapping[str, Shape] = field(default_factory=dict)
    since: Mapping[str, tuple[str, tuple[int, int]]] = field(default_factory=dict)


_METADATA = Shape(order="name generateName namespace labels annotations ownerReferences finalizers")
_TOP = "apiVersion kind metadata spec data binaryData stringData type rules roleRef subjects"
_ANY = Shape(order=_TOP, inside={"metadata": _METADATA})

_MATCHES = [{"path": {"type": "PathPrefix", "value": "/"}}]
_NAMED_MATCH = Shape(order="type name value", defaults={"type": "Exact"})
_OBJECT_REF = Shape(order="group kind namespace name port", defaults={"group": "", "kind": "Service"})
_MIRROR = Shape(
    order="backendRef percent fraction",
    inside={
        "backendRef": _OBJECT_REF,
        "fraction": Shape(order="numerator denominator", defaults={"denominator": 100}),
    },
)
_FILTER = Shape(
    order="type requestHeaderModifier responseHeaderModifier requestMirror requestRedirect urlRewrite",
    inside={
        "requestMirror": _MIRROR,
        "requestRedirect": Shape(order="scheme hostname path port statusCode", defaults={"statusCode": 302}),
        "cors": Shape(order="allowOrigins", defaults={"maxAge": 5}),
    },
)
_BACKEND_REF = Shape(
    order="group kind namespace name port weight filters",
    defaults={"group": "", "kind": "Service", "weight": DEFAULT_WEIGHT},
    inside={"filters": _FILTER},
)
_PARENT_REF = Shape(
    order="group kind namespace name sectionName port", defaults={"group": GATEWAY_API, "kind": "Gateway"}
)
_HTTP_MATCH = Shape(
    order="path headers queryParams method",
    defaults={"path": {"type": "PathPrefix", "value": "/"}},
    inside={
        "path": Shape(order="type value", defaults={"type": "PathPrefix", "value": "/"}),
        "headers": _NAMED_MATCH,
        "queryParams": _NAMED_MATCH,
    },
)
_HTTP_RULE = Shape(
    order="name matches filters backendRefs timeouts",
    defaults={"matches": _MATCHES},
    inside={
        "matches": _HTTP_MATCH,
        "filters": _FILTER,
        "backendRefs": _BACKEND_REF,
        "timeouts": Shape(order="request backendRequest"),
    },
)
_GRPC_RULE = Shape(
    order="name matches filters backendRefs",
    inside={
        "matches": Shape(
            order="method headers",
            inside={
                "method": Shape(order="type service method", defaults={"type": "Exact"}),
                "headers": _NAMED_MATCH,
            },
        ),
        "filters": _FILTER,
        "backendRefs": _BACKEND_REF,
    },
)
_POOL_REF = Shape(order="group kind namespace name", defaults={"group": INFERENCE, "kind": "InferencePool"})


def _object(spec: Shape) -> Shape:
    return Shape(order=_TOP, inside={"metadata": _METADATA, "spec": spec})


_SHAPES: Mapping[tuple[str, str], Shape] = {
    (GATEWAY_API, "HTTPRoute"): _object(
        Shape(
            order="parentRefs hostnames rules",
            defaults={"rules": [{"matches": _MATCHES}]},
            inside={"parentRefs": _PARENT_REF, "rules": _HTTP_RULE},
        )
    ),
    (GATEWAY_API, "GRPCRoute"): _object(
        Shape(order="parentRefs hostnames rules", inside={"parentRefs": _PARENT_REF, "rules": _GRPC_RULE})
    ),
    (INFERENCE, "InferencePool"): _object(
        Shape(
            order="selector targetPorts appProtocol endpointPickerRef",
            defaults={"appProtocol": "http"},
            since={"appProtocol": ("inference_extension", (1, 4))},
            inside={
                "endpointPickerRef": Shape(
                    order="group kind name port failureMode",
                    defaults={"group": "", "kind": "Service", "failureMode": "FailClose"},
                )
            },
        )
    ),
    (LLM_D, "InferenceModelRewrite"): _object(
        Shape(
            order="poolRef rules",
            inside={
                "poolRef": _POOL_REF,
                "rules": Shape(
                    order="matches targets",
                    inside={
                        "matches": Shape(
                            order="model",
                            inside={"model": Shape(order="type value", defaults={"type": "Exact"})},
                        ),
                        "targets": Shape(order="modelRewrite weight"),
                    },
                ),
            },
        )
    ),
    (LLM_D, "InferenceObjective"): _object(Shape(order="priority poolRef", inside={"poolRef": _POOL_REF})),
}


def canonical(data: Mapping[str, Any], namespace: str, apis: Apis) -> dict[str, Any]:
    """Return an object in canonical form, in `namespace` when it is namespaced and names none.

    `status` is left out: it is the cluster's to write.
    """
    metadata = {key: value for key, value in data["metadata"].items() if key != "creationTimestamp"}
    if data["kind"] not in CLUSTER_SCOPED:
        metadata["namespace"] = metadata.get("namespace") or namespace
    body = {key: value for key, value in data.items() if key != "status"} | {"metadata": metadata}
    return dict(_apply(_SHAPES.get((todays_group(data), str(data["kind"])), _ANY), body, apis))


def _apply(shape: Shape, value: Any, apis: Apis) -> Any:
    if isinstance(value, list):
        return [_apply(shape, item, apis) for item in value]
    if not isinstance(value, dict):
        return value
    # The API server drops nulls; a list that is empty says no more than its default does.
    fields = {
        key: child
        for key, child in value.items()
        if child is not None and not (child == [] and key in shape.defaults)
    }
    for key, default in shape.defaults.items():
        if key not in fields and _served(shape, key, apis):
            fields[key] = default
    known = [key for key in shape.order.split() if key in fields]
    ordered = known + [key for key in fields if key not in known]
    inside = shape.inside
    return {key: _apply(inside[key], fields[key], apis) if key in inside else fields[key] for key in ordered}


def _served(shape: Shape, key: str, apis: Apis) -> bool:
    if key not in shape.since:
        return True
    api, version = shape.since[key]
    return bool(getattr(apis, api) >= version)
