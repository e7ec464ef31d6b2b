"""The fields of a kustomization that rollplan builds, at every level, and what they name.

Go takes `RESOURCES` for `resources` and drops what it does not know, so that two readers of one file can
see two kustomizations. Only what stands here passes, in this spelling, and is written anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

from generator.emit import Json
from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.source import Document, Path, quoted

Shape: TypeAlias = "str | list[Shape] | dict[str, Shape]"
"""A scalar, or what a path leads to; a list of one shape; a mapping with these fields (`*`: any)."""

_SCALARS: Final[dict[str, tuple[type, str]]] = {
    "text": (str, "a text"),
    "flag": (bool, "true or false"),
    "count": (int, "a whole number"),
}
_TEXTS: Final[Shape] = {"*": "text"}
_GVK: Final[dict[str, Shape]] = {"group": "text", "version": "text", "kind": "text"}
_NAMED: Final[dict[str, Shape]] = {**_GVK, "name": "text", "namespace": "text"}
_SELECTOR: Final[dict[str, Shape]] = {**_NAMED, "labelSelector": "text", "annotationSelector": "text"}
_PATCH: Final[dict[str, Shape]] = {
    "path": "file",
    "patch": "text",
    "target": _SELECTOR,
    "options": {"*": "flag"},
}
_OPTIONS: Final[dict[str, Shape]] = {
    "labels": _TEXTS,
    "annotations": _TEXTS,
    "disableNameSuffixHash": "flag",
    "immutable": "flag",
}
_GENERATOR: Final[dict[str, Shape]] = {
    "name": "text",
    "namespace": "text",
    "behavior": "text",
    "literals": ["text"],
    "files": ["keyed file"],
    "envs": ["file"],
    "env": "file",
    "options": _OPTIONS,
}
_PART: Final[dict[str, Shape]] = {
    "delimiter": "text",
    "index": "count",
    "encoding": "text",
    "create": "flag",
}
_LABELS: Final[dict[str, Shape]] = {
    "pairs": _TEXTS,
    "includeSelectors": "flag",
    "includeTemplates": "flag",
    "fields": [{**_GVK, "path": "text", "create": "flag"}],
}
_REPLACEMENT: Final[dict[str, Shape]] = {
    "path": "file",
    "source": {**_NAMED, "fieldPath": "text", "options": _PART},
    "sourceValue": "text",
    "targets": [{"select": _SELECTOR, "reject": [_SELECTOR], "fieldPaths": ["text"], "options": _PART}],
}
KUSTOMIZATION: Final[dict[str, Shape]] = {
    "apiVersion": "text",
    "kind": "text",
    "metadata": {"name": "text", "namespace": "text", "labels": _TEXTS, "annotations": _TEXTS},
    "resources": ["base"],
    "bases": ["folder"],
    "components": ["folder"],
    "crds": ["file"],
    "configurations": ["file"],
    "openapi": {"path": "file"},
    "namePrefix": "text",
    "nameSuffix": "text",
    "namespace": "text",
    "commonLabels": _TEXTS,
    "commonAnnotations": _TEXTS,
    "labels": [_LABELS],
    "patches": [_PATCH],
    "patchesJson6902": [_PATCH],
    "patchesStrategicMerge": ["patch"],
    "images": [{"name": "text", "newName": "text", "newTag": "text", "tagSuffix": "text", "digest": "text"}],
    "replicas": [{"name": "text", "count": "count"}],
    "replacements": [_REPLACEMENT],
    "vars": [{"name": "text", "objref": {"apiVersion": "text", **_NAMED}, "fieldref": {"fieldPath": "text"}}],
    "configMapGenerator": [_GENERATOR],
    "secretGenerator": [{**_GENERATOR, "type": "text"}],
    "generatorOptions": _OPTIONS,
    "sortOptions": {
        "order": "text",
        "legacySortOptions": {"orderFirst": ["text"], "orderLast": ["text"]},
    },
    "buildMetadata": ["text"],
}
"""Fields that start a program or a plugin (`helmCharts`, `generators`, `transformers`) are not among them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A text that names a file or a folder: what it may name, and where it stands in the kustomization."""

    kind: str
    text: str
    path: Path


def understood(document: Document, name: str) -> Reporting[Json]:
    """Return a kustomization with its known fields alone; every other one is a finding."""
    for path, message, hint in _wrong(document.data, KUSTOMIZATION, ()):
        place = document.at(path) if message.startswith("takes ") else document.at_key(path)
        field = quoted(_shown(path)) if path else "the kustomization"
        yield finding("RP214", f"{field} of `{name}` {message}", place, hint)
    return _bare(document.data)


def entries(data: Any, shape: Shape = KUSTOMIZATION, path: Path = ()) -> Iterator[Entry]:
    """Return the entries of a kustomization that was understood."""
    if isinstance(shape, dict):
        for key, value in data.items():
            yield from entries(value, shape.get(key, shape.get("*", "text")), (*path, key))
    elif isinstance(shape, list):
        for index, item in enumerate(data):
            yield from entries(item, shape[0], (*path, index))
    elif shape not in _SCALARS:
        yield Entry(kind=shape, text=data, path=path)


def _wrong(value: Any, shape: Shape, path: Path) -> Iterator[tuple[Path, str, str]]:
    """Return the path of each value that is not understood, what is wrong with it, and a hint."""
    if isinstance(shape, dict):
        yield from _wrong_fields(value, shape, path)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield path, "takes a list", "write a list"
            return
        for index, item in enumerate(value):
            yield from _wrong(item, shape[0], (*path, index))
    else:
        expected, words = _SCALARS.get(shape, (str, "a text"))
        if type(value) is not expected:
            yield path, f"takes {words}", f"write {words}; a text that looks like something else in quotes"


def _wrong_fields(value: Any, shape: dict[str, Shape], path: Path) -> Iterator[tuple[Path, str, str]]:
    if not isinstance(value, dict):
        yield path, "takes a mapping", "write fields and their values"
        return
    for key, item in value.items():
        known = shape.get(key, shape.get("*"))
        if known is None:
            yield (*path, key), "is no field that rollplan builds", _nearest(key, shape)
        elif item is not None:
            yield from _wrong(item, known, (*path, key))


def _nearest(key: str, shape: dict[str, Shape]) -> str:
    spelled = {name.lower(): name for name in shape}
    close = get_close_matches(key.lower(), spelled, n=1, cutoff=0.75)
    if close:
        return f"did you mean `{spelled[close[0]]}`?"
    return "remove it, or render the kustomization to a file and name that"


def _bare(value: Any) -> Json:
    """Return a value without the fields that say nothing."""
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if item is not None}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _shown(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
