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
from generator.model.made import PREFILL, Wanted
from generator.model.manifests import Manifest
from generator.model.plan import Plan
from generator.model.source import Place


def made_objects(
    wanted: Wanted, bundle: str, brought: tuple[Manifest, ...], plan: Plan
) -> Reporting[tuple[Manifest, ...]]:
    """Return the objects that rollplan makes for a version, beside those that its manifests bring."""
    pool = find_pool(brought, wanted.pool)
    context = _context(wanted, bundle, brought, pool, plan)
    yield from require_fit(wanted, pool, plan, context)
    yield from require_flags(wanted)
    made = tuple(_objects(wanted, context, is_brought=pool is not None))
    yield from require_matching(wanted, (*brought, *made), context, _selector_place(wanted, pool))
    return made


def _objects(wanted: Wanted, context: Context, *, is_brought: bool) -> Iterator[Manifest]:
    if wanted.router and not is_brought:
        yield from made_router(wanted.router, context)
    for server in wanted.servers:
        yield from made_server(server, context)


def _selector_place(wanted: Wanted, pool: Manifest | None) -> Place:
    if pool:
        return pool.origin.at("spec", "selector")
    asked = wanted.router or wanted.servers[0]
    return asked.origin.at("selector")


def _context(
    wanted: Wanted, bundle: str, brought: tuple[Manifest, ...], pool: Manifest | None, plan: Plan
) -> Context:
    router = wanted.router
    if pool:
        selector = pool.get("spec", "selector", "matchLabels", default={})
        port = pool.get("spec", "targetPorts", 0, "number", default=SERVER_PORT)
    else:
        selector = (router.selector if router else {}) or _selector(wanted)
        port = router.ports[0] if router else SERVER_PORT
    return Context(
        bundle=bundle,
        pool=wanted.pool,
        namespace=plan.namespace,
        target=plan.target,
        selector=dict(selector),
        port=port,
        disaggregated=_is_disaggregated(wanted, brought),
    )


def _selector(wanted: Wanted) -> dict[str, str]:
    """Return a selector that catches the pool's own pods; of groups the leaders alone: they have the API."""
    grouped = any(server.nodes > 1 for server in wanted.servers)
    return {"app": names.label(wanted.pool)} | ({APP_COMPONENT: SERVES} if grouped else {})


def _is_disaggregated(wanted: Wanted, brought: tuple[Manifest, ...]) -> bool:
    said = {role for item in brought if item.kind in WORKLOADS for role in roles_of(item)}
    return PREFILL in said | {server.role for server in wanted.servers}
