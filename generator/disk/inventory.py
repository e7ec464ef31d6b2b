"""The inventory: which files are ours and what they held when we wrote them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from generator.disk.paths import unsafe
from generator.disk.values import Planned
from generator.model.findings import Fault

_FORMAT = "1"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def digest(data: bytes) -> str:
    """Return the SHA-256 of a file's bytes in hex."""
    return hashlib.sha256(data).hexdigest()


def inventory_text(plan: Planned, *, version: str) -> str:
    """Write down every file of `plan` but the inventory itself: its SHA-256 and the object in it.

    Raises `Fault` for a text that is not valid Unicode.
    """
    files = {path: _entry(plan, path) for path in sorted(plan.tree)}
    content = {"formatVersion": _FORMAT, "rollplan": version, "files": files}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def encoded(plan: Planned, path: str) -> bytes:
    """Return the bytes of one file of `plan`; raises `Fault` for half a surrogate pair."""
    try:
        return plan.tree[path].encode()
    except UnicodeEncodeError:
        raise Fault(f"cannot write {path!r} of plan {plan.name!r}: its text is not valid Unicode") from None


def parse_inventory(data: bytes, place: str) -> Mapping[str, str] | None:
    """Read path -> SHA-256 out of an inventory; None when it is damaged, as by a merge conflict.

    `place` names the file in messages. Raises `Fault` when it is another tool's, a newer rollplan's, or
    claims paths that we never write, because it would have us delete what is not ours.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not (isinstance(content, dict) and isinstance(content.get("rollplan"), str)):
        raise Fault(f"{place} was not written by rollplan; choose another output directory")
    if content.get("formatVersion") != _FORMAT:
        raise Fault(f"{place} has a format that this rollplan does not know; use a newer one")
    files = content.get("files")
    if not isinstance(files, dict):
        return None
    return {path: _recorded(path, entry, place) for path, entry in files.items()}


def writer(data: bytes) -> str:
    """Return the version of rollplan that wrote an inventory that can be read."""
    return str(json.loads(data)["rollplan"])


def _entry(plan: Planned, path: str) -> dict[str, str]:
    entry = {"sha256": digest(encoded(plan, path))}
    if path in plan.identities:
        entry["object"] = plan.identities[path]
    return entry


def _recorded(path: str, entry: object, place: str) -> str:
    reason = unsafe(path)
    if reason:
        raise Fault(f"{place} lists {path!r}, which {reason}; restore it from version control")
    sha256 = entry.get("sha256") if isinstance(entry, dict) else None
    if not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        raise Fault(f"{place} has no SHA-256 for {path!r}; restore it from version control")
    return sha256
