"""Report formats (text, JSON, SARIF and others): one file each, one row each in the tables below."""

from __future__ import annotations

from generator.cli.formats import check as checks
from generator.cli.formats import diff_json, diff_text, github, json, junit, markdown, sarif, text
from generator.cli.formats import gate as results

FINDINGS = {
    "text": text.findings,
    "json": json.findings,
    "github": github.findings,
    "markdown": markdown.findings,
    "sarif": sarif.findings,
    "junit": junit.findings,
}
"""Format → function from findings to the text that shows them."""

SUMMARIES = {"text": text.summaries, "json": json.summaries, "github": text.summaries}
"""Format → function from rollouts to the text of their stage tables."""

GATES = {"text": results.text, "json": results.machine}
"""Format → function from the results on a stage's gates to the text that shows them."""

DIFFERENCES = {
    "text": diff_text.difference,
    "json": diff_json.difference,
    "markdown": markdown.difference,
}
"""Format → function from a comparison to the text that shows it."""

CHECKS = {"text": checks.text, "json": checks.as_json, "github": checks.github}
"""Format → function from the differences of `check` to the text that shows them."""
