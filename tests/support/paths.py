"""Where the tests find things: the checkout, and the folder of published data that may stand beside it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("ROLLPLAN_SHARED") or ROOT.parent / "shared")
