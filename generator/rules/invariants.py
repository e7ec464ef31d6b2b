"""The invariants of a safe rollout, I1 to I25: the findings and the gate that keep each of them.

`rollplan explain I5` prints a row. What can be decided from a plan and its manifests is a finding; what
needs a cluster to know is a gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from generator.model.findings import Code


@dataclass(frozen=True, kw_only=True, slots=True)
class Invariant:
    """One invariant: what must hold, and what the runbook waits for so that it does.

    The codes of what breaks it say so themselves, in `keeps`.
    """

    id: str
    rule: str
    gate: str = ""


_ROWS = (
    Invariant(
        id="I1",
        rule="No selector of one version matches pods of the other version.",
    ),
    Invariant(
        id="I2",
        rule="No object belongs to two versions, not even under a name that a chart gives every release.",
    ),
    Invariant(
        id="I3",
        rule="What outlives both versions (route, Gateway, secret, adapters) belongs to neither.",
    ),
    Invariant(
        id="I4",
        rule="Accounts and Services come before the pool, the pool before its endpoint picker, and "
        "policies before any route.",
        gate="Stages apply their objects in that order, and each kind of object waits for the one before.",
    ),
    Invariant(
        id="I5",
        rule="A pool gets no weight before its pods are ready, its endpoint picker runs and a smoke "
        "request passed.",
        gate="The gates of deploy-model, deploy-router and beta wait for each of these before the "
        "first weight.",
    ),
    Invariant(
        id="I6",
        rule="A pool's status exists only once a route refers to it, so nothing may wait for it earlier.",
        gate="The runbook waits for the pool's `Accepted` in the stage whose route first names it.",
    ),
    Invariant(
        id="I7",
        rule="Every rule that refers to blue is shifted or pinned, and blue goes when nothing refers to it.",
    ),
    Invariant(
        id="I8",
        rule="The weights of a rule have one sum above 0 in all stages, and a weight stage changes "
        "weights alone.",
        gate="Several routes shift one by one, a stage each, unless the plan sets `routesShift: together`.",
    ),
    Invariant(
        id="I9",
        rule="Blue stays in its rules at weight 0 until it is drained; removing it is a stage of its own.",
        gate="The gate of drain waits until blue has been idle for as long as an answer may take.",
    ),
    Invariant(
        id="I10",
        rule="The rollback is one file that is rendered in advance, and waits for nothing of green.",
        gate="`kubectl apply -f rollback/` is rendered with the stages, and its checks need only blue.",
    ),
    Invariant(
        id="I11",
        rule="Blue's endpoint picker outlives blue's last answer.",
        gate="Cleanup deletes model servers first and waits until their pods are gone, then the pool, "
        "and the endpoint picker last.",
    ),
    Invariant(
        id="I12",
        rule="A rolling update leaves the endpoint picker alone: it restarts all at once.",
    ),
    Invariant(
        id="I13",
        rule="A pool is changed in place and never deleted and created again.",
    ),
    Invariant(
        id="I14",
        rule="A pool with prefill pods fails closed, not open.",
    ),
    Invariant(
        id="I15",
        rule="A model server that gets SIGTERM finishes its answers first, and has the time for it.",
    ),
    Invariant(
        id="I16",
        rule="A Deployment does not count as failed while its pods may still load.",
    ),
    Invariant(
        id="I17",
        rule="There is room for what an update adds, something is left of what it takes, and replicas "
        "have one owner.",
        gate="The stage table shows the most accelerators that each stage uses at any time.",
    ),
    Invariant(
        id="I18",
        rule="Old and new pods of one pool serve the same model, and prefill and decode pods pair up.",
    ),
    Invariant(
        id="I19",
        rule="Engine and routing sidecar change together.",
    ),
    Invariant(
        id="I20",
        rule="No pod is in two disruption budgets.",
    ),
    Invariant(
        id="I21",
        rule="Green has rewrites and objectives of its own before its first weight, and no alias "
        "moves twice.",
    ),
    Invariant(
        id="I22",
        rule="Every ready pod can load every adapter that a rewrite names.",
        gate="The gate of preload waits until every pod lists the adapter; a rank above "
        "`--max-lora-rank` shows there.",
    ),
    Invariant(
        id="I23",
        rule="An adapter was made for the very model that vLLM loads.",
        gate="The gate of preload makes every pod load the adapter: vLLM refuses one of another base model.",
    ),
    Invariant(
        id="I24",
        rule="An adapter leaves its rewrite, then its directory, then each pod.",
        gate="The stage unload comes after the drain, removes the directory, and only then unloads "
        "pod by pod.",
    ),
    Invariant(
        id="I25",
        rule="An alias has a rewrite for as long as clients use it.",
        gate="No stage of a LoRA rollout deletes the rewrite: its last one still has it, with one target.",
    ),
)

CONTRACT: Mapping[str, Invariant] = {row.id: row for row in _ROWS}
"""Invariant by its ID."""


def invariant_page(invariant: Invariant, codes: Iterable[Code]) -> str:
    """Return the page of an invariant in Markdown: the findings and the gate that keep it."""
    found = [f"- {code.id}: {code.title}" for code in codes if invariant.id in code.keeps]
    parts = [f"# {invariant.id}", invariant.rule]
    parts += ["## Findings", "\n".join(found)] if found else []
    parts += ["## Gate", invariant.gate] if invariant.gate else []
    return "\n\n".join(parts) + "\n"
