"""rollplan as a KRM function: a ResourceList in, the objects of one stage out, no file read or written.

The function's configuration is the plan, with the annotation `rollplan.dev/stage`; the items stand for the
files that the plan names, by their path annotation or by `rollplan.dev/bundle`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.emit import emit
from generator.gitops.promotion import Index, Refused, StageEntry
from generator.load.paths import Read
from generator.load.reader import load_manifests
from generator.model.codes import finding
from generator.model.findings import Fault, Finding, Rejected, Reporting, value_of
from generator.model.manifests import Manifest, dig
from generator.model.plan import Plan
from generator.model.rollout import Rollout
from generator.model.source import Document, Ref, Source
from generator.pipeline import Collector, Compiled, compile_source

STAGE, BUNDLE = "rollplan.dev/stage", "rollplan.dev/bundle"
_PATHS = ("internal.config.kubernetes.io/path", "config.kubernetes.io/path")
_OURS = ("internal.config.kubernetes.io/", "config.kubernetes.io/", "config.k8s.io/", "rollplan.dev/")
"""Prefixes of annotations that orchestrators and we put on items; they are no part of an object."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListItem:
    """One object of the list: as it came, and as it is without the annotations of the way."""

    given: Mapping[str, Any]
    document: Document
    path: str
    bundle: str


def run(text: str) -> tuple[str, bool]:
    """Return the ResourceList that answers another, and whether nothing in it is an error.

    Raises `Fault` when the text is no ResourceList with a plan.
    """
    whole = value_of(load_manifests(Source(name="ResourceList", text=text)))
    if len(whole) != 1 or not isinstance(whole[0].data, dict) or whole[0].data.get("kind") != "ResourceList":
        raise Fault("standard input is no ResourceList")
    data = whole[0].data
    config = data.get("functionConfig")
    if not isinstance(config, dict):
        raise Fault("the ResourceList has no functionConfig: it takes the plan")
    given = [item for item in data.get("items") or () if isinstance(item, dict)]
    items = tuple(_item(item, number) for number, item in enumerate(given))
    try:
        compiled = _compiled(config, items)
        objects = _stage(compiled.rollout, str(dig(config, "metadata", "annotations", STAGE, default="")))
    except Rejected as rejected:
        return _answer(data, given, rejected.findings), False
    return _answer(data, _merged(compiled, items, objects), compiled.warnings), True


def _item(given: Mapping[str, Any], number: int) -> ListItem:
    annotations = dig(given, "metadata", "annotations", default={})
    path = next((str(annotations[name]) for name in _PATHS if name in annotations), "")
    name = path or f"item {number + 1}"
    (document,) = value_of(load_manifests(Source(name=name, text=emit(_bare(given)))))
    return ListItem(given=given, document=document, path=path, bundle=str(annotations.get(BUNDLE, "")))


def _bare(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without the annotations of the way."""
    metadata = dict(given.get("metadata") or {})
    kept = {
        name: value
        for name, value in (metadata.pop("annotations", None) or {}).items()
        if not name.startswith(_OURS)
    }
    return {**given, "metadata": metadata | ({"annotations": kept} if kept else {})}


def _compiled(config: Mapping[str, Any], items: tuple[ListItem, ...]) -> Compiled:
    metadata = {key: value for key, value in (config.get("metadata") or {}).items() if key in _NAMED}
    source = Source(name="functionConfig", text=emit({**config, "metadata": metadata}))

    def reader(plan: Plan) -> Read:
        first = {path.value: sources.bundle for sources in plan.sources for path in sources.paths[:1]}
        return lambda ref: _documents(ref, first.get(ref.value, ""), items)

    return compile_source(source, reader, Collector())


_NAMED = ("name", "namespace")


def _documents(ref: Ref, bundle: str, items: tuple[ListItem, ...]) -> Reporting[tuple[Document, ...]]:
    """Return the items that stand for a path: the file itself, what is below it, or what names the bundle."""
    folder = f"{ref.value.rstrip('/')}/"
    chosen = [
        item
        for item in items
        if (item.bundle and item.bundle == bundle)
        or (not item.bundle and (item.path == ref.value or item.path.startswith(folder)))
    ]
    if not chosen:
        yield finding(
            "RP201",
            f"no item of the list stands for `{ref}`",
            ref.place,
            f"give items the annotation {_PATHS[1]} with this path, or {BUNDLE} with the bundle's name",
        )
    return tuple(item.document for item in chosen)


def _stage(rollout: Rollout, name: str) -> tuple[Manifest, ...]:
    entries = (
        StageEntry(name=rollout.directory(number), files=(), moves=False, final=False)
        for number in range(len(rollout.stages))
    )
    try:
        number = Index(stages=tuple(entries), rollback=()).find(name)
    except Refused as refused:
        raise Fault(f"the plan's annotation {STAGE}: {refused}") from None
    return rollout.stages[number].objects


def _merged(compiled: Compiled, items: tuple[ListItem, ...], objects: tuple[Manifest, ...]) -> Iterator[Any]:
    """Return the objects of the stage, marked as they came, and the items that the plan knows nothing of."""
    came = {(id(item.document), dig(item.given, "metadata", "name")): item for item in items}
    for manifest in objects:
        item = came.get((id(manifest.origin.document), manifest.name))
        given = dig(item.given, "metadata", "annotations", default={}) if item else {}
        marks = {name: value for name, value in given.items() if name.startswith(_OURS)}
        own = manifest.get("metadata", "annotations", default={})
        yield manifest.put({**own, **marks}, "metadata", "annotations").data if marks else manifest.data
    read = set(map(str, compiled.sources))
    yield from (item.given for item in items if item.document.source.name not in read)


def _answer(data: Mapping[str, Any], items: Iterable[Any], findings: tuple[Finding, ...]) -> str:
    answer: dict[str, Any] = {**data, "items": [dict(item) for item in items]}
    if findings:
        answer["results"] = [_result(finding) for finding in findings]
    return emit(answer)


_SEVERITIES = {"accepted": "info"}
"""What the specification of KRM functions calls a severity where rollplan has another word."""


def _result(finding: Finding) -> dict[str, Any]:
    return {
        "message": f"{finding.code.id}: {finding.message}; {finding.hint}",
        "severity": _SEVERITIES.get(finding.severity.value, finding.severity.value),
        "file": {"path": finding.place.source.name},
    }
