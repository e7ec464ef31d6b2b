"""How long a test waits for what must come: no test asserts a time, and a busy machine takes long."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 600
"""Seconds of the clock after which something hangs: far more than anything takes on any machine."""

EFFORT = 60
"""Seconds of the processor after which something runs away: a busy machine does not use them up."""


@contextmanager
def bounded() -> Iterator[None]:
    """End what runs away inside of this process."""

    def stop(number: int, frame: object) -> None:
        raise AssertionError(f"it took more than {EFFORT} seconds of the processor")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, EFFORT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
