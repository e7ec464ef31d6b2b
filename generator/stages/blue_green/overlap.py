"""Check that no pool selects the other version's pods, or narrow blue's selector first (I1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

from generator.kubernetes.labels import ACCELERATOR_VARIANT, ACCELERATOR_VENDOR
from generator.kubernetes.pods import pod_labels
from generator.kubernetes.router import servers_of
from generator.kubernetes.selectors import matches
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.manifests import Manifest
from generator.model.source import Place
from generator.stages.version import Version


@dataclass(frozen=True, kw_only=True, slots=True)
class Narrowing:
    """Labels that the plan allows to be added to the selector of blue's pool."""

    labels: Mapping[str, str]
    place: Place


def narrow(
    blue: Version, others: tuple[Version, ...], narrowing: Narrowing | None
) -> Reporting[tuple[Manifest, ...]]:
    """Return blue with its pool narrowed where it must be; what is left overlapping is a finding.

    The others' pods would join blue's pool as soon as they are ready. New labels would restart blue's
    pods, a narrower selector does not, so the labels must be on all of them already.
    """
    for version, other in permutations((blue, *others), 2):
        if version is not blue:
            yield from _refuse_overlap(version, version.pool, other.servers)
    caught = [other for other in others if servers_of(other.objects, blue.pool)]
    if not caught or narrowing is None:
        for other in caught:
            yield from _refuse_overlap(blue, blue.pool, other.servers)
        return blue.objects
    pool = blue.pool
    for key, value in narrowing.labels.items():
        pool = pool.put(value, "spec", "selector", "matchLabels", key)
    yield from _require_carried(blue.servers, narrowing)
    for other in caught:
        yield from _refuse_overlap(blue, pool, other.servers)
    return tuple(pool if item.identity == pool.identity else item for item in blue.objects)


def _refuse_overlap(version: Version, pool: Manifest, others: tuple[Manifest, ...]) -> Reporting[None]:
    selector = pool.get("spec", "selector", "matchLabels", default={})
    for other in servers_of(others, pool):
        pairs = ", ".join(f"{key}: {value}" for key, value in selector.items())
        yield finding(
            "RP319",
            f"InferencePool `{pool.name}` ({pairs}) selects pods of the other version, of `{other.name}`",
            pool.origin.at("spec", "selector"),
            _fix(pool, version.servers, others),
            Related(
                place=other.origin.at("spec", "template", "metadata", "labels"), label="these pods are caught"
            ),
        )


def _fix(pool: Manifest, own: tuple[Manifest, ...], others: tuple[Manifest, ...]) -> str:
    """Return the label that already differs, if there is one: a narrower selector restarts no pod."""
    carried = [set(pod_labels(server).items()) for server in own]
    foreign = {pair for other in others for pair in pod_labels(other).items()}
    telling = sorted(set.intersection(*carried) - foreign) if carried else []
    if not telling:
        return (
            "give green's pods and pool another value for one of these labels, or let the plan narrow blue's "
            "selector with `strategy.narrowBlue`"
        )
    key, value = min(telling, key=lambda pair: (_RANK.get(pair[0], len(_RANK)), pair))
    if pool.bundle == "blue":
        return f"add `narrowBlue: {{{key}: {value}}}` to `strategy`: all of its own pods carry that label"
    return f"add `{key}: {value}` to this selector: all of its own pods carry that label"


_RANK = {ACCELERATOR_VENDOR: 0, ACCELERATOR_VARIANT: 1}
"""Labels that tell pods apart best, because they stand for what the rollout changes."""


def _require_carried(servers: tuple[Manifest, ...], narrowing: Narrowing) -> Reporting[None]:
    for server in servers:
        if not matches({"matchLabels": narrowing.labels}, pod_labels(server)):
            yield finding(
                "RP320",
                f"the pods of {server.kind} `{server.name}` do not carry all of these labels",
                narrowing.place,
                "name only labels that all of blue's pods carry: a new label would restart them",
                Related(
                    place=server.origin.at("spec", "template", "metadata", "labels"), label="their labels"
                ),
            )
