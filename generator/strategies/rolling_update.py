"""Rolling update: the pods of one pool are replaced a few at a time (contract §3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from generator import kubectl
from generator.anatomy import servers_of, with_parts
from generator.codes import CODES
from generator.diagnostics import Findings
from generator.fields import Fields
from generator.manifests import Manifest
from generator.model import Bundles, Gate, MetricGate, Plan, Ref, Rollback, Rollout, Stage
from generator.requirements import require_named, require_pool
from generator.steps import GateTable
from generator.strategies.strategy import Strategy
from generator.workloads import containers, startup_budget

MAX_SURGE = "25%"
MAX_UNAVAILABLE = 0
MIN_READY_SECONDS = 30
SPARE_SECONDS = 300
"""What the progress deadline leaves beyond the startup budget: pulling an image, scheduling."""

_SERVER = "modelserver"
_NONE = frozenset({"0", "0%"})


@dataclass(frozen=True, kw_only=True, slots=True)
class RollingUpdate:
    """The parameters of a rolling update; `deadline` is 0 where the plan leaves it to rollplan."""

    pool: Ref
    workload: Ref | None
    container: Ref | None
    image: Ref
    max_surge: int | str
    max_unavailable: int | str
    min_ready_seconds: int
    deadline: int
    soak: str
    gates: tuple[MetricGate, ...]


def parse(spec: Fields, gates: GateTable, found: Findings) -> RollingUpdate:
    """Read the parameters; the update must be free to add a pod or to take one away."""
    fields = spec.child("strategy")
    update = fields.child("update")
    if {str(fields.get("maxSurge", MAX_SURGE)), str(fields.get("maxUnavailable", MAX_UNAVAILABLE))} <= _NONE:
        found.add(
            CODES["RP106"],
            "`maxSurge` and `maxUnavailable` are both 0: no pod could ever be replaced",
            fields.document.at((*fields.path, "maxSurge")),
            "let `maxSurge` be at least 1, or `maxUnavailable` where no accelerator is spare",
        )
    return RollingUpdate(
        pool=spec.ref("pool"),
        workload=fields.ref("workload") if fields.has("workload") else None,
        container=update.ref("container") if update.has("container") else None,
        image=update.ref("image"),
        max_surge=fields.get("maxSurge", MAX_SURGE),
        max_unavailable=fields.get("maxUnavailable", MAX_UNAVAILABLE),
        min_ready_seconds=int(fields.get("minReadySeconds", MIN_READY_SECONDS)),
        deadline=int(fields.get("progressDeadlineSeconds", 0)),
        soak=fields.text("soak"),
        gates=gates.pick(fields.refs("gates")),
    )


def plan_stages(plan: Plan, bundles: Bundles, found: Findings) -> Rollout:
    """Give the stages: today's pods, the new template, the proof that it serves as well."""
    parameters: RollingUpdate = plan.strategy
    shared = with_parts(bundles["shared"], parameters.pool.value)
    pool = require_pool(shared, parameters.pool, found)
    workload = _workload(servers_of(shared, pool), parameters, found) if pool else None
    container = _container(workload, parameters, found) if workload else None
    found.stop_if_errors()
    before, index = cast(Manifest, workload), cast(int, container)
    after = _updated(before, index, parameters, parameters.image.value)
    old_image = str(containers(before)[index].get("image"))
    return Rollout(
        plan=plan,
        stages=_stages(parameters, shared, before, after),
        rollback=_rollback(_updated(before, index, parameters, old_image)),
    )


def _stages(
    parameters: RollingUpdate, shared: tuple[Manifest, ...], before: Manifest, after: Manifest
) -> tuple[Stage, ...]:
    now = tuple(after if item is before else item for item in shared)
    slow = "slow: pods of the old template start again"
    return (
        Stage(slug="baseline", title="what serves today", objects=shared),
        Stage(
            slug="update",
            title=f"{before.kind} {before.name} replaces its pods",
            objects=now,
            gate=Gate(checks=(kubectl.rolled_out(after),)),
            rollback=slow,
        ),
        Stage(
            slug="verify",
            title="the new pods serve as well as the old ones did",
            objects=now,
            gate=Gate(soak=parameters.soak, metrics=parameters.gates),
            rollback=slow,
        ),
    )


def _rollback(before: Manifest) -> Rollback:
    """Give the old image under the new policy: the way back keeps as much capacity as the way there."""
    return Rollback(
        promise="pods of the old template start again, a few at a time",
        objects=(before,),
        checks=(kubectl.rolled_out(before),),
    )


def _workload(servers: tuple[Manifest, ...], parameters: RollingUpdate, found: Findings) -> Manifest | None:
    deployments = tuple(item for item in servers if item.kind == "Deployment")
    if parameters.workload:
        return require_named(deployments, parameters.workload, "RP307", "Deployment of the pool", found)
    if len(deployments) == 1:
        return deployments[0]
    names = ", ".join(item.name for item in deployments)
    what = f"several Deployments: {names}" if names else "no Deployment"
    found.add(
        CODES["RP307"],
        f"InferencePool `{parameters.pool}` selects {what}",
        parameters.pool.place,
        "say which one to update as `spec.strategy.workload`"
        if names
        else "add the Deployment whose pods carry the pool's labels",
    )
    return None


def _container(workload: Manifest, parameters: RollingUpdate, found: Findings) -> int | None:
    names = [str(container.get("name")) for container in containers(workload)]
    wanted = parameters.container.value if parameters.container else names[0] if len(names) == 1 else _SERVER
    if wanted not in names:
        listed = ", ".join(f"`{name}`" for name in names) or "none"
        asked = parameters.container
        found.add(
            CODES["RP308"],
            f"Deployment `{workload.name}` has no container `{wanted}`"
            + ("" if asked else ", the one to update when the plan names none"),
            (asked or parameters.image).place,
            f"name one of its containers as `spec.strategy.update.container`: {listed}",
        )
        return None
    index = names.index(wanted)
    if containers(workload)[index].get("image") == parameters.image.value:
        found.add(
            CODES["RP310"],
            f"container `{wanted}` already runs `{parameters.image}`",
            parameters.image.place,
            "name the image that it is to run",
        )
    return index


def _updated(workload: Manifest, container: int, parameters: RollingUpdate, image: str) -> Manifest:
    """Give the Deployment with an image and an update policy that it states itself."""
    fields: Mapping[tuple[str | int, ...], Any] = {
        ("spec", "strategy"): {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": parameters.max_surge, "maxUnavailable": parameters.max_unavailable},
        },
        ("spec", "minReadySeconds"): parameters.min_ready_seconds,
        ("spec", "progressDeadlineSeconds"): parameters.deadline or _deadline(workload, parameters),
        ("spec", "template", "spec", "containers", container, "image"): image,
    }
    for path, value in fields.items():
        workload = workload.put(value, *path)
    return workload


def _deadline(workload: Manifest, parameters: RollingUpdate) -> int:
    """Give a deadline that no pod within its startup budget misses (contract I16)."""
    return max(600, startup_budget(workload) + parameters.min_ready_seconds + SPARE_SECONDS)


STRATEGY = Strategy(
    name="rolling-update", modes=frozenset({"gateway", "standalone"}), parse=parse, plan=plan_stages
)
