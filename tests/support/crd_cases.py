"""The functions that run the published cases: with the published definitions, and with our own schemas.

python /work/shared/data/cases/run_cases.py tests.support.crd_cases:theirs
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from generator.apiserver import builtin
from generator.apiserver.custom.catalog import catalog
from generator.apiserver.custom.definitions import definitions_in
from generator.apiserver.custom.judge import Definition
from generator.apiserver.custom.notation import CrdTarget
from generator.apiserver.violations import Violation
from generator.load import load_manifests
from generator.model.source import Source
from generator.pipeline import Collector
from tests.support.paths import SHARED

DATA = SHARED / "data"

TEXT = {"RP003": "duplicate field, already set in map: "}
"""Code of a finding in a text → the words that a server or kubectl has for it."""

Object = dict[str, Any]
Said = list[tuple[str, str]]

_KNOWN: dict[tuple[int, str], Definition] = {}


def theirs(
    crd: Object | None, version: str, obj: Object | None, text: str | None, op: str, old: Object | None
) -> Said:
    """What we say against an object, by the published definition of its kind, or as a built-in one."""
    if crd is None:
        return said(builtin.check(obj)) if obj else []
    return judged(definition(crd, version), obj, text, op, old)


def definition(crd: Object, version: str) -> Definition:
    if (id(crd), version) not in _KNOWN:
        for known in definitions_in(crd):
            _KNOWN[id(crd), known.version] = known
    return _KNOWN[id(crd), version]


def judged(checker: Definition, obj: Object | None, text: str | None, op: str, old: Object | None) -> Said:
    if text is not None:
        found = Collector()
        documents = found.collect(load_manifests(Source(name="case.yaml", text=text)))
        errors = [("", TEXT.get(one.code.id, "") + one.message) for one in found.all if one.is_error]
        if errors or len(documents) != 1:
            return errors or [("", "not one document")]
        obj = documents[0].data
        if checker.namespaced and isinstance(obj, dict) and isinstance(obj.get("metadata"), dict):
            obj["metadata"].setdefault("namespace", "default")
    assert obj is not None
    return said(checker.judge(obj, old, status=op == "update-status"))


def said(violations: Iterable[Violation]) -> Said:
    """Fields as the server names them; it names none for unknown fields and failed combinations."""
    nameless = ("unknown", "combination")
    return [
        ("" if violation.kind in nameless else violation.field, f"{violation.field}: {violation.message}")
        for violation in violations
    ]


NEWEST = CrdTarget(gateway_api=(99, 0), inference_extension=(99, 0), router=(99, 0))


def ours(
    crd: Object | None, version: str, obj: Object | None, text: str | None, op: str, old: Object | None
) -> Said:
    """What we say against an object by our own schema, in the channel of the published definition."""
    checker = own(crd, version) if crd else None
    return judged(checker, obj, text, op, old) if checker else theirs(crd, version, obj, text, op, old)


def own(crd: Object, version: str) -> Definition | None:
    channel = crd["metadata"].get("annotations", {}).get("gateway.networking.k8s.io/channel", "standard")
    return catalog(replace(NEWEST, channel=channel))(
        crd["spec"]["group"], version, crd["spec"]["names"]["kind"]
    )
