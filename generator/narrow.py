"""Pools that must not select each other's pods, and blue's selector narrowed where it would (contract I1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

from generator.anatomy import pod_labels, servers_of
from generator.codes import CODES
from generator.diagnostics import Findings, Related
from generator.manifests import Manifest, selects
from generator.source import Place
from generator.version import Version


@dataclass(frozen=True, kw_only=True, slots=True)
class Narrowing:
    """Labels that the plan allows to be added to the selector of blue's pool."""

    labels: Mapping[str, str]
    place: Place


def prepare(
    blue: Version, others: tuple[Version, ...], narrowing: Narrowing | None, found: Findings
) -> tuple[Manifest, ...]:
    """Give blue with its pool narrowed where it must be; what is left overlapping is a finding.

    The others' pods would join blue's pool as soon as they are ready. New labels would restart blue's
    pods, a narrower selector does not, so the labels must be on all of them already.
    """
    for version, other in permutations((blue, *others), 2):
        if version is not blue:
            _refuse_overlap(version.pool, other.servers, found)
    caught = [other for other in others if servers_of(other.objects, blue.pool)]
    if not caught or narrowing is None:
        for other in caught:
            _refuse_overlap(blue.pool, other.servers, found)
        return blue.objects
    narrow = blue.pool
    for key, value in narrowing.labels.items():
        narrow = narrow.put(value, "spec", "selector", "matchLabels", key)
    _require_carried(blue.servers, narrowing, found)
    for other in caught:
        _refuse_overlap(narrow, other.servers, found)
    return tuple(narrow if item.identity == narrow.identity else item for item in blue.objects)


def _refuse_overlap(pool: Manifest, others: tuple[Manifest, ...], found: Findings) -> None:
    selector = pool.get("spec", "selector", "matchLabels", default={})
    for other in servers_of(others, pool):
        pairs = ", ".join(f"{key}: {value}" for key, value in selector.items())
        found.add(
            CODES["RP319"],
            f"InferencePool `{pool.name}` ({pairs}) selects pods of the other version, of `{other.name}`",
            pool.origin.at("spec", "selector"),
            "give green's pods and pool another value for one of these labels, or let the plan narrow blue's "
            "selector with `strategy.narrowBlue`",
            Related(
                place=other.origin.at("spec", "template", "metadata", "labels"), label="these pods are caught"
            ),
        )


def _require_carried(servers: tuple[Manifest, ...], narrowing: Narrowing, found: Findings) -> None:
    for server in servers:
        if not selects(narrowing.labels, pod_labels(server)):
            found.add(
                CODES["RP320"],
                f"the pods of {server.kind} `{server.name}` do not carry all of these labels",
                narrowing.place,
                "name only labels that all of blue's pods carry: a new label would restart them",
                Related(
                    place=server.origin.at("spec", "template", "metadata", "labels"), label="their labels"
                ),
            )
