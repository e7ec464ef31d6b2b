"""Findings as JUnit XML, which CI systems show as tests: one case a finding, or one that passes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from generator.cli.formats.sanitize import clean
from generator.model.findings import Finding

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def findings(found: Sequence[Finding], *, colour: bool = False) -> str:  # noqa: ARG001  one shape for all formats
    """Return a test suite: an error fails its case, a warning is told in one that passes."""
    failures = sum(finding.is_error for finding in found)
    counts = {"tests": str(len(found) or 1), "failures": str(failures), "errors": "0", "skipped": "0"}
    root = Element("testsuites", {"name": "rollplan", **counts})
    suite = SubElement(root, "testsuite", {"name": "rollplan", **counts})
    for finding in found:
        _case(suite, finding)
    if not found:
        SubElement(suite, "testcase", {"classname": "rollplan", "name": "no findings"})
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, finding: Finding) -> None:
    place, code = finding.place, finding.code
    case = {
        "classname": _text(place.source.name),
        "name": _text(f"{code.id} {code.title} at {place}"),
        "file": _text(place.source.name),
        "line": str(place.line),
    }
    element = SubElement(suite, "testcase", case)
    body = _text(f"{finding.message}\nat {place}\nhelp: {finding.hint}")
    why = _text(f"\naccepted: {finding.accepted}") if finding.accepted else ""
    if finding.is_error:
        failure = {"message": _text(finding.message), "type": code.id}
        SubElement(element, "failure", failure).text = body
    else:
        SubElement(element, "system-out").text = f"{finding.severity.value}[{code.id}]: {body}{why}"


def _text(text: str) -> str:
    """Return a user's text without what terminals obey and what XML cannot hold."""
    return _NO_XML.sub("?", "\n".join(map(clean, text.split("\n"))))
