"""Findings and comparisons as a comment on a pull request.

Every word of a user is in a code span or a code block, where nothing means anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.cli.formats.comment import CommentItem, Part, code_span, comment, folded, head, picture, row
from generator.cli.formats.diff_words import (
    CAPACITY_HEAD,
    TRAFFIC_HEAD,
    VERBS,
    ChangeGroup,
    capacity_rows,
    cut,
    groups,
    in_stages,
    label,
    moves,
    share,
    traffic_by_stage,
    traffic_rows,
    values,
    verdict,
)
from generator.cli.formats.sanitize import clean
from generator.gitops.compare.model import (
    ADDED,
    CHANGED,
    REMOVED,
    REORDERED,
    Comparison,
    FieldChange,
    SeriesChange,
)
from generator.model.findings import Finding
from generator.render.markdown import fence

_FINDING_HEAD = ("", "code", "what", "where", "how to fix it")
_SIGNS = {"error": "❌ error", "warning": "⚠️ warning", "accepted": "☑️ accepted"}
_NODES = 40
"""Stages that a picture shows; more cannot be read."""

_LABELS = 4


def findings(found: Sequence[Finding], *, colour: bool = False) -> str:  # noqa: ARG001  one shape for all formats
    """Return findings as a table, errors first."""
    errors = sum(finding.is_error for finding in found)
    outcome = f"❌ refused: {errors} error{'s' if errors > 1 else ''}" if errors else "✅ nothing refuses it"
    return comment([_title(outcome), *_found(found)])


def difference(comparison: Comparison, *, colour: bool = False) -> str:  # noqa: ARG001  one shape for all formats
    """Return everything that differs: verdict, weights, traffic by stage, then objects."""
    parts = [_title(verdict(comparison)), _sides(comparison)]
    parts += [part for series in comparison.series for part in _traffic(series)]
    parts += _found(comparison.findings)
    parts += [part for series in comparison.series for part in _capacity(series)]
    parts += [part for series in comparison.series for part in _objects(series)]
    return comment(parts)


def _title(outcome: str) -> Part:
    return Part(
        items=[CommentItem(text=f"**{outcome}**")], noun="verdicts", head="### rollplan", joint="\n\n"
    )


def _sides(comparison: Comparison) -> Part:
    text = f"From {code_span(comparison.before)} to {code_span(comparison.after)}."
    return Part(items=[CommentItem(text=text)], noun="sides")


def _found(found: Sequence[Finding]) -> list[Part]:
    ordered = sorted(found, key=lambda finding: not finding.is_error)
    rows = [
        row(
            (
                _SIGNS[finding.severity.value],
                finding.code.id,
                code_span(finding.message),
                code_span(str(finding.place)),
                code_span(f"accepted: {finding.accepted}" if finding.accepted else finding.hint),
            )
        )
        for finding in ordered
    ]
    title = f"#### Findings\n\n{head(_FINDING_HEAD)}"
    return [Part(items=rows, noun="findings", head=title)] if rows else []


def _traffic(series: SeriesChange) -> list[Part]:
    title = f"#### Plan {code_span(series.name)}"
    if series.kind != CHANGED:
        title += f"\n\nThe plan is {'new' if series.kind == ADDED else 'gone'}."
    moved = [
        CommentItem(text=f"- {code_span(label(stage))}: {code_span(text)}")
        for stage in series.stages
        for text in moves(stage)
    ]
    other = [
        CommentItem(text=f"- {code_span(label(stage))}")
        for stage in series.stages
        if _is_news(stage.kind, stage.differs)
    ]
    rows = [row(map(code_span, cells)) for cells in traffic_rows(series)]
    parts = [Part(items=[CommentItem(text=title)], noun="plans")]
    parts += [Part(items=moved + other, noun="moves")] if moved or other else []
    parts += [Part(items=rows, noun="weights", head=head(TRAFFIC_HEAD))] if rows else []
    return [*parts, *_picture(series)] if rows else parts


def _is_news(kind: str, differs: bool) -> bool:
    return kind != CHANGED or not differs


def _picture(series: SeriesChange) -> list[Part]:
    """Draw the stages at which traffic moves, in order; those of the change are marked."""
    touched = {name for stage in series.stages if stage.shifts for name in (stage.before, stage.after)}
    nodes = list(traffic_by_stage(series))[:_NODES]
    lines = ["flowchart LR"]
    for number, (name, flow) in enumerate(nodes):
        rules: dict[str, list[str]] = {}
        for shift in flow:
            rules.setdefault(shift.rule, []).append(f"{shift.backend} {share(shift.after)}")
        texts = [f"{rule}: {', '.join(parts)}" for rule, parts in rules.items()]
        texts = [*texts[:_LABELS], *(["and more"] if texts[_LABELS:] else [])]
        shown = "<br/>".join(map(picture, (name, *texts)))
        lines.append(f'  s{number}["{shown}"]{":::changed" if name in touched else ""}')
    lines += [f"  s{number} --> s{number + 1}" for number in range(len(nodes) - 1)]
    lines.append("  classDef changed stroke-width:3px")
    return [Part(items=[CommentItem(text=fence("\n".join(lines), "mermaid"))], noun="pictures")]


def _capacity(series: SeriesChange) -> list[Part]:
    rows = [row(map(code_span, cells)) for cells in capacity_rows(series)]
    title = f"#### Replicas and accelerators of {code_span(series.name)}\n\n{head(CAPACITY_HEAD)}"
    return [Part(items=rows, noun="workloads", head=title)] if rows else []


def _objects(series: SeriesChange) -> list[Part]:
    items = [_object(group) for group in groups(series)]
    for stage in series.stages:
        if stage.gate:
            body = "\n".join(line for field in stage.gate for line in _field(field))
            items.append(CommentItem(text=folded(f"gate of {label(stage)}", body, "diff")))
        if stage.reordered:
            names = "\n".join(clean(cut(str(name))) for name in stage.reordered)
            items.append(CommentItem(text=folded(f"order of apply in {label(stage)}", names, "text")))
    title = f"#### Objects of {code_span(series.name)}"
    return [Part(items=items, noun="object diffs", head=title, joint="\n\n")] if items else []


def _object(group: ChangeGroup) -> CommentItem:
    change = group.change
    stages = in_stages(group.stages)
    short = f"- {code_span(str(change.object))} {VERBS[change.kind]} in {code_span(stages)}"
    if not change.fields:
        return CommentItem(text=short)
    body = "\n".join(line for field in change.fields for line in _field(field))
    return CommentItem(text=folded(f"{change.object} {change.kind} in {stages}", body, "diff"), short=short)


def _field(field: FieldChange) -> Iterator[str]:
    """Return a field as lines of a diff, which GitHub colours."""
    before, after = map(clean, values(field))
    path = clean(cut(field.path))
    if field.kind == REORDERED:
        yield f"! {path}: another order, {before} → {after}"
        return
    if field.kind in {CHANGED, REMOVED}:
        yield f"- {path}: {before}"
    if field.kind in {CHANGED, ADDED}:
        yield f"+ {path}: {after}"
