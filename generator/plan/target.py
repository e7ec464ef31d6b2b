"""The `target` of a plan: Gateway, versions of the APIs, budget."""

from __future__ import annotations

from generator.model.target import Apis, Budget, Gateway, Target
from generator.plan.fields import Fields


def parse_budget(fields: Fields) -> Budget | None:
    """Read a `budget` that has a name, by which several plans share it; a mere number is one plan's own."""
    if not isinstance(fields.get("budget"), dict):
        return None
    budget = fields.child("budget")
    accelerators = int(budget.get("accelerators"))
    return Budget(name=budget.text("name"), accelerators=accelerators, place=budget.ref("name").place)


_PINNED = {"gatewayAPI": "v1.5.1", "inferenceExtension": "v1.5.0", "router": "v0.9.0"}
"""The versions that the llm-d guides pin, for a target that names none."""


def _target(fields: Fields, namespace: str) -> Target:
    apis = {name: fields.child("apis").text(name, pinned) for name, pinned in _PINNED.items()}
    gateway = fields.child("gateway")
    return Target(
        mode=fields.text("mode"),
        gateway=Gateway(
            name=gateway.text("name"),
            namespace=gateway.text("namespace", namespace),
            provider=gateway.text("provider"),
            version=gateway.text("version"),
            place=gateway.document.at((*gateway.path, "provider")),
        )
        if fields.has("gateway")
        else None,
        apis=Apis(
            gateway_api=_version(apis["gatewayAPI"]),
            inference_extension=_version(apis["inferenceExtension"]),
            router=_version(apis["router"]),
        ),
        cluster=fields.text("cluster"),
        budget=parse_budget(fields),
        place=fields.document.at((*fields.path, "mode")),
        crds=fields.refs("crds"),
    )


def _version(text: str) -> tuple[int, int]:
    major, minor = text.removeprefix("v").split(".")[:2]
    return int(major), int(minor)
