"""The proof that every half-applied stage is safe, and every way back from it (field/partial-application).

`lore` has what is known of the rollout as a whole; `moves` are the ways from stage to stage and back, cut
where the order of changes is sure. `questions` are asked of states, with `faults` as the table of what can be
wrong with a pool, and `views` says which objects an answer hangs on. `proof` asks every question of every
state that can answer it differently, and `tell` makes findings of the answers.
"""

from __future__ import annotations

from generator.proof.prove import proved

__all__ = ["proved"]
