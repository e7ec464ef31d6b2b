"""The runbook: what to run, stage by stage, what to wait for, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.gates import Instruction, MetricGate
from generator.model.rollout import Deletion, Rollout, deletion_files
from generator.render.engine_shell import Shell
from generator.render.markdown import fence, plain, table
from generator.stages.gates.kubectl import joined
from generator.stages.summary import HEAD, Row, proof_sentence, replica_text, summarize
from generator.templating import render_markdown


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One stage of the runbook; every field is Markdown already."""

    name: str
    title: str
    changes: tuple[str, ...]
    apply: str
    settled: str
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
    """Return the text of the rendered README.md."""
    rows, rollback, shell = summarize(rollout), rollout.rollback, Shell(rollout=rollout)
    return render_markdown(
        "render/runbook/README.md.j2",
        name=rollout.plan.name,
        strategy=rollout.plan.type,
        namespace=rollout.plan.namespace,
        table=table(HEAD, (cells(row) for row in rows)),
        look=fence(f"kubectl diff -k {rollout.folder(0)} || test $? -eq 1", "sh"),
        sections=[_section(shell, index, row) for index, row in enumerate(rows)],
        promise=plain(rollback.promise),
        settled=_shell(shell.settled()),
        rollback=_shell(shell.rollback()),
        baseline=_shell(shell.apply(rollout.stages[rollback.home], rows[rollback.home].stage)),
        rollback_checks=[_block(check) for check in rollback.checks],
        removals=_given_up(shell),
        proof=proof_sentence(rollout),
    )


def cells(row: Row) -> tuple[str, ...]:
    """Return a stage's row as Markdown cells."""
    peak = f"{row.accelerators} ({row.peak})" if row.peak != row.accelerators else str(row.accelerators)
    return (
        row.stage,
        "<br>".join(plain(text) for text in row.traffic),
        plain(replica_text(row)),
        peak,
        plain(row.gate),
        plain(row.rollback),
    )


def _section(shell: Shell, index: int, row: Row) -> Section:
    rollout = shell.rollout
    stage = rollout.stages[index]
    changes = [f"`{item.identity}`" for item in rollout.applied(index)] if index else []
    return Section(
        name=row.stage,
        title=_sentence(stage.title),
        changes=tuple(changes),
        apply=_shell(_apply(shell, index, row)) if changes or not index or shell.promotes else "",
        settled=_shell(shell.settled()),
        actions=tuple(_block(action) for action in stage.actions),
        deletions=_deletions(shell, rollout.folder(index), stage.deletions),
        checks=tuple(_block(check) for check in stage.gate.checks),
        soak=stage.gate.soak,
        metrics=tuple(_metric(metric) for metric in stage.gate.metrics),
        rollback=plain(stage.rollback),
    )


def _given_up(shell: Shell) -> tuple[Block, ...]:
    """Return what follows the baseline when a rollout is given up: an engine waits for approval to delete."""
    rollback = shell.rollout.rollback
    checks = tuple(_block(check) for check in rollback.checks)
    removals = _deletions(shell, "rollback", rollback.removals)
    if not removals or not shell.promotes:
        return (*checks, *removals) if removals else ()
    return (*removals, Block(title="The engine has applied it:", code=_shell(shell.settled())), *checks)


def _apply(shell: Shell, index: int, row: Row) -> str:
    """Return the shell that applies a stage; after the first one an engine is told where to look."""
    apply = shell.apply(shell.rollout.stages[index], row.stage)
    return joined(*filter(None, (apply, "" if index else shell.start())))


def _deletions(shell: Shell, folder: str, deletions: tuple[Deletion, ...]) -> tuple[Block, ...]:
    blocks = []
    for path, deletion in deletion_files(folder, deletions).items():
        delete = shell.delete(deletion, path)
        script = joined(*filter(None, (delete, *(check.script for check in deletion.checks))))
        if script:
            blocks.append(
                Block(title=f"{shell.deletes} the {plain(deletion.title)}:", code=fence(script, "sh"))
            )
    return tuple(blocks)


def _shell(script: str) -> str:
    return fence(script, "sh") if script else ""


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
