"""The runbook: what to run, stage by stage, what to wait for, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

from generator.kubectl import joined
from generator.markdown import fence, plain, table
from generator.model import Deletion, Instruction, MetricGate, Rollout
from generator.summary import Row, summarize
from generator.templating import render_markdown

HEAD = ("stage", "traffic in percent", "replicas", "accelerators (peak)", "gate", "way back")


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One stage of the runbook; every field is Markdown already."""

    name: str
    title: str
    changes: tuple[str, ...]
    apply: str
    actions: tuple[Block, ...]
    deletions: tuple[Block, ...]
    checks: tuple[Block, ...]
    soak: str
    metrics: tuple[Block, ...]
    rollback: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A line of text and the code block under it."""

    title: str
    code: str


def runbook(rollout: Rollout) -> str:
    """Give the text of the rendered README.md."""
    rows, rollback = summarize(rollout), rollout.rollback
    return render_markdown(
        "runbook/README.md.j2",
        name=rollout.plan.name,
        strategy=rollout.plan.type,
        namespace=rollout.plan.namespace,
        table=table(HEAD, (cells(row) for row in rows)),
        look=fence(f"kubectl diff -k stages/{rows[0].stage} || test $? -eq 1", "sh"),
        sections=[_section(rollout, index, row) for index, row in enumerate(rows)],
        promise=plain(rollback.promise),
        rollback=fence("kubectl apply -f rollback/", "sh"),
        baseline=fence(f"kubectl apply -k stages/{rows[0].stage}", "sh"),
        rollback_checks=[_block(check) for check in rollback.checks],
        removals=_deletions("rollback/delete", rollback.removals),
    )


def cells(row: Row) -> tuple[str, ...]:
    """Give a stage's row as Markdown cells."""
    peak = f"{row.accelerators} ({row.peak})" if row.peak != row.accelerators else str(row.accelerators)
    return (
        row.stage,
        "<br>".join(plain(text) for text in row.traffic),
        plain(replica_text(row)),
        peak,
        plain(row.gate),
        plain(row.rollback),
    )


def replica_text(row: Row) -> str:
    """Say how many replicas each bundle has; the bundle's name says nothing where there is one."""
    if set(row.replicas) == {"shared"}:
        return str(row.replicas["shared"])
    return ", ".join(f"{bundle} {count}" for bundle, count in row.replicas.items())


def _section(rollout: Rollout, index: int, row: Row) -> Section:
    stage = rollout.stages[index]
    changes = [f"`{item.identity}`" for item in rollout.applied(index)] if index else []
    return Section(
        name=row.stage,
        title=_sentence(stage.title),
        changes=tuple(changes),
        apply=fence(f"kubectl apply -k stages/{row.stage}", "sh") if changes or not index else "",
        actions=tuple(_block(action) for action in stage.actions),
        deletions=_deletions(f"stages/{row.stage}/delete", stage.deletions),
        checks=tuple(_block(check) for check in stage.gate.checks),
        soak=stage.gate.soak,
        metrics=tuple(_metric(metric) for metric in stage.gate.metrics),
        rollback=plain(stage.rollback),
    )


def _deletions(folder: str, deletions: tuple[Deletion, ...]) -> tuple[Block, ...]:
    blocks = []
    for number, deletion in enumerate(deletions, 1):
        delete = f"kubectl delete --ignore-not-found -f {folder}/{deletion.file_name(number)}"
        shell = joined(delete, *(check.script for check in deletion.checks))
        blocks.append(Block(title=f"Delete the {plain(deletion.title)}:", code=fence(shell, "sh")))
    return tuple(blocks)


def _block(instruction: Instruction) -> Block:
    return Block(title=f"{_sentence(instruction.title)}:", code=fence(instruction.script, "sh"))


def _sentence(text: str) -> str:
    return plain(text[0].upper() + text[1:])


def _metric(metric: MetricGate) -> Block:
    bound = "at most" if metric.bound == "max" else "at least"
    return Block(
        title=f"{plain(metric.name)}: {bound} {metric.threshold:g}; no answer is a failure",
        code=fence(metric.promql, "promql"),
    )
