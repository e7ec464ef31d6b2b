"""References across namespaces: the ReferenceGrants that allow them, and how they follow a rollout.

A grant that names blue by its name says nothing of the candidates: they join it before any route names
them, and what has left the rollout leaves the grant after the last route has forgotten it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from generator.kubernetes.backends import Pool, references
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.manifests import INFERENCE, Manifest, find
from generator.model.source import Ref
from generator.stages.traffic.routes import finalized
from generator.stages.traffic.shift import Shift

_KIND = "ReferenceGrant"


def opened(manifests: tuple[Manifest, ...], shift: Shift) -> tuple[Manifest, ...]:
    """Return the objects with every grant that names blue naming the candidates beside it as well."""
    return tuple(_opened(item, shift) if item.kind == _KIND else item for item in manifests)


def closed(manifests: tuple[Manifest, ...], gone: Iterable[Pool]) -> tuple[Manifest, ...]:
    """Return the objects with no grant naming a pool that leaves the cluster.

    A grant of such pools alone is left out: a grant of nothing is refused by the API server.
    """
    pools = tuple(gone)
    return tuple(item for item in (_closed(item, pools) for item in manifests) if item is not None)


def _closed(item: Manifest, gone: tuple[Pool, ...]) -> Manifest | None:
    if item.kind != _KIND:
        return item
    targets = _targets(item)
    left = [to for to in targets if not any(_names(item, to, pool) for pool in gone)]
    if len(left) == len(targets):
        return item
    return item.put(left, "spec", "to") if left else None


def require_grants(
    routes: tuple[Manifest, ...],
    manifests: tuple[Manifest, ...],
    shift: Shift,
    candidates: Mapping[str, Ref],
) -> Reporting[None]:
    """Require a grant for each reference that leaves its namespace, today's and those to come.

    `candidates` says where the plan names the pool of each.
    """
    grants = tuple(find(opened(manifests, shift), _KIND))
    for route in routes:
        first = next(references(route, shift.blue), None)
        if first is None:
            continue
        place = route.origin.at(*first, "name")
        if not _allowed(route, shift.blue, grants):
            yield finding("RP325", _missing(route, shift.blue), place, _HINT)
        for pool in shift.candidates:
            is_met = finalized(route, shift, pool.version).data != route.data
            if is_met and not _allowed(route, pool, grants):
                moved = Related(place=place, label="this reference moves there")
                yield finding("RP325", _missing(route, pool), candidates[pool.version].place, _HINT, moved)


_HINT = "add the ReferenceGrant to the manifests under `shared`; without it, the share of this pool gets 500"


def _missing(route: Manifest, pool: Pool) -> str:
    return (
        f"no ReferenceGrant in namespace `{pool.namespace}` lets {route.kind} `{route.name}` of namespace "
        f"`{route.identity.namespace}` refer to InferencePool `{pool}`"
    )


def _allowed(route: Manifest, pool: Pool, grants: Iterable[Manifest]) -> bool:
    home = route.identity.namespace
    wanted = {"group": route.identity.group, "kind": route.kind, "namespace": home}
    return home == pool.namespace or any(
        any(wanted.items() <= source.items() for source in grant.get("spec", "from", default=()))
        and any(_covers(grant, to, pool) for to in _targets(grant))
        for grant in grants
    )


def _targets(grant: Manifest) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = grant.get("spec", "to", default=[])
    return found


def _covers(grant: Manifest, to: Mapping[str, Any], pool: Pool) -> bool:
    """Return whether an entry of a grant allows references to a pool: by its name, or to all pools."""
    kind = {"group": INFERENCE, "kind": "InferencePool"}
    is_here = grant.identity.namespace == pool.namespace
    return is_here and kind.items() <= to.items() and to.get("name") in (None, "", pool.name)


def _names(grant: Manifest, to: Mapping[str, Any], pool: Pool) -> bool:
    return _covers(grant, to, pool) and bool(to.get("name"))


def _opened(grant: Manifest, shift: Shift) -> Manifest:
    return grant.put(list(_entries(grant, shift)), "spec", "to") if _is_named(grant, shift.blue) else grant


def _is_named(grant: Manifest, pool: Pool) -> bool:
    return any(_names(grant, to, pool) for to in _targets(grant))


def _entries(grant: Manifest, shift: Shift) -> Iterator[Mapping[str, Any]]:
    targets = _targets(grant)
    for to in targets:
        yield to
        for pool in shift.candidates if _names(grant, to, shift.blue) else ():
            is_beside = pool.namespace == shift.blue.namespace
            if is_beside and not any(_covers(grant, other, pool) for other in targets):
                yield {**to, "name": pool.name}
