"""The invariants of a safe rollout, I1 to I25: the findings and the gate that keep each of them.

`rollplan explain I5` prints a row. What can be decided from a plan and its manifests is a finding; what
needs a cluster to know is a gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Invariant:
    """One invariant: what must hold, the codes of what breaks it, and what the runbook waits for."""

    id: str
    rule: str
    codes: tuple[str, ...] = ()
    gate: str = ""


_ROWS = (
    Invariant(
        id="I1",
        rule="No selector of one version matches pods of the other version.",
        codes=("RP319", "RP320", "RP313", "RP501"),
    ),
    Invariant(
        id="I2",
        rule="No object belongs to two versions, not even under a name that a chart gives every release.",
        codes=("RP205",),
    ),
    Invariant(
        id="I3",
        rule="What outlives both versions (route, Gateway, secret, adapters) belongs to neither.",
        codes=(
            "RP502",
            "RP503",
            "RP566",
        ),
    ),
    Invariant(
        id="I4",
        rule="Accounts and Services come before the pool, the pool before its endpoint picker, and "
        "policies before any route.",
        codes=(
            "RP311",
            "RP514",
            "RP560",
            "RP561",
        ),
        gate="Stages apply their objects in that order, and each kind of object waits for the one before.",
    ),
    Invariant(
        id="I5",
        rule="A pool gets no weight before its pods are ready, its endpoint picker runs and a smoke "
        "request passed.",
        codes=("RP561",),
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
        codes=(
            "RP302",
            "RP303",
            "RP324",
            "RP325",
            "RP326",
            "RP510",
            "RP560",
        ),
    ),
    Invariant(
        id="I8",
        rule="The weights of a rule have one sum above 0 in all stages, and a weight stage changes "
        "weights alone.",
        codes=(
            "RP304",
            "RP520",
            "RP562",
            "RP567",
        ),
        gate="Several routes shift one by one, a stage each, unless the plan sets `routesShift: together`.",
    ),
    Invariant(
        id="I9",
        rule="Blue stays in its rules at weight 0 until it is drained; removing it is a stage of its own.",
        codes=(
            "RP522",
            "RP564",
        ),
        gate="The gate of drain waits until blue has been idle for as long as an answer may take.",
    ),
    Invariant(
        id="I10",
        rule="The rollback is one file that is rendered in advance, and waits for nothing of green.",
        codes=("RP562",),
        gate="`kubectl apply -f rollback/` is rendered with the stages, and its checks need only blue.",
    ),
    Invariant(
        id="I11",
        rule="Blue's endpoint picker outlives blue's last answer.",
        codes=(
            "RP522",
            "RP564",
        ),
        gate="Cleanup deletes model servers first and waits until their pods are gone, then the pool, "
        "and the endpoint picker last.",
    ),
    Invariant(
        id="I12",
        rule="A rolling update leaves the endpoint picker alone: it restarts all at once.",
        codes=(
            "RP515",
            "RP564",
        ),
    ),
    Invariant(
        id="I13",
        rule="A pool is changed in place and never deleted and created again.",
        codes=("RP511",),
    ),
    Invariant(
        id="I14",
        rule="A pool with prefill pods fails closed, not open.",
        codes=("RP523",),
    ),
    Invariant(
        id="I15",
        rule="A model server that gets SIGTERM finishes its answers first, and has the time for it.",
        codes=("RP530", "RP531", "RP532", "RP541"),
    ),
    Invariant(
        id="I16",
        rule="A Deployment does not count as failed while its pods may still load.",
        codes=("RP533",),
    ),
    Invariant(
        id="I17",
        rule="There is room for what an update adds, something is left of what it takes, and replicas "
        "have one owner.",
        codes=(
            "RP316",
            "RP534",
            "RP535",
            "RP536",
            "RP555",
            "RP561",
            "RP565",
        ),
        gate="The stage table shows the most accelerators that each stage uses at any time.",
    ),
    Invariant(
        id="I18",
        rule="Old and new pods of one pool serve the same model, and prefill and decode pods pair up.",
        codes=("RP537", "RP538"),
    ),
    Invariant(
        id="I19",
        rule="Engine and routing sidecar change together.",
        codes=("RP334",),
    ),
    Invariant(
        id="I20",
        rule="No pod is in two disruption budgets.",
        codes=("RP540",),
    ),
    Invariant(
        id="I21",
        rule="Green has rewrites and objectives of its own before its first weight, and no alias "
        "moves twice.",
        codes=(
            "RP331",
            "RP332",
            "RP554",
            "RP563",
        ),
    ),
    Invariant(
        id="I22",
        rule="Every ready pod can load every adapter that a rewrite names.",
        codes=("RP542", "RP549", "RP550"),
        gate="The gate of preload waits until every pod lists the adapter; a rank above "
        "`--max-lora-rank` shows there.",
    ),
    Invariant(
        id="I23",
        rule="An adapter was made for the very model that vLLM loads.",
        codes=("RP339",),
        gate="The gate of preload makes every pod load the adapter: vLLM refuses one of another base model.",
    ),
    Invariant(
        id="I24",
        rule="An adapter leaves its rewrite, then its directory, then each pod.",
        codes=(
            "RP551",
            "RP564",
        ),
        gate="The stage unload comes after the drain, removes the directory, and only then unloads "
        "pod by pod.",
    ),
    Invariant(
        id="I25",
        rule="An alias has a rewrite for as long as clients use it.",
        codes=(
            "RP331",
            "RP563",
        ),
        gate="No stage of a LoRA rollout deletes the rewrite: its last one still has it, with one target.",
    ),
)

CONTRACT: Mapping[str, Invariant] = {row.id: row for row in _ROWS}
"""Invariant by its ID."""


def invariant_page(invariant: Invariant, titles: Mapping[str, str]) -> str:
    """Return the page of an invariant in Markdown; `titles` has the titles of the codes."""
    found = [f"- {code}: {titles[code]}" for code in invariant.codes]
    parts = [f"# {invariant.id}", invariant.rule]
    parts += ["## Findings", "\n".join(found)] if found else []
    parts += ["## Gate", invariant.gate] if invariant.gate else []
    return "\n\n".join(parts) + "\n"
