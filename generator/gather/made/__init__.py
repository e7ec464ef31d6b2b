"""What rollplan makes where a plan has no manifests: the router of a pool, and its model servers.

`read_requested` takes the plan's words, `made_objects` gives what they mean; gathering puts that beside what
the manifests bring. A row of `providers.POLICIES` is all that another gateway needs.
"""

from __future__ import annotations

from generator.gather.made.build import made_objects
from generator.plan.made import read_requested

__all__ = ["made_objects", "read_requested"]
