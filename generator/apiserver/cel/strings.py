"""CEL's functions of texts; positions and sizes count code points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from generator.apiserver.cel.values import CelError, Value, no_overload
from generator.apiserver.patterns import finds, matches


def _typed(*types: type) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Refuse arguments of other types than these; fewer arguments than types are fine."""

    def wrap(function: Callable[..., Value]) -> Callable[..., Value]:
        def run(*args: Value) -> Value:
            if len(args) > len(types) or any(
                type(arg) is not type_ for arg, type_ in zip(args, types, strict=False)
            ):
                raise no_overload()
            try:
                return function(*args)
            except TypeError:
                raise no_overload() from None

        return run

    return wrap


def _at(text: str, position: int) -> str:
    if not 0 <= position <= len(text):
        raise CelError(f"index out of range: {position}")
    return text[position : position + 1]


def _index(text: str, part: str, start: int = 0) -> int:
    if not 0 <= start <= len(text):
        raise CelError(f"index out of range: {start}")
    return text.find(part, start)


def _last_index(text: str, part: str, start: int | None = None) -> int:
    if start is None:
        return text.rfind(part)
    if not 0 <= start <= len(text):
        raise CelError(f"index out of range: {start}")
    return text.rfind(part, 0, start + len(part))


def _substring(text: str, start: int, end: int | None = None) -> str:
    end = len(text) if end is None else end
    if not 0 <= start <= len(text):
        raise CelError(f"index out of range: {start}")
    if not 0 <= end <= len(text):
        raise CelError(f"index out of range: {end}")
    if start > end:
        raise CelError(f"invalid substring range. start: {start}, end: {end}")
    return text[start:end]


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if separator == "":
        parts = list(text)
        return (
            parts if limit < 0 or len(parts) <= limit else [*parts[: limit - 1], "".join(parts[limit - 1 :])]
        )
    return text.split(separator, limit - 1 if limit > 0 else -1)


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    return text.replace(old, new, limit)


def _ascii(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "".join(change(letter) if letter.isascii() else letter for letter in text)


def _join(parts: list[Value], separator: str = "") -> str:
    if any(type(part) is not str for part in parts):
        raise no_overload()
    return separator.join(parts)


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = finds(pattern, text)
    return found if limit < 0 else found[:limit]


_WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))

TEXT_MEMBERS: Mapping[str, Callable[..., Any]] = {
    "startsWith": _typed(str, str)(str.startswith),
    "endsWith": _typed(str, str)(str.endswith),
    "contains": _typed(str, str)(lambda text, part: part in text),
    "matches": _typed(str, str)(lambda text, pattern: matches(pattern, text)),
    "find": _typed(str, str)(lambda text, pattern: (finds(pattern, text) or [""])[0]),
    "findAll": _typed(str, str, int)(_find_all),
    "charAt": _typed(str, int)(_at),
    "lastIndexOf": _typed(str, str, int)(_last_index),
    "substring": _typed(str, int, int)(_substring),
    "split": _typed(str, str, int)(_split),
    "replace": _typed(str, str, str, int)(_replace),
    "trim": _typed(str)(lambda text: text.strip(_WHITE)),
    "lowerAscii": _typed(str)(_ascii(str.lower)),
    "upperAscii": _typed(str)(_ascii(str.upper)),
    "join": _typed(list, str)(_join),
}
"""Functions called on a text (and `join`, on a list of them)."""

index_of = _typed(str, str, int)(_index)
"""`text.indexOf(part)`; lists have a function of the same name."""
