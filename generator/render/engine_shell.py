"""The shell that Argo CD and Flux need in the runbook: sync, wait, delete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from generator.kubernetes.pods import WORKLOADS
from generator.kubernetes.routes import ROUTE_KINDS
from generator.kubernetes.workloads import startup_budget
from generator.model.plan import Plan
from generator.model.rollout import Deletion, Rollout, Stage
from generator.render.delivery import ENGINES, _is_served
from generator.templating import render_markdown, render_yaml

_SLACK = 600
"""Seconds on top of the slowest start that an engine may take to see a commit and to settle."""

_ROUTE_IS_WELL = (
    "has(status.parents) && size(status.parents) > 0 && "
    "status.parents.all(p, ['Accepted', 'ResolvedRefs'].all(t, p.conditions.exists(c, "
    "c.type == t && c.status == 'True' && c.observedGeneration == metadata.generation)))"
)
"""Each Gateway that knows a route accepts and resolves its current generation, in the words of Flux.

Pools have no such expression: it would wait for a status that a pool gets with its first route (I6).
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shell:
    """The shell by which an engine is led, for the runbook."""

    rollout: Rollout

    @property
    def promotes(self) -> bool:
        """Return whether a stage reaches the cluster by a promotion, whatever it changes."""
        return ENGINES[self.rollout.plan.delivery.engine].prunes

    @property
    def deletes(self) -> str:
        """Return the verb for what people do to delete."""
        return "Wait for the end of" if self.promotes else "Delete"

    def apply(self, stage: Stage, name: str) -> str:
        """Apply a stage, or promote it."""
        return self._text("apply.sh", stage=name, confirm=stage.final)

    def settled(self) -> str:
        """Wait until the engine has applied what was promoted; nothing where `apply` waits itself."""
        return self._text("settled.sh")

    def rollback(self) -> str:
        """Bring the traffic back."""
        return self._text("rollback.sh")

    def delete(self, deletion: Deletion, file: str) -> str:
        """Delete by hand, or approve what the engine is about to delete."""
        return self._text("delete.sh", file=file, asked=any(map(_is_served, deletion.objects)))

    def start(self) -> str:
        """Return the shell that makes the engine follow `live/`, once the first stage is promoted."""
        return self._text("start.sh")

    def _text(self, template: str, **values: Any) -> str:
        engine = self.rollout.plan.delivery.engine
        path = f"render/delivery/{engine}/{template}.j2"
        return render_markdown(path, **_names(self.rollout), **values).strip()


def follower(rollout: Rollout) -> dict[str, str]:
    """Return the file with the engine's own object, by path; none where nothing follows `live/`."""
    engine = ENGINES[rollout.plan.delivery.engine]
    if not engine.follower:
        return {}
    template = f"render/delivery/{engine.name}/{engine.follower}.yaml.j2"
    return {f"delivery/{engine.follower}.yaml": render_yaml(template, **_names(rollout))}


def _names(rollout: Rollout) -> dict[str, Any]:
    """Return what the templates of every engine may name."""
    plan: Plan = rollout.plan
    slowest = max((startup_budget(item) for item in rollout.objects if item.kind in WORKLOADS), default=0)
    delivery = plan.delivery
    routes = {(item.data["apiVersion"], item.kind) for item in rollout.objects if item.kind in ROUTE_KINDS}
    return {
        "name": plan.name,
        "namespace": plan.namespace,
        "path": f"{delivery.path}/live",
        "branch": delivery.branch,
        "engine_namespace": delivery.namespace,
        "source": delivery.source,
        "project": delivery.project,
        "interval": delivery.interval,
        "timeout": f"{slowest + _SLACK}s",
        "routes": [
            {"apiVersion": version, "kind": kind, "current": _ROUTE_IS_WELL}
            for version, kind in sorted(routes)
        ],
    }
