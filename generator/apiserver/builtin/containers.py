"""Containers: ports, environment, mounts, probes, security."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.apiserver.builtin import words
from generator.apiserver.builtin.downward import ENV_FIELDS, field_path
from generator.apiserver.builtin.probes import GRACE, lifecycle, none_set, probes
from generator.apiserver.builtin.volumes import mounts
from generator.apiserver.violations import Violation
from generator.model.source import Path

GROUPS = ("containers", "initContainers")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_ENV_SOURCES = ("configMapRef", "secretRef")


def containers(pod: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a pod's containers: names unique over init and main ones, and what each kind may have."""
    known = frozenset(str((volume or {}).get("name")) for volume in pod.get("volumes") or ())
    grace = pod.get("terminationGracePeriodSeconds")
    seconds = GRACE if grace is None else grace
    names: set[str] = set()
    for group in GROUPS:
        for index, container in enumerate(pod.get(group) or ()):
            container, where = container or {}, (*path, group, index)
            name = container.get("name")
            if name and name in names:
                yield words.duplicate((*where, "name"), name)
            names.add(name or "")
            yield from mounts(container, known, where)
            yield from _ports(container, where)
            if group == "initContainers" and container.get("restartPolicy") != "Always":
                yield from _ends(container, where)
                continue
            if group == "containers" and container.get("restartPolicy") is not None:
                yield words.forbidden((*where, "restartPolicy"), "may not be set for non-init containers")
            yield from probes(container, where)
            yield from lifecycle(container, seconds, where)


def _ends(container: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    if container.get("restartPolicy"):
        yield words.unsupported((*path, "restartPolicy"), container["restartPolicy"], ("Always",))
    yield from none_set(container, path)


def _ports(container: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    seen: set[str] = set()
    for index, port in enumerate(container.get("ports") or ()):
        name = (port or {}).get("name")
        if name and name in seen:
            yield words.duplicate((*path, "ports", index, "name"), name)
        seen.add(name or "")


def env(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check where a variable's value comes from: from one source, or from the manifest itself."""
    source = value.get("valueFrom")
    if source is None:
        return
    where = (*path, "valueFrom")
    given = [name for name in _SOURCES if source.get(name) is not None]
    if not given:
        yield words.invalid(where, "", f"must specify one of: {', '.join(_SOURCES[:4])}")
    elif value.get("value"):
        yield words.invalid(where, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        yield words.invalid(where, "", "may not have more than one field specified at a time")
    yield from field_path(source, ENV_FIELDS, where)


def env_from(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a source of many variables: it is one ConfigMap or one Secret."""
    given = [name for name in _ENV_SOURCES if value.get(name) is not None]
    if not given:
        yield words.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
    elif len(given) > 1:
        yield words.invalid(path, "", "may not have more than one field specified at a time")


def security(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a container's security context: no privileges beside a ban on gaining them."""
    if value.get("allowPrivilegeEscalation") is not False:
        return
    where, added = (*path, "allowPrivilegeEscalation"), (value.get("capabilities") or {}).get("add") or ()
    if value.get("privileged"):
        yield words.invalid(
            where, False, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        )
    if "CAP_SYS_ADMIN" in added:
        why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
        yield words.invalid(where, False, why)


def profile(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a seccomp or AppArmor profile: its file is named where it is the node's own, and only there."""
    where = (*path, "localhostProfile")
    if value.get("type") == "Localhost" and not value.get("localhostProfile"):
        yield words.required(where, "must be set when the type is Localhost")
    elif value.get("type") != "Localhost" and value.get("localhostProfile") is not None:
        yield words.invalid(where, value["localhostProfile"], "can only be set when the type is Localhost")
