"""Workloads: selectors that match their templates, strategies, and what their pods may do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.apiserver.builtin import formats, words
from generator.apiserver.builtin.metadata import is_empty, matches, selector
from generator.apiserver.violations import Violation
from generator.model.source import Path

_DEFAULT_SHARE = "25%"
_PROGRESS = 600


def _selected(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check that a workload's selector demands something, and that its own pods have it."""
    own = value.get("selector")
    if not own:
        if own is not None:
            yield words.invalid((*path, "selector"), own, "empty selector is invalid")
        return
    yield from selector(own, (*path, "selector"))
    if is_empty(own):
        yield words.invalid((*path, "selector"), own, "empty selector is invalid")
    template = value.get("template") or {}
    given = (template.get("metadata") or {}).get("labels") or {}
    if not matches(own, given):
        where = (*path, "template", "metadata", "labels")
        yield words.invalid(where, given, "`selector` does not match template `labels`")


def _runs_for_ever(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    spec = (value.get("template") or {}).get("spec") or {}
    where = (*path, "template", "spec")
    if spec.get("restartPolicy") in {"Never", "OnFailure"}:
        yield words.unsupported((*where, "restartPolicy"), spec["restartPolicy"], ("Always",))
    if spec.get("activeDeadlineSeconds") is not None:
        yield words.forbidden((*where, "activeDeadlineSeconds"), "may not be set where pods run for ever")


def deployment(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a Deployment: selector, restart policy, and an update that can go on."""
    yield from _selected(value, path)
    yield from _runs_for_ever(value, path)
    strategy = value.get("strategy") or {}
    rolling, where = strategy.get("rollingUpdate"), (*path, "strategy", "rollingUpdate")
    if strategy.get("type") == "Recreate":
        if rolling is not None:
            yield words.forbidden(where, "may not be specified when strategy `type` is 'Recreate'")
    elif not any(formats.amount(_share(rolling, name)) for name in ("maxUnavailable", "maxSurge")):
        yield words.invalid(
            (*where, "maxUnavailable"), _share(rolling, "maxUnavailable"), "may not be 0 when `maxSurge` is 0"
        )
    deadline, ready = value.get("progressDeadlineSeconds"), value.get("minReadySeconds") or 0
    if (_PROGRESS if deadline is None else deadline) <= ready:
        why = "must be greater than minReadySeconds"
        yield words.invalid(
            (*path, "progressDeadlineSeconds"), _PROGRESS if deadline is None else deadline, why
        )


def _share(rolling: Mapping[str, Any] | None, name: str) -> int | str:
    value = (rolling or {}).get(name)
    return _DEFAULT_SHARE if value is None else value


def stateful_set(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a StatefulSet: selector, restart policy, update strategy."""
    yield from _selected(value, path)
    yield from _runs_for_ever(value, path)
    strategy = value.get("updateStrategy") or {}
    where = (*path, "updateStrategy", "rollingUpdate")
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "OnDelete" and rolling is not None:
        yield words.invalid(where, rolling, "only allowed for updateStrategy 'RollingUpdate'")
    most = (rolling or {}).get("maxUnavailable")
    if most is not None and not formats.count_or_percent(most) and formats.amount(most) == 0:
        yield words.invalid((*where, "maxUnavailable"), most, "cannot be 0")


def daemon_set(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a DaemonSet: selector, restart policy, and an update that either adds or takes away."""
    yield from _selected(value, path)
    yield from _runs_for_ever(value, path)
    strategy = value.get("updateStrategy") or {}
    rolling, where = strategy.get("rollingUpdate") or {}, (*path, "updateStrategy", "rollingUpdate")
    if strategy.get("type") == "OnDelete":
        return
    down = rolling.get("maxUnavailable")
    unavailable, surge = (
        formats.amount(1 if down is None else down),
        formats.amount(rolling.get("maxSurge") or 0),
    )
    if unavailable and surge:
        why = "may not be set when maxUnavailable is non-zero"
        yield words.invalid((*where, "maxSurge"), rolling["maxSurge"], why)
    elif not unavailable and not surge:
        yield words.required((*where, "maxUnavailable"), "cannot be 0 when maxSurge is 0")


def job(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a Job: its pods end, and its selector is the server's to make."""
    spec = (value.get("template") or {}).get("spec") or {}
    where = (*path, "template", "spec", "restartPolicy")
    if spec.get("restartPolicy") in {None, "", "Always"}:
        yield words.required(where, 'valid values: "OnFailure", "Never"')
    elif value.get("podFailurePolicy") is not None and spec["restartPolicy"] != "Never":
        why = 'only "Never" is supported when podFailurePolicy is specified'
        yield words.invalid(where, spec["restartPolicy"], why)
    if value.get("selector") is not None and not value.get("manualSelector"):
        yield words.invalid((*path, "selector"), value["selector"], "`selector` not auto-generated")
    yield from _indexed(value, path)


def _indexed(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    if value.get("completionMode") == "Indexed":
        if value.get("completions") is None:
            yield words.required((*path, "completions"), "when completion mode is Indexed")
        return
    for name in ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"):
        if value.get(name) is not None:
            yield words.invalid((*path, name), value[name], "requires indexed completion mode")


def cron_job(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a CronJob: its schedule, and no time zone hidden in it."""
    schedule = value.get("schedule") or ""
    where = (*path, "schedule")
    if "TZ" in schedule:
        yield words.invalid(
            where, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        )
    elif schedule and not schedule.startswith("@") and len(schedule.split()) != 5:
        yield words.invalid(where, schedule, f"expected exactly 5 fields, found {len(schedule.split())}")
    if ((value.get("jobTemplate") or {}).get("spec") or {}).get("manualSelector"):
        yield words.unsupported((*path, "jobTemplate", "spec", "manualSelector"), True, ("false",))
