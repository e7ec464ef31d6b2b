"""Names, labels, annotations and label selectors: what holds for all kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from generator.apiserver.builtin import formats, words
from generator.apiserver.builtin.fields import labels
from generator.apiserver.violations import Key, Violation
from generator.model.manifests import CLUSTER_SCOPED
from generator.model.source import Path

_ANNOTATIONS_MAX = 256 * 1024

_CRON_JOB_MAX = 52


def _cron_job(value: str) -> str:
    """Leave room for the 11 characters that a CronJob adds to the names of its Jobs."""
    return formats.subdomain(value) or (
        f"must be no more than {_CRON_JOB_MAX} characters" if len(value) > _CRON_JOB_MAX else ""
    )


_NAMES: Mapping[str, formats.Form] = {
    "Service": formats.label_1035,
    "CronJob": _cron_job,
    "Namespace": formats.label,
    "StatefulSet": formats.label,
    "Role": formats.path_segment,
    "ClusterRole": formats.path_segment,
    "RoleBinding": formats.path_segment,
    "ClusterRoleBinding": formats.path_segment,
}
"""Kind → the form of its name, where that is not a DNS subdomain."""

_JOIN = frozenset({"In", "NotIn"})
_BARE = frozenset({"Exists", "DoesNotExist"})


def metadata(kind: str, data: Mapping[str, Any]) -> Iterator[Violation]:
    """Check the metadata of an object as a server does when it is created."""
    meta = data.get("metadata") or {}
    form = _NAMES.get(kind, formats.subdomain)
    for field, hang in (("generateName", "-"), ("name", "")):
        value = meta.get(field)
        # A name follows what is generated from, so that may end with a hyphen.
        wrong = form(f"{value}x" if hang and value.endswith(hang) else value) if value else ""
        if wrong:
            yield words.misnamed(("metadata", field), value, wrong)
    if not meta.get("name") and not meta.get("generateName"):
        yield words.required(("metadata", "name"), "name or generateName is required")
    namespace = meta.get("namespace")
    if namespace and kind not in CLUSTER_SCOPED and formats.label(namespace):
        yield words.misnamed(("metadata", "namespace"), namespace, formats.label(namespace))
    yield from labelled(meta, ("metadata",))
    for index, finalizer in enumerate(meta.get("finalizers") or ()):
        if formats.qualified(finalizer):
            yield words.misnamed(("metadata", "finalizers", index), finalizer, formats.qualified(finalizer))


def labelled(meta: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check labels and annotations, of an object or of a pod template."""
    for violation in labels(meta.get("labels") or {}, (*path, "labels")):
        yield replace(violation, kind=words.NAME)
    total = 0
    for key, value in (meta.get("annotations") or {}).items():
        wrong = formats.qualified(key.lower())
        if wrong:
            yield words.misnamed((*path, "annotations", Key(key)), key, wrong)
        total += len(key.encode()) + len((value or "").encode())
    if total > _ANNOTATIONS_MAX:
        yield words.misnamed(
            (*path, "annotations"), f"{total} bytes", f"may not be more than {_ANNOTATIONS_MAX} bytes"
        )


def selector(value: Mapping[str, Any] | None, path: Path) -> Iterator[Violation]:
    """Check a label selector."""
    if value is None:
        return
    yield from labels(value.get("matchLabels") or {}, (*path, "matchLabels"))
    for index, item in enumerate(value.get("matchExpressions") or ()):
        yield from _expression(item or {}, (*path, "matchExpressions", index))


def _expression(item: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    operator, values = item.get("operator") or "", item.get("values") or ()
    if operator in _JOIN and not values:
        yield words.required((*path, "values"), "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in _BARE and values:
        yield words.forbidden(
            (*path, "values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        )
    elif operator not in _JOIN | _BARE:
        yield words.invalid((*path, "operator"), operator, "not a valid selector operator")
    key = item.get("key") or ""
    if formats.qualified(key):
        yield words.invalid((*path, "key"), key, formats.qualified(key))
    for index, one in enumerate(values):
        if formats.label_value(one or ""):
            yield words.invalid((*path, "values", index), one, formats.label_value(one))


def is_empty(value: Mapping[str, Any]) -> bool:
    """Return whether a selector demands nothing."""
    return not value.get("matchLabels") and not value.get("matchExpressions")


def matches(value: Mapping[str, Any], given: Mapping[str, str]) -> bool:
    """Return whether a selector catches these labels."""
    demanded = value.get("matchLabels") or {}
    return all(given.get(key) == item for key, item in demanded.items()) and all(
        _holds(item or {}, given) for item in value.get("matchExpressions") or ()
    )


def _holds(item: Mapping[str, Any], given: Mapping[str, str]) -> bool:
    key, values = item.get("key"), item.get("values") or ()
    return {
        "In": given.get(str(key)) in values,
        "NotIn": given.get(str(key)) not in values,
        "Exists": key in given,
        "DoesNotExist": key not in given,
    }.get(str(item.get("operator")), False)
