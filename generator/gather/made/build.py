"""Make a version's router and model servers, or report what does not fit."""

from __future__ import annotations

from collections.abc import Iterator

from generator.gather.made.context import Context
from generator.gather.made.model_servers import SERVES, made_server
from generator.gather.made.pairing import require_matching
from generator.gather.made.requirements import require_fit
from generator.gather.made.reserved_flags import require_flags
from generator.gather.made.router import made_router
from generator.kubernetes import names
from generator.kubernetes.engines import SERVER_PORT
from generator.kubernetes.labels import APP_COMPONENT
from generator.kubernetes.pods import WORKLOADS, roles_of
from generator.kubernetes.router import find_pool
from generator.model.findings import Reporting
from generator.model.made import PREFILL, RequestedObjects
from generator.model.manifests import Manifest
from generator.model.plan import Plan
from generator.model.source import Place


def made_objects(
    requested: RequestedObjects, bundle: str, brought: tuple[Manifest, ...], plan: Plan
) -> Reporting[tuple[Manifest, ...]]:
    """Return the objects that rollplan makes for a version, beside those that its manifests bring."""
    pool = find_pool(brought, requested.pool)
    context = _context(requested, bundle, brought, pool, plan)
    yield from require_fit(requested, pool, plan, context)
    yield from require_flags(requested)
    made = tuple(_objects(requested, context, is_brought=pool is not None))
    yield from require_matching(requested, (*brought, *made), context, _selector_place(requested, pool))
    return made


def _objects(requested: RequestedObjects, context: Context, *, is_brought: bool) -> Iterator[Manifest]:
    if requested.router and not is_brought:
        yield from made_router(requested.router, context)
    for server in requested.servers:
        yield from made_server(server, context)


def _selector_place(requested: RequestedObjects, pool: Manifest | None) -> Place:
    if pool:
        return pool.origin.at("spec", "selector")
    asked = requested.router or requested.servers[0]
    return asked.origin.at("selector")


def _context(
    requested: RequestedObjects, bundle: str, brought: tuple[Manifest, ...], pool: Manifest | None, plan: Plan
) -> Context:
    router = requested.router
    if pool:
        selector = pool.get("spec", "selector", "matchLabels", default={})
        port = pool.get("spec", "targetPorts", 0, "number", default=SERVER_PORT)
    else:
        selector = (router.selector if router else {}) or _selector(requested)
        port = router.ports[0] if router else SERVER_PORT
    return Context(
        bundle=bundle,
        pool=requested.pool,
        namespace=plan.namespace,
        target=plan.target,
        selector=dict(selector),
        port=port,
        disaggregated=_is_disaggregated(requested, brought),
    )


def _selector(requested: RequestedObjects) -> dict[str, str]:
    """Return a selector that catches the pool's own pods; of groups the leaders alone: they have the API."""
    grouped = any(server.nodes > 1 for server in requested.servers)
    return {"app": names.label(requested.pool)} | ({APP_COMPONENT: SERVES} if grouped else {})


def _is_disaggregated(requested: RequestedObjects, brought: tuple[Manifest, ...]) -> bool:
    roles = {role for item in brought if item.kind in WORKLOADS for role in roles_of(item)}
    return PREFILL in roles | {server.role for server in requested.servers}
