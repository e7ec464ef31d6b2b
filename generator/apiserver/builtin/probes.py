"""Probes and lifecycle hooks of containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.apiserver.builtin import words
from generator.apiserver.violations import Violation
from generator.model.source import Path

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_ONCE = frozenset({"livenessProbe", "startupProbe"})
_FIELDS = (*PROBES, "lifecycle")

GRACE = 30
"""Seconds that a pod gets to end where its template does not say."""


def probes(container: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a container's probes: one handler each, and one success is enough for life and start."""
    for name in PROBES:
        probe = container.get(name)
        if probe is None:
            continue
        yield from _handler(probe, (*path, name))
        if name in _ONCE and probe.get("successThreshold") not in (None, 0, 1):
            yield words.invalid((*path, name, "successThreshold"), probe["successThreshold"], "must be 1")
        grace = probe.get("terminationGracePeriodSeconds")
        if name == "readinessProbe" and grace is not None:
            where = (*path, name, "terminationGracePeriodSeconds")
            yield words.invalid(where, grace, "must not be set for readinessProbes")


def lifecycle(container: Mapping[str, Any], grace: int, path: Path) -> Iterator[Violation]:
    """Check a container's hooks; a hook that sleeps ends before the pod's grace period does."""
    for name in ("postStart", "preStop"):
        hook = (container.get("lifecycle") or {}).get(name)
        if hook is None:
            continue
        where = (*path, "lifecycle", name)
        yield from _handler(hook, where)
        seconds = (hook.get("sleep") or {}).get("seconds") or 0
        if hook.get("sleep") is not None and not 0 < seconds <= grace:
            why = f"must be greater than 0 and less than terminationGracePeriodSeconds ({grace})"
            yield words.invalid((*where, "sleep", "seconds"), seconds, why)


def none_set(container: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check an init container that ends: it has neither probes nor hooks."""
    for name in _FIELDS:
        if container.get(name) is not None:
            why = "may not be set for init containers without restartPolicy=Always"
            yield words.forbidden((*path, name), why)


def _handler(owner: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    named = [name for name in _HANDLERS if owner.get(name) is not None]
    if not named:
        yield words.required(path, "must specify a handler type")
    for name in named[1:]:
        yield words.forbidden((*path, name), "may not specify more than 1 handler type")
