"""Values → text, JSON or annotations: one file a format, a row each in the tables below."""

from __future__ import annotations

from generator.reporters import github, json, text, verdicts

FINDINGS = {"text": text.findings, "json": json.findings, "github": github.findings}
"""Format → function from findings to the text that shows them."""

SUMMARIES = {"text": text.summaries, "json": json.summaries, "github": text.summaries}
"""Format → function from rollouts to the text of their stage tables."""

VERDICTS = {"text": verdicts.text, "json": verdicts.machine}
"""Format → function from the verdicts on a stage's gates to the text that shows them."""
