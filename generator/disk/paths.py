"""Names that are safe to write on every system, and places that must not be written to."""

from __future__ import annotations

import os
import pathlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from generator.disk.values import INVENTORY, LIVE, Planned, shown
from generator.model.findings import Fault

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_FORBIDDEN = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff<>:"|?*\\\\]')
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{n}" for port in ("com", "lpt") for n in range(10)]
)
_COMPONENT_BYTES = 100
_PATH_BYTES = 180


def check_plans(planned: Sequence[Planned]) -> None:
    """Refuse names and paths that some system or some reader could take for something else.

    Raises `Fault`; reads no disk.
    """
    names: set[str] = set()
    for plan in planned:
        if not _LABEL.fullmatch(plan.name) or _is_reserved(plan.name):
            raise Fault(f"plan name {plan.name!r} is not a DNS label of at most 63 characters")
        if plan.name in names:
            raise Fault(f"two plans have the name {plan.name!r}")
        names.add(plan.name)
        for path in plan.tree:
            reason = unsafe(path)
            if reason:
                raise Fault(f"cannot write {path!r} of plan {plan.name!r}: it {reason}")
        _check_distinct(plan)


def unsafe(path: str) -> str | None:
    """Return why a relative path cannot be ours; None when it can."""
    parts = path.split("/")
    if path == INVENTORY or _fold(path) == INVENTORY or _fold(parts[0]) == LIVE:
        return "is reserved"
    if len(path) > _PATH_BYTES or len(path.encode(errors="replace")) > _PATH_BYTES:
        return f"is longer than {_PATH_BYTES} bytes"
    return next((reason for part in parts for reason in _faults_of(part)), None)


def check_target(out: pathlib.Path, target: pathlib.Path, planned: Iterable[Planned]) -> None:
    """Refuse an OUT that is no place for generated files; `target` is OUT with all links resolved.

    Raises `Fault`.
    """
    if out.is_symlink():
        raise Fault(f"output directory {shown(out)} is a symbolic link; name the directory that it leads to")
    if target == pathlib.Path(target.anchor):
        raise Fault("output directory is the root of the file system")
    if target == _home():
        raise Fault(f"output directory {shown(out)} is the home directory")
    if any(part.casefold() == ".git" for part in target.parts):
        raise Fault(f"output directory {shown(out)} is inside a .git directory")
    if target.exists() and not target.is_dir():
        raise Fault(f"output directory {shown(out)} is not a directory")
    for plan in planned:
        for source in plan.sources:
            if pathlib.Path(os.path.realpath(source)).is_relative_to(target / plan.name):
                place = shown(out / plan.name)
                raise Fault(
                    f"{place} is the output of plan {plan.name!r} and holds its source {shown(source)}"
                )


def _faults_of(part: str) -> Iterator[str]:
    if part in {"", ".", ".."}:
        yield "has a component that is empty, '.' or '..'"
    if _FORBIDDEN.search(part):
        yield "has a forbidden character"
    elif len(part.encode()) > _COMPONENT_BYTES:
        yield f"has a component longer than {_COMPONENT_BYTES} bytes"
    if part.endswith((".", " ")):
        yield "has a component that ends in a dot or a space"
    if _is_reserved(part):
        yield "has a name that Windows reserves"


def _is_reserved(part: str) -> bool:
    return unicodedata.normalize("NFKC", part.partition(".")[0]).strip().casefold() in _RESERVED


def _fold(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _check_distinct(plan: Planned) -> None:
    seen: dict[str, str] = {}
    for path in sorted(plan.tree):
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            prefix = "/".join(parts[:end])
            if end < len(parts) and prefix in plan.tree:
                raise Fault(f"path {prefix!r} of plan {plan.name!r} is both a file and a directory")
            other = seen.setdefault(_fold(prefix), prefix)
            if other != prefix:
                raise Fault(f"paths {other!r} and {prefix!r} of plan {plan.name!r} are one on some systems")


def _home() -> pathlib.Path | None:
    try:
        return pathlib.Path(os.path.realpath(pathlib.Path.home()))
    except RuntimeError:  # neither HOME nor a password entry
        return None
