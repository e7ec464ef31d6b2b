"""Names of the objects that rollplan makes: valid for their kind, and unique to a pool."""

from __future__ import annotations

from hashlib import sha256

SERVER_NAME = 45
"""Characters of a workload's name: its controllers add ordinals and hashes, and labels hold 63."""


def label(name: str) -> str:
    """Return a name as the value of a label."""
    return fit(name, NAME)


def picker(pool: str) -> str:
    """Return the name of a pool's endpoint picker, its Service and what else is the picker's alone.

    The chart cuts a pool's name at 40 characters, and pools that begin alike collide; here a hash stands
    for what is cut off.
    """
    return f"{fit(_plain(pool), PICKER_NAME)}-epp"


def proxy(pool: str) -> str:
    """Return the name of a pool's proxy."""
    return f"{fit(_plain(pool), PICKER_NAME)}-proxy"


def server(pool: str, role: str) -> str:
    """Return the name of a workload that the plan does not name."""
    return fit(f"{_plain(pool)}-{role}", SERVER_NAME)


def cluster_wide(namespace: str, name: str) -> str:
    """Return the name of an object without a namespace: neither part holds a dot, so no two pairs meet."""
    return fit(f"{namespace}.{name}", NAME)


def _plain(pool: str) -> str:
    """Return a pool's name as a Service may be called: no dots, and a letter first."""
    plain = pool.replace(".", "-")
    if not plain[0].isalpha():
        plain = f"pool-{plain}"
    return plain if plain == pool else hashed(plain, pool, PICKER_NAME)


NAME, PICKER_NAME = 63, 40
"""Longest name, and longest part before an endpoint picker's `-epp` (field/endpoint-picker)."""


def fit(name: str, limit: int) -> str:
    """Return a name within a limit; a hash of the whole stands for what is cut off."""
    return name if len(name) <= limit else hashed(name, name, limit)


def hashed(name: str, seed: str, limit: int) -> str:
    """Return a name that ends in a hash of `seed`, within a limit."""
    return f"{name[: limit - 9].rstrip('-._')}-{sha256(seed.encode()).hexdigest()[:8]}"
