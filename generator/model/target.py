"""The target of a plan: Gateway, versions of the cluster's APIs, and budget of accelerators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.model.source import Place

if TYPE_CHECKING:
    from generator.model.source import Ref


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """The Gateway that routes attach to; `namespace` defaults to the plan's."""

    name: str
    namespace: str
    provider: str
    version: str
    place: Place

    @property
    def kind(self) -> str:
        """Return the kind of the object."""
        return "Gateway"


@dataclass(frozen=True, kw_only=True, slots=True)
class Apis:
    """Versions of the APIs that the cluster serves, as (major, minor)."""

    gateway_api: tuple[int, int]
    inference_extension: tuple[int, int]
    router: tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """Accelerators that all plans which name it may hold together."""

    name: str
    accelerators: int
    place: Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What the cluster runs; `cluster` is its name, if the plan sets one."""

    mode: str
    gateway: Gateway | None
    apis: Apis
    cluster: str
    budget: Budget | None
    place: Place
    crds: tuple[Ref, ...] = ()
