"""Check references between the objects of a rollout: names, ports and selectors, which no server checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.model.findings import Finding, Reporting
from generator.model.rollout import Rollout
from generator.rules.links.names import missing_names
from generator.rules.links.objects import ObjectCatalog
from generator.rules.links.ports import unknown_ports
from generator.rules.links.selectors import idle_selectors

CHECKS: tuple[Callable[[ObjectCatalog], Iterator[Finding]], ...] = (
    missing_names,
    unknown_ports,
    idle_selectors,
)
"""The checks of references between objects."""


def require_wiring(rollout: Rollout) -> Reporting[None]:
    """Find each thread between objects that leads nowhere in the whole rollout.

    A thread to what an earlier or a later stage has is no loose end: when it must be there is for the order
    of stages to say.
    """
    staged = {id(item.data): item for stage in rollout.stages for item in stage.objects}
    catalog = ObjectCatalog(objects=tuple(staged.values()))
    for check in CHECKS:
        yield from check(catalog)
