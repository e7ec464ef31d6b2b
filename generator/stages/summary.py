"""The rollout as one table: per stage its traffic, replicas, accelerators, gate and way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.kubernetes.pods import WORKLOADS
from generator.kubernetes.replicas import held, missing, replaced
from generator.kubernetes.router import MODEL
from generator.kubernetes.workloads import replicas
from generator.model.gates import Gate
from generator.model.manifests import Identity, Manifest
from generator.model.rollout import Rollout, Split, Stage
from generator.model.weights import percent

HEAD = ("stage", "traffic in percent", "replicas", "accelerators (peak)", "gate", "way back")


def replica_text(row: Row) -> str:
    """Return how many replicas each bundle has; the bundle's name says nothing where there is one."""
    per_replica = {
        bundle: f"{count} ({row.least[bundle]} while it changes)" if row.least[bundle] < count else str(count)
        for bundle, count in row.replicas.items()
    }
    if set(per_replica) == {"shared"}:
        return per_replica["shared"]
    return ", ".join(f"{bundle} {text}" for bundle, text in per_replica.items())


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One stage of the table.

    `replicas` counts model servers by bundle, `least` those of them that an update leaves on the way;
    `accelerators` is what they hold when the stage has settled, `peak` the most that they hold on the way.
    """

    stage: str
    title: str
    traffic: tuple[str, ...]
    replicas: Mapping[str, int]
    least: Mapping[str, int]
    accelerators: int
    peak: int
    gate: str
    rollback: str


def summarize(rollout: Rollout) -> tuple[Row, ...]:
    """Return a row for every stage, in order."""
    rows: list[Row] = []
    before: tuple[Manifest, ...] = ()
    for index, stage in enumerate(rollout.stages):
        rows.append(_row(rollout.directory(index), stage, before, rollout.accelerators))
        before = stage.objects
    return tuple(rows)


def proof_sentence(rollout: Rollout) -> str:
    """Return how much was proved; nothing, where nobody has asked."""
    proof = rollout.proof
    if proof is None:
        return ""
    ways = f"{proof.transitions} ways from stage to stage and {proof.rollbacks} ways back"
    return f"{proof.states} half-applied states checked, on {ways}"


def traffic(splits: tuple[Split, ...]) -> tuple[str, ...]:
    """Return what each split does, once for splits that do the same."""
    return tuple(dict.fromkeys(_split(split) for split in splits))


def _row(name: str, stage: Stage, before: tuple[Manifest, ...], per_replica: Mapping[str, int]) -> Row:
    servers, old = _servers(stage.objects), _servers(before)
    counts: dict[str, int] = {}
    least: dict[str, int] = {}
    for identity, server in servers.items():
        there = replicas(server)
        counts[server.bundle] = counts.get(server.bundle, 0) + there
        gone = missing(server, replaced(server, old[identity])) if identity in old else 0
        least[server.bundle] = least.get(server.bundle, 0) + there - gone
    return Row(
        stage=name,
        title=stage.title,
        traffic=traffic(stage.splits),
        replicas=counts,
        least=least,
        accelerators=sum(held(server, per_replica.get(server.bundle)) for server in servers.values()),
        peak=peak(before, stage.objects, per_replica),
        gate=_gate(stage.gate),
        rollback=stage.rollback,
    )


def peak(before: tuple[Manifest, ...], after: tuple[Manifest, ...], per_replica: Mapping[str, int]) -> int:
    """Return the most accelerators that model servers hold on the way from some objects to others.

    A workload that shrinks or leaves holds all of its own first; one that is updated holds its surge too.
    """
    old, now = _servers(before), _servers(after)
    return sum(_most(now.get(identity), old.get(identity), per_replica) for identity in old | now)


def _servers(objects: tuple[Manifest, ...]) -> dict[Identity, Manifest]:
    return {item.identity: item for item in objects if item.part == MODEL and item.kind in WORKLOADS}


def _most(after: Manifest | None, before: Manifest | None, per_replica: Mapping[str, int]) -> int:
    updating = bool(after and before and replaced(after, before))
    return max(
        held(item, per_replica.get(item.bundle), updating=updating) for item in (after, before) if item
    )


def _split(split: Split) -> str:
    shares = ", ".join(
        f"{backend.version or backend.name} {percent(backend.share)}" for backend in split.backends
    )
    return f"{split.condition} → {shares}" if split.condition else shares


def _gate(gate: Gate) -> str:
    parts = ["ready" if gate.checks else "", gate.soak, *(metric.name for metric in gate.metrics)]
    return ", ".join(part for part in parts if part)
