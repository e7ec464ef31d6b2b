"""The rollout as one table: per stage its traffic, replicas, accelerators, gate and way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.anatomy import MODEL, WORKLOADS, pod_template
from generator.manifests import Identity, Manifest
from generator.model import Gate, Rollout, Split, Stage
from generator.workloads import accelerators, replicas, surge


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One stage of the table.

    `replicas` counts model servers by bundle; `accelerators` is what they hold when the stage has
    settled, `peak` the most that they hold on the way there.
    """

    stage: str
    title: str
    traffic: tuple[str, ...]
    replicas: Mapping[str, int]
    accelerators: int
    peak: int
    gate: str
    rollback: str


def summarize(rollout: Rollout) -> tuple[Row, ...]:
    """Give a row for every stage, in order."""
    rows: list[Row] = []
    before: tuple[Manifest, ...] = ()
    for index, stage in enumerate(rollout.stages):
        rows.append(_row(rollout.directory(index), stage, before))
        before = stage.objects
    return tuple(rows)


def traffic(splits: tuple[Split, ...]) -> tuple[str, ...]:
    """Say what each split does, once for splits that do the same."""
    return tuple(dict.fromkeys(_split(split) for split in splits))


def _row(name: str, stage: Stage, before: tuple[Manifest, ...]) -> Row:
    servers = [item for item in stage.objects if item.part == MODEL and item.kind in WORKLOADS]
    counts: dict[str, int] = {}
    for server in servers:
        counts[server.bundle] = counts.get(server.bundle, 0) + replicas(server)
    settled = sum(accelerators(server) * replicas(server) for server in servers)
    old = {item.identity: item for item in before}
    extra = sum(accelerators(server) * surge(server) for server in servers if _restarts(server, old))
    leaving = sum(accelerators(item) * replicas(item) for item in before if _leaves(item, stage))
    return Row(
        stage=name,
        title=stage.title,
        traffic=traffic(stage.splits),
        replicas=counts,
        accelerators=settled,
        peak=settled + extra + leaving,
        gate=_gate(stage.gate),
        rollback=stage.rollback,
    )


def _restarts(server: Manifest, old: Mapping[Identity, Manifest]) -> bool:
    path = pod_template(server)
    before = old.get(server.identity)
    return before is not None and before.get(*path) != server.get(*path)


def _leaves(item: Manifest, stage: Stage) -> bool:
    return (
        item.part == MODEL
        and item.kind in WORKLOADS
        and item.identity not in {here.identity for here in stage.objects}
    )


def _split(split: Split) -> str:
    shares = ", ".join(f"{backend.version or backend.name} {backend.share}" for backend in split.backends)
    return f"{split.condition} → {shares}" if split.condition else shares


def _gate(gate: Gate) -> str:
    parts = ["ready" if gate.checks else "", gate.soak, *(metric.name for metric in gate.metrics)]
    return ", ".join(part for part in parts if part)
