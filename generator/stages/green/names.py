"""Choose names for green's copies of blue's objects."""

from __future__ import annotations

import re
from collections.abc import Iterable

from generator.kubernetes.names import NAME, PICKER_NAME, fit, hashed
from generator.kubernetes.references import Names
from generator.model.manifests import Manifest

_POOL = "InferencePool"


def suffix_of(blue: str, green: str, version: str) -> str:
    """Return what green's names have beyond blue's: what its pool's name has, or else its version's name."""
    return green.removeprefix(blue) if green.startswith(f"{blue}-") else f"-{version}"


def new_names(
    blue: Iterable[Manifest], pools: tuple[str, str], suffix: str, taken: Iterable[Manifest] = ()
) -> Names:
    """Return the new name of each object, with `pools` the names of blue's pool and of green's.

    Objects of one name keep one name, so that what is told by names alone still holds together. A name
    that is taken, by blue, by `taken` or by another of green, gets a hash. The pool is called as asked.
    """
    items = tuple(blue)
    kinds: dict[str, set[str]] = {}
    for item in items:
        kinds.setdefault(item.name, set()).add(item.kind)
    used = {(item.kind, item.name) for item in (*items, *taken)}
    given: dict[str, str] = {}
    others = {pools[1]} if (_POOL, pools[0]) in used else set()
    for name in sorted(kinds, key=lambda name: (name != pools[0], name)):
        is_pool = name == pools[0]
        own = kinds[name] - {_POOL} if is_pool else kinds[name]
        preferred = choice = _choice(name, pools, suffix)
        tries = 0
        while (choice in others and not is_pool) or any((kind, choice) in used for kind in own):
            tries += 1
            choice = _hashed_choice(preferred, f"{name} {tries}")
        given[name] = choice
        others.add(choice)
    named = {(kind, name): given[name] for name, own in kinds.items() for kind in own}
    return named | ({(_POOL, pools[0]): pools[1]} if (_POOL, pools[0]) in named else {})


def _hashed_choice(name: str, seed: str) -> str:
    if name.endswith("-epp"):
        return f"{hashed(name.removesuffix('-epp'), seed, PICKER_NAME)}-epp"
    return hashed(name, seed, NAME)


def _choice(name: str, pools: tuple[str, str], suffix: str) -> str:
    """Return green's pool in the place of blue's, or else a suffix."""
    blue, green = pools
    renamed, times = re.subn(rf"(?<![a-zA-Z0-9]){re.escape(blue)}(?![a-zA-Z0-9])", lambda _: green, name)
    if name.endswith("-epp"):
        base = renamed.removesuffix("-epp") if times else name.removesuffix("-epp") + suffix
        return f"{fit(base, PICKER_NAME)}-epp"
    return fit(renamed if times else name + suffix, NAME)
