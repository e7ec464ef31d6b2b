"""Validate `metadata` (ObjectMeta) as an API server does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from generator.apiserver import go_text, names
from generator.apiserver.cel.times import timestamp
from generator.apiserver.cel.values import CelError
from generator.apiserver.violations import Violation
from generator.model.source import Path

ANNOTATIONS_SIZE = 256 * 1024
"""Bytes that all annotations of an object may take together."""

_INT = "int64"
_TIME = "Time"
_REF = {
    "apiVersion": str,
    "kind": str,
    "name": str,
    "uid": str,
    "controller": bool,
    "blockOwnerDeletion": bool,
}
_MANAGED = {
    "manager": str,
    "operation": str,
    "apiVersion": str,
    "time": _TIME,
    "fieldsType": str,
    "fieldsV1": object,
    "subresource": str,
}
_SHAPE: Mapping[str, Any] = {
    **dict.fromkeys(["name", "generateName", "namespace", "selfLink", "uid", "resourceVersion"], str),
    "generation": _INT,
    "creationTimestamp": _TIME,
    "deletionTimestamp": _TIME,
    "deletionGracePeriodSeconds": _INT,
    "labels": (str,),
    "annotations": (str,),
    "ownerReferences": [_REF],
    "finalizers": [str],
    "managedFields": [_MANAGED],
}
"""Field → its type: a tuple is a map of the type to text keys, a list is a list, a dict a structure."""

_WORDS = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}


def decode(metadata: Any, path: Path) -> Iterator[Violation]:
    """Read ObjectMeta as strictly as the server does: unknown fields, and values of another type."""
    yield from _read(_SHAPE, metadata, path, "metadata")


def _read(shape: Any, value: Any, path: Path, field: str) -> Iterator[Violation]:
    if value is None or shape is object:
        return
    if isinstance(shape, dict):
        yield from _structure(shape, value, path, field)
    elif isinstance(shape, tuple) and isinstance(value, dict):
        for key, item in value.items():
            yield from _read(shape[0], item, (*path, key), field)
    elif isinstance(shape, list) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _read(shape[0], item, (*path, index), field)
    elif not _is(shape, value):
        expected = {str: "string", bool: "bool"}.get(shape, shape if isinstance(shape, str) else "")
        expected = expected or ("map[string]string" if isinstance(shape, tuple) else "[]")
        found = _WORDS[type(value)]
        reason = f"json: cannot unmarshal {found} into Go struct field ObjectMeta.{field} of type {expected}"
        yield Violation(path=path, kind="type", message=f"Invalid value: {go_text.show(value)}: {reason}")


def _structure(shape: Mapping[str, Any], value: Any, path: Path, field: str) -> Iterator[Violation]:
    if not isinstance(value, dict):
        reason = f"json: cannot unmarshal {_WORDS[type(value)]} into Go value of type {field}"
        yield Violation(path=path, kind="type", message=f"Invalid value: {go_text.show(value)}: {reason}")
        return
    for key, item in value.items():
        if key in shape:
            yield from _read(shape[key], item, (*path, key), key)
        else:
            yield Violation.unknown((*path, key), shape)


def _is(shape: Any, value: Any) -> bool:
    if shape == _INT:
        return type(value) is int
    if shape == _TIME:
        return isinstance(value, str) and _is_time(value)
    return isinstance(shape, type) and type(value) is shape


def _is_time(value: str) -> bool:
    try:
        timestamp(value)
    except CelError:
        return False
    return True


def _invalid(path: Path, value: Any, reason: str, *inside: str) -> Violation:
    message = f"Invalid value: {go_text.show(value)}: {reason}"
    return Violation(path=path, kind="name", message=message, inside=inside)


def check(
    metadata: Mapping[str, Any], path: Path, *, namespaced: bool | None, form: names.Form = names.subdomain
) -> Iterator[Violation]:
    """Hold decoded ObjectMeta against the rules of names, labels and annotations.

    `namespaced` is None for an object inside an object: it may have a namespace and may have no name.
    """
    name, prefix = metadata.get("name"), metadata.get("generateName")
    if prefix:
        for reason in names.prefix_of(form)(prefix):
            yield _invalid((*path, "generateName"), prefix, reason)
    if name:
        for reason in form(name):
            yield _invalid((*path, "name"), name, reason)
    elif namespaced is not None and not prefix:
        message = "Required value: name or generateName is required"
        yield Violation(path=(*path, "name"), kind="required", message=message)
    yield from _namespace(metadata.get("namespace"), (*path, "namespace"), namespaced)
    for field, rule in _RULES.items():
        if metadata.get(field):
            yield from rule(metadata[field], (*path, field))


def _namespace(namespace: str | None, path: Path, namespaced: bool | None) -> Iterator[Violation]:
    if namespace and namespaced is False:
        yield Violation(path=path, kind="forbidden", message="Forbidden: not allowed on this type")
    elif namespace:
        for reason in names.label(namespace):
            yield _invalid(path, namespace, reason)
    elif namespaced:
        yield Violation(path=path, kind="required", message="Required value")


def _generation(value: int, path: Path) -> Iterator[Violation]:
    if value < 0:
        yield _invalid(path, value, "must be greater than or equal to 0")


def labels(value: Mapping[str, str | None], path: Path) -> Iterator[Violation]:
    """Hold labels against the forms of their keys and values."""
    for key, text in value.items():
        for reason in names.qualified(key):
            yield _invalid(path, key, reason, key)
        for reason in names.label_value(text or ""):
            yield _invalid(path, text, reason, key)


def _annotations(value: Mapping[str, str | None], path: Path) -> Iterator[Violation]:
    for key in value:
        for reason in names.qualified(key.lower()):
            yield _invalid(path, key, reason, key)
    size = sum(len(text.encode("utf-8", "replace")) for pair in value.items() for text in pair if text)
    if size > ANNOTATIONS_SIZE:
        reason = f"Too long: may not be more than {ANNOTATIONS_SIZE} bytes"
        yield Violation(path=path, kind="long", message=reason)


def _owners(value: list[dict[str, Any]], path: Path) -> Iterator[Violation]:
    for owner in value:
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield _invalid((*path, field), owner.get(field) or "", "must not be empty")
    if sum(bool(owner.get("controller")) for owner in value) > 1:
        yield _invalid(path, value, "Only one reference can have Controller set to true")


def _finalizers(value: list[str], path: Path) -> Iterator[Violation]:
    for text in value:
        for reason in names.qualified(text):
            yield _invalid(path, text, reason)


_RULES: Mapping[str, Callable[[Any, Path], Iterator[Violation]]] = {
    "generation": _generation,
    "labels": labels,
    "annotations": _annotations,
    "ownerReferences": _owners,
    "finalizers": _finalizers,
}
