"""What all made objects of a version share: namespace, pool, target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from generator.gather.canonical import canonical
from generator.gather.templates import make
from generator.kubernetes import names
from generator.kubernetes.labels import APP_COMPONENT, APP_NAME, IGW_MODE
from generator.kubernetes.router import ROUTER
from generator.model.made import Router
from generator.model.manifests import Manifest, Origin
from generator.model.target import Target

GATEWAY = "gateway"
"""The mode in which requests reach the pool through a Gateway."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """The version that objects are made for.

    `selector` and `port` are the pool's, made or brought; `disaggregated` says that prefill and decode are
    pods of their own.
    """

    bundle: str
    pool: str
    namespace: str
    target: Target
    selector: Mapping[str, str]
    port: int
    disaggregated: bool

    @property
    def picker(self) -> str:
        """Return the name of the endpoint picker."""
        return names.picker(self.pool)

    @property
    def proxy(self) -> str:
        """Return the name of the proxy."""
        return names.proxy(self.pool)

    @property
    def standalone(self) -> bool:
        """Return whether the picker brings its own proxy."""
        return self.target.mode != GATEWAY

    def make(self, kind: str, part: str, origin: Origin, **values: Any) -> Manifest:
        """Return an object in canonical form, as if the user had brought it."""
        made = make(kind, self.bundle, origin, namespace=self.namespace, **values)
        data = canonical(made.data, self.namespace, self.target.apis)
        return replace(made, data=data, part=part)

    def make_for(self, router: Router, kind: str, **values: Any) -> Manifest:
        """Return an object of the router: with the picker's name and labels where `values` have no others."""
        common = {"name": self.picker, "labels": labels(self)}
        return self.make(kind, ROUTER, router.origin, **{**common, **values})


def labels(context: Context, component: str = "endpoint-picker") -> dict[str, str]:
    """Return the labels of an object of the router."""
    return {APP_NAME: context.picker, APP_COMPONENT: component}


def picker_pods(router: Router, context: Context) -> dict[str, str]:
    """Return the one label by which the picker's pods are told from all others."""
    return {f"llm-d-router-{_kind(router)}": context.picker}


def picker_mode(router: Router) -> dict[str, str]:
    """Return the label that says whether the picker follows an InferencePool."""
    return {IGW_MODE: f"llm-d-router-{_kind(router)}"}


def _kind(router: Router) -> str:
    return "gateway" if router.has_pool else "standalone"
