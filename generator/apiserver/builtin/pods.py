"""Validate a pod template as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.apiserver.builtin import words
from generator.apiserver.builtin.containers import GROUPS, containers
from generator.apiserver.builtin.metadata import labelled
from generator.apiserver.builtin.scheduling import spread
from generator.apiserver.builtin.volumes import volumes
from generator.apiserver.violations import Violation
from generator.model.source import Path

_ID_MAX = 2**31 - 1


def pod_template(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check the labels and annotations of a template's pods."""
    yield from labelled(value.get("metadata") or {}, (*path, "metadata"))


def pod(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a pod: its volumes, containers, namespaces of the host and network."""
    yield from volumes(value, path)
    yield from containers(value, path)
    yield from _images(value, path)
    yield from spread(value, path)
    yield from _host_ports(value, path)
    if value.get("hostPID") and value.get("shareProcessNamespace"):
        why = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield words.invalid((*path, "shareProcessNamespace"), True, why)
    groups = (value.get("securityContext") or {}).get("supplementalGroups") or ()
    for index, group in enumerate(groups):
        if group is not None and not 0 <= group <= _ID_MAX:
            where = (*path, "securityContext", "supplementalGroups", index)
            yield words.invalid(where, group, f"must be between 0 and {_ID_MAX}, inclusive")
    if value.get("dnsPolicy") == "None" and not (value.get("dnsConfig") or {}).get("nameservers"):
        why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        yield words.required((*path, "dnsConfig", "nameservers"), why)


def _images(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Refuse blanks around an image: a template is taken with them, but each of its pods is refused."""
    for group in GROUPS:
        for index, container in enumerate(value.get(group) or ()):
            image = (container or {}).get("image") or ""
            if image != image.strip():
                where = (*path, group, index, "image")
                yield words.invalid(where, image, "must not have leading or trailing whitespace")


def _host_ports(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    taken: set[tuple[Any, ...]] = set()
    for index, container in enumerate(value.get("containers") or ()):
        for place, port in enumerate((container or {}).get("ports") or ()):
            port, where = port or {}, (*path, "containers", index, "ports", place, "hostPort")
            number = port.get("hostPort")
            if not number:
                continue
            if value.get("hostNetwork") and number != port.get("containerPort"):
                yield words.invalid(where, number, "must match `containerPort` when `hostNetwork` is true")
            key = (port.get("protocol") or "TCP", port.get("hostIP"), number)
            if key in taken:
                yield words.duplicate(where, number)
            taken.add(key)
