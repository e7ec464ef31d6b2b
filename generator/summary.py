"""The rollout as one table: per stage its traffic, replicas, accelerators, gate and way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.anatomy import MODEL, WORKLOADS, pod_templates
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
        rows.append(_row(rollout.directory(index), stage, before, rollout.accelerators))
        before = stage.objects
    return tuple(rows)


def traffic(splits: tuple[Split, ...]) -> tuple[str, ...]:
    """Say what each split does, once for splits that do the same."""
    return tuple(dict.fromkeys(_split(split) for split in splits))


def _row(name: str, stage: Stage, before: tuple[Manifest, ...], said: Mapping[str, int]) -> Row:
    servers, old = _servers(stage.objects), _servers(before)
    counts: dict[str, int] = {}
    for server in servers.values():
        counts[server.bundle] = counts.get(server.bundle, 0) + replicas(server)

    def held(server: Manifest, number: int) -> int:
        return said.get(server.bundle, accelerators(server)) * number

    return Row(
        stage=name,
        title=stage.title,
        traffic=traffic(stage.splits),
        replicas=counts,
        accelerators=sum(held(server, replicas(server)) for server in servers.values()),
        peak=sum(held(server, _most(identity, servers, old)) for identity, server in (old | servers).items()),
        gate=_gate(stage.gate),
        rollback=stage.rollback,
    )


def _servers(objects: tuple[Manifest, ...]) -> dict[Identity, Manifest]:
    return {item.identity: item for item in objects if item.part == MODEL and item.kind in WORKLOADS}


def _most(identity: Identity, now: Mapping[Identity, Manifest], old: Mapping[Identity, Manifest]) -> int:
    """Give the most replicas of a workload on the way into a stage: before it shrinks or leaves, too."""
    after, before = now.get(identity), old.get(identity)
    most = max(replicas(item) for item in (after, before) if item)
    return most + surge(after) if after and before and _restarts(after, before) else most


def _restarts(after: Manifest, before: Manifest) -> bool:
    return any(after.get(*path) != before.get(*path) for path in pod_templates(after))


def _split(split: Split) -> str:
    shares = ", ".join(f"{backend.version or backend.name} {backend.share}" for backend in split.backends)
    return f"{split.condition} → {shares}" if split.condition else shares


def _gate(gate: Gate) -> str:
    parts = ["ready" if gate.checks else "", gate.soak, *(metric.name for metric in gate.metrics)]
    return ", ".join(part for part in parts if part)
