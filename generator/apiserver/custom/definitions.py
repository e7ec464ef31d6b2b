"""Read CustomResourceDefinitions: the schema of each version that they serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.apiserver.custom.judge import Definition
from generator.apiserver.custom.schema import node


def definitions_in(crd: Mapping[str, Any]) -> Iterator[Definition]:
    """Return every served version of a definition; one that is not well formed raises as `node` does."""
    spec = crd["spec"]
    for version in spec["versions"]:
        if version.get("served", True):
            schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
            anything = {**schema, "x-kubernetes-preserve-unknown-fields": True}
            yield Definition(
                group=spec["group"],
                version=version["name"],
                kind=spec["names"]["kind"],
                namespaced=spec.get("scope") != "Cluster",
                has_status="status" in (version.get("subresources") or {}),
                schema=node(anything if spec.get("preserveUnknownFields") else schema, root=True),
            )
