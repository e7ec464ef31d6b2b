"""`rollout.json`: the whole rollout for machines, in a versioned format."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from generator.model.gates import Gate, Instruction
from generator.model.manifests import Identity
from generator.model.rollout import Backend, Deletion, Rollout, Split, deletion_files
from generator.model.weights import percent
from generator.render.delivery import ENGINES
from generator.render.layout import Layout
from generator.stages.summary import Row, summarize

FORMAT_VERSION = "1"


def rollout_json(layout: Layout) -> str:
    """Return the text of `rollout.json`."""
    rollout = layout.rollout
    plan, rows, files = rollout.plan, summarize(rollout), layout.applied()
    content = {
        "formatVersion": FORMAT_VERSION,
        "plan": {"name": plan.name, "namespace": plan.namespace, "strategy": plan.type},
        "proof": asdict(rollout.proof) if rollout.proof else None,
        "delivery": plan.delivery.engine,
        "stages": [_stage(rollout, index, row, files[index]) for index, row in enumerate(rows)],
        "rollback": {
            "files": list(layout.rollback_files()),
            "apply": [_identity(item.identity) for item in rollout.rollback.objects],
            "checks": [_instruction(check) for check in rollout.rollback.checks],
            "delete": _deletions(rollout, "rollback", rollout.rollback.removals),
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _stage(rollout: Rollout, index: int, row: Row, files: tuple[str, ...]) -> dict[str, Any]:
    stage = rollout.stages[index]
    return {
        "name": row.stage,
        "title": stage.title,
        "files": list(files),
        "splits": [_split(split) for split in stage.splits],
        "replicas": dict(row.replicas),
        "leastReplicas": dict(row.least),
        "accelerators": {"settled": row.accelerators, "peak": row.peak},
        "apply": [_identity(item.identity) for item in rollout.applied(index)],
        "actions": [_instruction(action) for action in stage.actions],
        "delete": _deletions(rollout, rollout.folder(index), stage.deletions),
        "gate": _gate(stage.gate),
        "rollback": stage.rollback,
        "final": stage.final,
    }


def _identity(identity: Identity) -> dict[str, str]:
    fields = {
        "group": identity.group,
        "kind": identity.kind,
        "namespace": identity.namespace,
        "name": identity.name,
    }
    return {key: value for key, value in fields.items() if value or key == "group"}


def _split(split: Split) -> dict[str, Any]:
    return {
        "object": _identity(split.object),
        "rule": split.rule,
        "condition": split.condition,
        "backends": [_backend(backend) for backend in split.backends],
    }


def _backend(backend: Backend) -> dict[str, Any]:
    return {
        "name": backend.name,
        "version": backend.version,
        "weight": backend.weight,
        "percent": percent(backend.share),
    }


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "checks": [_instruction(check) for check in gate.checks],
        "soak": gate.soak,
        "metrics": [
            {"name": metric.name, "promql": metric.promql, metric.bound: metric.threshold}
            for metric in gate.metrics
        ],
    }


def _deletions(rollout: Rollout, folder: str, deletions: tuple[Deletion, ...]) -> list[dict[str, Any]]:
    """Return what goes, with the file that says so where no engine prunes."""
    prunes = ENGINES[rollout.plan.delivery.engine].prunes
    return [
        ({} if prunes else {"file": path})
        | {
            "objects": [_identity(item.identity) for item in deletion.objects],
            "checks": [_instruction(check) for check in deletion.checks],
        }
        for path, deletion in deletion_files(folder, deletions).items()
    ]


def _instruction(instruction: Instruction) -> dict[str, str]:
    return {"title": instruction.title, "script": instruction.script}
