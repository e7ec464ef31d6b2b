"""How a version is deleted: model servers first, its endpoint picker last (I11)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from generator.kubernetes.pods import SCALERS, WORKLOADS
from generator.kubernetes.rewrites import OBJECTIVE, REWRITE
from generator.kubernetes.router import MODEL
from generator.model.manifests import Manifest
from generator.model.rollout import Deletion
from generator.stages.gates.kubectl import pods_gone

_TITLES = ("model servers", "pool", "endpoint picker")


def removals(bundle: tuple[Manifest, ...]) -> Iterator[Deletion]:
    """Return what to delete, in order; each deletion waits until what it names is gone.

    `bundle` is in apply order, and leaves in the reverse of it.

    Responses still stream through the endpoint picker while model servers end, so it goes last, with
    everything that neither serves nor selects pods.
    """
    ranked = sorted(bundle, key=_rank)
    for rank, group in groupby(ranked, key=_rank):
        items = tuple(group)
        yield Deletion(
            title=_TITLES[rank],
            objects=tuple(reversed(items)),
            checks=tuple(pods_gone(item) for item in items if item.kind in WORKLOADS),
        )


def _rank(item: Manifest) -> int:
    if item.part == MODEL and item.kind in WORKLOADS | SCALERS:
        return 0
    return 1 if item.kind in {"InferencePool", REWRITE, OBJECTIVE} else 2
