"""References by name: what objects name is there, or is known to be made apart from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from generator.kubernetes.references import Reference, references_of
from generator.model.codes import finding
from generator.model.findings import Finding
from generator.model.manifests import CLUSTER_SCOPED, Manifest
from generator.rules.links.objects import ObjectCatalog

_APART = frozenset(
    {
        "ClusterRole",
        "Gateway",
        "Group",
        "PersistentVolume",
        "PriorityClass",
        "ResourceClaim",
        "RuntimeClass",
        "Secret",
        "SecretProviderClass",
        "StorageClass",
        "User",
    }
)
"""Kinds that are usual to be made apart from a rollout, or are no objects: only a slip of the pen is told."""

_GIVEN = frozenset({("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")})
"""Objects that a cluster makes in every namespace."""

_HOSTS = frozenset({"DestinationRule", "ServiceMonitor"})
"""Kinds whose fields name hosts and labels rather than objects."""

_ALIKE = 0.9


def missing_names(catalog: ObjectCatalog) -> Iterator[Finding]:
    """Find references to objects that nothing in the rollout provides."""
    for item in catalog.objects:
        if item.kind in _HOSTS:
            continue
        for reference in references_of(item):
            if _is_open(reference):
                yield from _missing(catalog, item, reference)


def _is_open(reference: Reference) -> bool:
    known = (reference.kind, reference.name) in _GIVEN
    return bool(reference.kind) and not known and not reference.optional


def _missing(catalog: ObjectCatalog, item: Manifest, reference: Reference) -> Iterator[Finding]:
    text = str(item.get(*reference.path[:-1], "namespace", default="") or item.identity.namespace)
    namespace = "" if reference.kind in CLUSTER_SCOPED else text
    there = catalog.names.get((reference.kind, namespace), frozenset())
    if reference.name in there or (not there and text != item.identity.namespace):
        return  # what is in a namespace of others is theirs to provide
    close = _slip(reference.name, there)
    place = item.origin.at(*reference.path)
    message = f"{item.identity} names {reference.kind} `{reference.name}`"
    if close:
        text = f"{message}, and there is only `{close}`"
        yield finding("RP436", text, place, f"did you mean `{close}`?", about=item)
    elif reference.kind not in _APART:
        hint = "add it to the manifests, or make sure that the cluster has it before the rollout starts"
        yield finding("RP435", f"{message}, which no manifest provides", place, hint, about=item)


def _slip(name: str, there: frozenset[str]) -> str:
    """Return the name that is meant: nearly the same, in its letters alone; other digits are other things."""
    digits = re.findall(r"\d+", name)
    same = [other for other in sorted(there) if re.findall(r"\d+", other) == digits]
    return next(iter(get_close_matches(name, same, n=1, cutoff=_ALIKE)), "")
