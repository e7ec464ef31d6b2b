"""Kubernetes objects as values: identity, data, and the place where they were read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from generator.model.source import Document, Path, Place

CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "GatewayClass",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }
)
"""Kinds without a namespace; every other kind is taken to have one."""

INFERENCE = "inference.networking.k8s.io"
GATEWAY_API = "gateway.networking.k8s.io"
LLM_D = "llm-d.ai"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Identity:
    """Group, kind, namespace and name of an object; `namespace` is empty for cluster-scoped kinds."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return `Deployment.apps llm-d/decode`, as kubectl names kinds of a group."""
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


def identity_of(data: Mapping[str, Any]) -> Identity:
    """Return the identity of an object that has a name, and a namespace if its kind has one."""
    metadata = data["metadata"]
    return Identity(
        group=str(data["apiVersion"]).rpartition("/")[0],
        kind=str(data["kind"]),
        namespace=str(metadata.get("namespace") or ""),
        name=str(metadata["name"]),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where an object was read: a document, and the path inside it (an item of a List)."""

    document: Document
    path: Path = ()

    def at(self, *path: str | int) -> Place:
        """Return the place of the object's value at `path`, or of what is nearest around it."""
        return self.document.at(self.path + path)

    def at_key(self, *path: str | int) -> Place:
        """Return the place of the key that leads to the object's value at `path`."""
        return self.document.at_key(self.path + path)


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """One object; `data` is never changed in place, a change makes a new manifest."""

    identity: Identity
    data: Mapping[str, Any]
    bundle: str
    origin: Origin = field(repr=False)
    part: str = ""

    @property
    def kind(self) -> str:
        """Return the object's kind."""
        return self.identity.kind

    @property
    def name(self) -> str:
        """Return the object's name."""
        return self.identity.name

    def get(self, *path: str | int, default: Any = None) -> Any:
        """Return the value at `path`, or `default` where any step of it is absent."""
        return dig(self.data, *path, default=default)

    def put(self, value: Any, *path: str | int) -> Manifest:
        """Return the same object with `value` at `path`."""
        return replace(self, data=put(self.data, value, *path))


def dig(data: Any, *path: str | int, default: Any = None) -> Any:
    """Return the value at `path` inside `data`, or `default` where any step of it is absent or null."""
    for step in path:
        if isinstance(step, str) and isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(step, int) and isinstance(data, (list, tuple)) and step < len(data):
            data = data[step]
        else:
            return default
    return default if data is None else data


def put(data: Any, value: Any, *path: str | int) -> Any:
    """Return a copy of `data` with `value` at `path`; what the path does not touch is shared."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(data)
        items[step] = put(items[step], value, *rest)
        return items
    fields = dict(data or {})
    fields[step] = put(fields.get(step), value, *rest)
    return fields


def find(manifests: Iterable[Manifest], kind: str, name: str | None = None) -> Iterator[Manifest]:
    """Return the manifests of a kind, and of a name if one is passed."""
    return (item for item in manifests if item.kind == kind and name in (None, item.name))
