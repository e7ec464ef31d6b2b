"""Volumes of pods, and how containers mount them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.apiserver.builtin import words
from generator.apiserver.builtin.classes import read
from generator.apiserver.violations import Violation
from generator.model.source import Path

_PATH_FIELDS = ("configMap", "secret", "downwardAPI")


def volumes(pod: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a pod's volumes: unique names, and at most one source each (emptyDir, if none)."""
    seen: set[str] = set()
    known = read("core_v1.Volume").fields
    for index, volume in enumerate(pod.get("volumes") or ()):
        where = (*path, "volumes", index)
        name = (volume or {}).get("name")
        if name and name in seen:
            yield words.duplicate((*where, "name"), name)
        seen.add(name or "")
        given = (key for key, value in (volume or {}).items() if value is not None)
        sources = [key for key in given if key != "name" and key in known]
        for extra in sources[1:]:
            yield words.forbidden((*where, extra), "may not specify more than 1 volume type")


def projections(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a projected volume: one origin for each source, and no path twice."""
    seen: set[str] = set()
    for index, source in enumerate(value.get("sources") or ()):
        where = (*path, "sources", index)
        given = [key for key, item in (source or {}).items() if item is not None]
        for extra in given[1:]:
            yield words.forbidden((*where, extra), "may not specify more than 1 volume type per source")
        for field in _PATH_FIELDS:
            for place, item in enumerate(((source or {}).get(field) or {}).get("items") or ()):
                name = (item or {}).get("path")
                if name and name in seen:
                    yield words.invalid(
                        (*where, field, "items", place, "path"), name, "conflicting duplicate paths"
                    )
                seen.add(name or "")


def mounts(container: Mapping[str, Any], known: frozenset[str], path: Path) -> Iterator[Violation]:
    """Check a container's mounts: each of a volume that the pod has, and each at a path of its own."""
    taken: set[str] = set()
    for field, place, unique in (
        ("volumeMounts", "mountPath", "must be unique"),
        ("volumeDevices", "devicePath", ""),
    ):
        for index, mount in enumerate(container.get(field) or ()):
            mount, where = mount or {}, (*path, field, index)
            name, at = mount.get("name"), mount.get(place)
            if name and name not in known:
                yield words.missing((*where, "name"), name, known)
            if at and at in taken:
                yield words.invalid((*where, place), at, unique or "must not already exist in volumeMounts")
            taken.add(at or "")
            yield from _mount(mount, container, where)


def _mount(mount: Mapping[str, Any], container: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    if mount.get("subPath") and mount.get("subPathExpr"):
        yield words.invalid(
            (*path, "subPathExpr"), mount["subPathExpr"], "subPathExpr and subPath are mutually exclusive"
        )
    privileged = (container.get("securityContext") or {}).get("privileged")
    if mount.get("mountPropagation") == "Bidirectional" and not privileged:
        why = "Bidirectional mount propagation is available only to privileged containers"
        yield words.forbidden((*path, "mountPropagation"), why)
    if mount.get("recursiveReadOnly") not in (None, "Disabled") and not mount.get("readOnly"):
        yield words.forbidden((*path, "recursiveReadOnly"), "may only be specified when readOnly is true")
