"""The versions of a blue-green rollout, with as many replicas as their shares need at each point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from generator.model.manifests import Manifest
from generator.model.weights import NONE, WHOLE
from generator.stages.capacity import FULL, Capacity, scaled
from generator.stages.traffic.shift import BLUE
from generator.stages.version import Version

Shares = Mapping[str, Fraction]
"""Version → its share of the requests; one that is not named has none."""

Sizes = dict[str, tuple[Manifest, ...]]
"""Version → its objects at one point of the rollout."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """Blue and all candidates; `is_bound` says that blue answers requests that no weight counts."""

    blue: Version
    candidates: tuple[Version, ...]
    capacity: Capacity
    is_bound: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the candidates."""
        return tuple(version.name for version in self.candidates)

    def between(self, before: Shares, after: Shares) -> Sizes:
        """Return every version with enough replicas for its share before and after a step.

        So a version grows before its share does, and shrinks only after it fell.
        """
        first, second = _whole(before), _whole(after)
        return {
            version.name: self._sized(
                version, max(first.get(version.name, NONE), second.get(version.name, NONE))
            )
            for version in (self.blue, *self.candidates)
        }

    def _sized(self, version: Version, share: Fraction) -> tuple[Manifest, ...]:
        if self.capacity.policy == FULL or (self.is_bound and version.name == BLUE):
            return version.objects
        return scaled(version.objects, share, self.capacity.headroom)


def _whole(shares: Shares) -> dict[str, Fraction]:
    """Return the shares of candidates with blue's, which has the rest."""
    return {BLUE: WHOLE - sum(shares.values()), **shares}
