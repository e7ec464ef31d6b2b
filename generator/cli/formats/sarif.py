"""Findings as SARIF 2.1.0, which code scanning services read; rules carry the pages of `explain`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from os import fsencode
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from generator import __version__
from generator.cli.explain import explanation
from generator.cli.formats.sanitize import clean
from generator.model.findings import Code, Finding
from generator.model.source import Place

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_FINGERPRINT = "rollplan/v1"


def findings(found: Sequence[Finding], *, colour: bool = False) -> str:  # noqa: ARG001  one shape for all formats
    """Return all findings as one run."""
    codes = sorted({finding.code.id: finding.code for finding in found}.values(), key=lambda code: code.id)
    places = {code.id: place for place, code in enumerate(codes)}
    seen: Counter[str] = Counter()
    run = {
        "tool": {
            "driver": {"name": "rollplan", "version": __version__, "rules": [_rule(code) for code in codes]}
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, places[finding.code.id], seen) for finding in found],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: Code) -> dict[str, Any]:
    page = explanation(code.id)
    return {
        "id": code.id,
        "name": "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", code.title)),
        "shortDescription": {"text": code.title},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": code.severity.value},
    }


def _result(finding: Finding, rule: int, seen: Counter[str]) -> dict[str, Any]:
    result = {
        "ruleId": finding.code.id,
        "ruleIndex": rule,
        "level": finding.code.severity.value,
        "message": {"text": clean(f"{finding.message}. Hint: {finding.hint}")},
        "locations": [{"physicalLocation": _location(finding.place)}],
        "partialFingerprints": {_FINGERPRINT: _fingerprint(finding, seen)},
    }
    if finding.accepted:
        result["suppressions"] = [{"kind": "inSource", "justification": clean(finding.accepted)}]
    related = [
        {"physicalLocation": _location(other.place), "message": {"text": clean(other.label)}}
        for other in finding.related
    ]
    return result | ({"relatedLocations": related} if related else {})


def _location(place: Place) -> dict[str, Any]:
    region = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.line,
        "endColumn": place.column + place.length,
    }
    return {"artifactLocation": _artifact(place.source.name), "region": region}


def _artifact(name: str) -> dict[str, str]:
    """Return a file as a URI: relative to where rollplan runs, unless its path is absolute."""
    path = quote(fsencode(str(PurePosixPath(name))))
    if name.startswith("/"):
        return {"uri": f"file://{path}"}
    return {"uri": path, "uriBaseId": "%SRCROOT%"}


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """Return a hash that stays when lines above the finding come or go.

    A number tells those that are alike.
    """
    lines = finding.place.source.text.split("\n")
    line = lines[finding.place.line - 1].strip() if finding.place.line <= len(lines) else ""
    words = "\n".join((finding.code.id, finding.place.source.name, finding.message, line))
    digest = sha256(words.encode(errors="backslashreplace")).hexdigest()[:32]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"
