"""Small objects that a server takes, with room for a test to spoil them."""

from typing import Any

Object = dict[str, Any]

GATEWAY = "inference-gateway"


def pool_ref(name: str, weight: int) -> Object:
    """A reference of a rule to a pool."""
    return {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": name, "weight": weight}


def route(**rule: Any) -> Object:
    """An HTTPRoute `llm` with one rule, which splits 90 to 10 where the given fields do not say else."""
    rule = {"backendRefs": [pool_ref("blue", 90), pool_ref("green", 10)]} | rule
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "llm"},
        "spec": {"parentRefs": [{"name": GATEWAY}], "rules": [rule]},
    }


def pool(**spec: Any) -> Object:
    """An InferencePool `green`."""
    picker = {"name": "green-epp", "port": {"number": 9002}}
    return {
        "apiVersion": "inference.networking.k8s.io/v1",
        "kind": "InferencePool",
        "metadata": {"name": "green"},
        "spec": {"selector": {"matchLabels": {"app": "green"}}, "targetPorts": [{"number": 8000}]}
        | {"endpointPickerRef": picker}
        | spec,
    }


def deployment(**spec: Any) -> Object:
    """A Deployment `decode` of eight replicas, whose pods are those of the pool."""
    labels = {"app": "green"}
    container = {"name": "modelserver", "image": "vllm/vllm-openai:v0.23.0"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "decode"},
        "spec": {"selector": {"matchLabels": labels}, "replicas": 8}
        | {"template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}
        | spec,
    }


def mirror(**share: Any) -> Object:
    """A rule's field that copies a share of its requests."""
    backend = {"name": "shadow", "port": 80}
    return {"filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": backend} | share}]}
