"""What all stages of a blue-green rollout are made of, and how one of them is put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from generator.kubernetes.backends import Pool
from generator.kubernetes.router import servers_of
from generator.kubernetes.workloads import replicas
from generator.model.gates import MetricGate
from generator.model.manifests import Manifest
from generator.model.plan import Plan
from generator.model.rollout import Stage
from generator.model.target import Gateway
from generator.stages.blue_green.objectives import with_objective
from generator.stages.blue_green.parameters import BlueGreen
from generator.stages.blue_green.sizes import Fleet, Sizes
from generator.stages.gates.metrics import endpoints_ready
from generator.stages.traffic.grants import closed, opened
from generator.stages.traffic.pins import FOREVER, Pin
from generator.stages.traffic.routes import finalized, shifted
from generator.stages.traffic.shift import BLUE, GREEN, Moment, Shift, splits
from generator.stages.version import Version

Routes = tuple[Manifest, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """The plan and all that it names; `today` is blue as it runs before anything is prepared."""

    plan: Plan
    parameters: BlueGreen
    gateway: Gateway
    shift: Shift
    shared: tuple[Manifest, ...]
    today: tuple[Manifest, ...]
    fleet: Fleet
    routes: Routes
    objectives: Mapping[Pool, str]

    @property
    def first(self) -> Sizes:
        """Return every version as it is before the first weight, ready for it."""
        return self.fleet.between({}, self.parameters.steps[0].shares)

    @property
    def pins(self) -> tuple[Pin, ...]:
        """Return the pins that hold something, each once."""
        return tuple(dict.fromkeys(self.shift.pinned.values()))

    @property
    def leaving(self) -> tuple[Version, ...]:
        """Return the versions that go in the end; blue stays where something is pinned to it for good."""
        stays = any(pin.until == FOREVER for pin in self.pins)
        losers = (version for version in self.fleet.candidates if version.name != self.parameters.winner)
        return (*(() if stays else (self.fleet.blue,)), *losers)

    @property
    def opened(self) -> tuple[Manifest, ...]:
        """Return the shared objects with the candidates in the grants that name blue."""
        return opened(self.shared, self.shift)

    @property
    def closed(self) -> tuple[Manifest, ...]:
        """Return the shared objects when the versions that leave are gone from the grants."""
        return closed(self.opened, (version.target for version in self.leaving))

    def moment(self, moment: Moment) -> Routes:
        """Return all routes at one point of the rollout."""
        named = self.plan.target.apis.gateway_api >= (1, 4)
        return self._headed(shifted(route, self.shift, moment, named=named) for route in self.routes)

    def final(self) -> Routes:
        """Return all routes at the end, when the winner stands in the place of blue."""
        return self._headed(finalized(route, self.shift, self.parameters.winner) for route in self.routes)

    def _headed(self, routes: Iterable[Manifest]) -> Routes:
        return tuple(with_objective(route, self.objectives) for route in routes)

    def ready(self, version: Version, objects: tuple[Manifest, ...]) -> MetricGate:
        """Check that the version's endpoint picker sees all the pods of its objects."""
        count = sum(map(replicas, servers_of(objects, version.pool)))
        pool = version.target
        return of_version(
            endpoints_ready(pool.name, pool.namespace, count, self.plan.target.apis), version.name
        )

    def stage(
        self,
        slug: str,
        title: str,
        routes: Routes,
        sizes: Sizes,
        *,
        shared: tuple[Manifest, ...] | None = None,
        **leads: object,
    ) -> Stage:
        """Return a stage of these routes and versions.

        Grants know the candidates, unless `shared` is said.
        """
        versions = (item for objects in sizes.values() for item in objects)
        return Stage(
            slug=slug,
            title=title,
            objects=(*(self.opened if shared is None else shared), *versions, *routes),
            splits=tuple(split for route in routes for split in splits(route, self.shift)),
            **leads,  # type: ignore[arg-type]
        )


def of_version(gate: MetricGate, version: str) -> MetricGate:
    """Return a gate the name of its version; blue's and the only green's need none to be told apart."""
    return gate if version in (BLUE, GREEN) else replace(gate, name=f"{gate.name}-{version}")
