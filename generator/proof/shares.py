"""How requests are divided among backends, models and versions of pods."""

from __future__ import annotations

from fractions import Fraction

from generator.model.manifests import Identity, Manifest
from generator.model.weights import NONE, WHOLE
from generator.proof.failures import resolve
from generator.proof.knowledge import Knowledge
from generator.proof.requests import Request
from generator.proof.state import ClusterState

Mix = frozenset[tuple[tuple[Identity, str, tuple[str, ...]], Fraction]]
"""How requests are divided: backend, model and version of the pods, with the share of each."""


def mix_of(knowledge: Knowledge, request: Request, alias: str | None, state: ClusterState) -> Mix | None:
    """Return how requests are divided; None where some are not answered at all: that is another failure."""
    objects = tuple(state.objects.values())
    answer = knowledge.answer(request, objects)
    if answer is None:
        return None
    found: dict[tuple[Identity, str, tuple[str, ...]], Fraction] = {}
    for backend, share in answer.legs:
        pool = state.objects.get(backend)
        servers: tuple[Manifest, ...] = ()
        version: tuple[str, ...] = ()
        if pool and backend.kind == "InferencePool":
            servers = knowledge.ownership.servers(pool, objects)
            version = tuple(sorted(map(knowledge.ownership.fingerprint, servers)))
        if not version and not knowledge.is_elsewhere(backend) and backend.kind == "InferencePool":
            return None
        rewrite, targets = resolve(backend, alias, objects)
        if alias and not rewrite and not any(alias in knowledge.ownership.models(item) for item in servers):
            return None
        for model, part in targets.items() if rewrite else [(alias or "", WHOLE)]:
            found[backend, model, version] = found.get((backend, model, version), NONE) + share * part
    return frozenset(found.items())


def shares_of(mix: Mix) -> dict[tuple[Identity, str], Fraction]:
    """Return the share of each backend and model, whatever version of the pods there is."""
    shares: dict[tuple[Identity, str], Fraction] = {}
    for (backend, model, _), share in mix:
        shares[backend, model] = shares.get((backend, model), NONE) + share
    return shares
