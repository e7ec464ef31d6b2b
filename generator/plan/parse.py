"""Turn a valid document into a Plan; after this step the plan is typed and has no dicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.model.codes import finding
from generator.model.findings import Code, Reporting, each
from generator.model.plan import Delivery, Plan, Sources
from generator.model.source import Document
from generator.plan.accepted import parse_acceptances
from generator.plan.fields import Fields
from generator.plan.gates import _candidates, _gates, _names
from generator.plan.made import read_requested
from generator.plan.steps import GateTable
from generator.plan.target import _PINNED, _target

_ENGINES = {"argoCD": ("argo-cd", "repoURL", "argocd"), "flux": ("flux", "source", "flux-system")}
"""Field of `delivery` → the engine, the field that names its repository, the namespace it lives in."""

_BUNDLES = ("blue", "green", "shared")


def parse(document: Document, strategies: Mapping[str, Any], codes: Mapping[str, Code]) -> Reporting[Plan]:
    """Read a document that `validate` found no error in.

    What no schema can say (names that must exist, the order of steps) is found here.
    """
    root = Fields(document=document, path=(), data=document.data)
    metadata, spec = root.child("metadata"), root.child("spec")
    gates = yield from _gates(spec, _names(root))
    table = GateTable(gates=gates, candidates=_candidates(spec))
    fields = spec.child("strategy")
    strategy = strategies[fields.text("type")]
    plan = Plan(
        name=metadata.text("name"),
        namespace=metadata.text("namespace"),
        target=_target(spec.child("target"), metadata.text("namespace")),
        sources=(yield from _sources(spec)),
        roots=tuple(ref.value for ref in spec.refs("roots")),
        type=strategy.name,
        strategy=(yield from strategy.parse(spec, table)),
        gates=tuple(gates.values()),
        accept=(yield from parse_acceptances(spec, codes)),
        place=document.at(("metadata", "name")),
        delivery=_delivery(spec.child("delivery")),
    )
    if plan.target.mode not in strategy.modes:
        yield finding(
            "RP114",
            f"a {strategy.name} rollout cannot run in {plan.target.mode} mode",
            plan.target.place,
            "use a rolling-update or lora-adapter rollout, or put a Gateway in front and set `mode: gateway`",
        )
    return plan


def _delivery(fields: Fields) -> Delivery:
    for name, (engine, source, namespace) in _ENGINES.items():
        if fields.has(name):
            given = fields.child(name)
            return Delivery(
                engine=engine,
                path=given.text("path"),
                branch=given.text("branch", "main"),
                namespace=given.text("namespace", namespace),
                source=given.text(source, namespace),
                project=given.text("project", "default"),
                interval=given.text("interval", "10m"),
            )
    return Delivery()


def _sources(spec: Fields) -> Reporting[tuple[Sources, ...]]:
    """Return the sources of every bundle; a strategy with one version keeps its objects in `shared`."""
    router = spec.child("target").child("apis").text("router", _PINNED["router"])

    def sources(named: tuple[str, Fields]) -> Reporting[Sources]:
        bundle, fields = named
        requested = yield from read_requested(fields, router)
        return Sources(bundle=bundle, paths=fields.refs("manifests"), requested=requested)

    named = [(name, spec.child(name)) for name in _BUNDLES if spec.has(name)]
    named += [(item.text("name"), item) for item in spec.items("candidates")]
    named += [("shared", spec)] if spec.has("pool") else []
    routes = (Sources(bundle="routes", paths=spec.refs("routes")),) if spec.has("routes") else ()
    return (*(yield from each(sources, named)), *routes)
