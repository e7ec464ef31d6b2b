"""Validate the downward API: fields and resources of its own that a pod reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from generator.apiserver.builtin import words
from generator.apiserver.violations import Violation
from generator.model.source import Path

ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_FILE_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['[^']+'\]")
_RESOURCES = re.compile(r"(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)")


def field_path(value: Mapping[str, Any], allowed: tuple[str, ...], path: Path) -> Iterator[Violation]:
    """Check the field that a `fieldRef` shows; one label or annotation may be named in brackets."""
    field = (value.get("fieldRef") or {}).get("fieldPath")
    if field and field not in allowed and not _SUBSCRIPT.fullmatch(field):
        yield words.unsupported((*path, "fieldRef", "fieldPath"), field, allowed)


def resource_field(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a reference to the resources of a container."""
    name = value.get("resource")
    if name and not _RESOURCES.fullmatch(name):
        allowed = [
            f"{side}.{one}"
            for side in ("limits", "requests")
            for one in ("cpu", "ephemeral-storage", "memory")
        ]
        yield words.unsupported((*path, "resource"), name, allowed)


def downward_file(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a file of the downward API: it shows one thing."""
    given = [key for key in ("fieldRef", "resourceFieldRef") if value.get(key) is not None]
    if not given:
        yield words.required(path, "one of fieldRef and resourceFieldRef is required")
    elif len(given) > 1:
        yield words.invalid(
            path, "resourceFieldRef", "fieldRef and resourceFieldRef can not be specified together"
        )
    yield from field_path(value, _FILE_FIELDS, path)
    if not (value.get("resourceFieldRef") or {}).get("containerName", "-"):
        yield words.required((*path, "resourceFieldRef", "containerName"))
