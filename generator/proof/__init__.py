"""The proof that every half-applied stage is safe, and every way back from it (field/partial-application).

`gather_knowledge` reads the rollout once. `transitions` cuts the ways from stage to stage, and back, into
moves of changes whose order is not certain. `checks` are made of every state of a move, `failures` lists
what can be wrong with a pool that gets requests, and `relevance` finds the objects that a check depends on.
`prove` makes each check of every state that can change its result, and `messages` makes findings of the
counter-examples.
"""

from __future__ import annotations

from generator.proof.prove import proved

__all__ = ["proved"]
