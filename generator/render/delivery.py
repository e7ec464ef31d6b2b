"""Deliver stages by kubectl or by a GitOps engine (Argo CD, Flux) that follows `live/`.

An engine that prunes deletes what `live/` no longer holds, all of it at once and in an order of its own, so
what a stage deletes one after the other becomes a stage each (I11, field/partial-application).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from generator.kubernetes.apply_order import apply_rank
from generator.kubernetes.pods import WORKLOADS
from generator.kubernetes.router import MODEL
from generator.model.manifests import Manifest, put
from generator.model.rollout import Deletion, Rollback, Rollout, Stage

_WAVE, _OPTIONS = "argocd.argoproj.io/sync-wave", "argocd.argoproj.io/sync-options"


def _nothing(_: Manifest) -> Mapping[str, str]:
    return {}


def _waves(item: Manifest) -> Mapping[str, str]:
    """Apply in the order in which objects must exist (I4); ask before model servers are pruned."""
    asked = {_OPTIONS: "Delete=confirm,Prune=confirm"} if _is_served(item) else {}
    return {_WAVE: str(apply_rank(item)), **asked}


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplyEngine:
    """One way to apply stages: its shell is in `templates/render/delivery/NAME/`.

    `prunes` says that it follows `live/`, and deletes what is no longer in it; `follower` is the template of
    its object that does so.
    """

    name: str
    prunes: bool
    follower: str = ""
    annotations: Callable[[Manifest], Mapping[str, str]] = field(default=_nothing)


ENGINES: Mapping[str, ApplyEngine] = {
    engine.name: engine
    for engine in (
        ApplyEngine(name="kubectl", prunes=False),
        ApplyEngine(name="argo-cd", prunes=True, follower="application", annotations=_waves),
        ApplyEngine(name="flux", prunes=True, follower="flux-kustomization"),
    )
}
"""Engine by the name that a plan's delivery has."""


def delivered(rollout: Rollout) -> Rollout:
    """Return the rollout as its engine takes it: deletions in stages of their own, annotations added."""
    engine = ENGINES[rollout.plan.delivery.engine]
    stages = tuple(paced(rollout.stages)) if engine.prunes else rollout.stages
    annotate = _Annotator(engine=engine, known={})
    return replace(
        rollout,
        stages=tuple(replace(stage, objects=annotate.all(stage.objects)) for stage in stages),
        rollback=_undone(rollout.rollback, annotate),
    )


def paced(stages: tuple[Stage, ...]) -> Iterator[Stage]:
    """Return the stages with one deletion each at most; what goes later stays until then, as it was."""
    before: tuple[Manifest, ...] = ()
    for stage in stages:
        for number, deletion in enumerate(stage.deletions[:-1], 1):
            later = {item.identity for other in stage.deletions[number:] for item in other.objects}
            kept = tuple(item for item in before if item.identity in later)
            yield replace(
                stage,
                slug=_slug(stage, deletion),
                title=f"{stage.title}: its {deletion.title}",
                objects=(*stage.objects, *kept),
                deletions=(deletion,),
            )
        if len(stage.deletions) > 1:
            last = stage.deletions[-1]
            title = f"{stage.title}: its {last.title}"
            yield replace(stage, slug=_slug(stage, last), title=title, deletions=(last,))
        else:
            yield stage
        before = stage.objects


@dataclass(frozen=True, kw_only=True, slots=True)
class _Annotator:
    """Puts an engine's annotations on objects; an object that many stages hold stays one object."""

    engine: ApplyEngine
    known: dict[int, tuple[Any, Any]]

    def all(self, objects: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
        """Return the objects with their annotations, in the order given."""
        return tuple(replace(item, data=self._annotated(item)) for item in objects)

    def _annotated(self, item: Manifest) -> Any:
        if id(item.data) not in self.known:
            own = item.get("metadata", "annotations", default={})
            added = _merged(own, self.engine.annotations(item))
            data = put(item.data, added, "metadata", "annotations") if added != own else item.data
            self.known[id(item.data)] = (item.data, data)  # the first keeps the number from being used again
        return self.known[id(item.data)][1]


def _merged(own: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Return annotations with more of them: sync options join what is there, nothing else is overwritten."""
    merged = {**added, **own}
    if _OPTIONS in added and _OPTIONS in own:
        merged[_OPTIONS] = f"{own[_OPTIONS]},{added[_OPTIONS]}"
    return merged


def _undone(rollback: Rollback, annotate: _Annotator) -> Rollback:
    return replace(rollback, objects=annotate.all(rollback.objects))


def _is_served(item: Manifest) -> bool:
    return item.part == MODEL and item.kind in WORKLOADS


def _slug(stage: Stage, deletion: Deletion) -> str:
    return f"{stage.slug}-{deletion.title.replace(' ', '-')}"
