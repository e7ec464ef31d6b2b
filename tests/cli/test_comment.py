"""The comment on a pull request: nothing that a user wrote means anything in it, and it always fits."""

from __future__ import annotations

import re
from fractions import Fraction
from html import unescape
from typing import Any

import pytest
from markdown_it import MarkdownIt

from generator.cli.formats import markdown
from generator.cli.formats.comment import LIMIT, CommentItem, Part, code_span, comment, row
from generator.cli.formats.sanitize import clean
from generator.gitops.compare.model import (
    ADDED,
    CHANGED,
    DELETED,
    REMOVED,
    REORDERED,
    CapacityChange,
    Comparison,
    FieldChange,
    ObjectChange,
    SeriesChange,
    StageChange,
    TrafficChange,
)
from generator.model.findings import Finding
from generator.model.manifests import Identity
from generator.model.source import Place, Source
from generator.rules import CODES
from tests.support.naughty import NAUGHTY

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SUMMARY = re.compile(r"<details><summary><code>((?:[A-Za-z0-9 ._/-]|&#\d+;)*)</code></summary>\n?")
GITHUB = 65_536


def finding(text: str, code: str = "RP104") -> Finding:
    place = Place(source=Source(name=text, text=text), line=3, column=7)
    return Finding(code=CODES[code], message=text, place=place, hint=text)


def everywhere(text: str) -> Comparison:
    """A comparison that has the text in every free field."""
    one = Identity(group=text, kind=text, namespace=text, name=text)
    fields = (
        FieldChange(path=text, kind=CHANGED, before=text, after=[text]),
        FieldChange(path=f"{text}.a", kind=ADDED, after={text: text}),
        FieldChange(path=f"{text}.b", kind=REMOVED, before=text),
        FieldChange(path=f"{text}.c", kind=REORDERED, before=[text], after=[text, text]),
    )
    shifts = tuple(
        TrafficChange(
            object=one,
            rule=text,
            backend=text + end,
            before=Fraction(before, 100),
            after=Fraction(100 - before, 100),
        )
        for before, end in ((95, ""), (5, "2"))
    )
    stage = StageChange(
        kind=CHANGED,
        before=text,
        after=f"{text}-2",
        shifts=shifts,
        capacities=(CapacityChange(object=one, replicas=(1, 2), accelerators=(None, 4), restarts=True),),
        objects=(
            ObjectChange(object=one, kind=CHANGED, fields=fields),
            ObjectChange(object=one, kind=ADDED),
            ObjectChange(object=one, kind=DELETED),
        ),
        gate=fields[:1],
        reordered=(one,),
    )
    traffic_by_stage = ((text, shifts[:1]), (f"{text}-2", shifts))
    series = SeriesChange(name=text, kind=CHANGED, stages=(stage,), traffic_by_stage=traffic_by_stage)
    return Comparison(before=text, after=text, series=(series,), findings=(finding(text),))


def tree(text: str) -> tuple[list[str], list[str]]:
    """The nodes of a Markdown text with our own words in them, and the contents of code apart."""
    nodes: list[str] = []
    codes: list[str] = []

    def walk(tokens: list[Any]) -> None:
        for token in tokens:
            content = token.content
            if token.type in {"code_inline", "fence"}:
                codes.append(content)
                content = token.info
            elif token.type == "html_block" and (summary := SUMMARY.fullmatch(content)):
                codes.append(unescape(summary[1]))
                content = "<summary>"
            elif token.type == "inline":
                content = ""
            nodes.append(f"{token.type} {token.tag} {content}")
            walk(token.children or [])

    walk(PARSER.parse(text))
    return nodes, codes


@pytest.fixture(scope="module")
def tame() -> list[str]:
    return tree(markdown.difference(everywhere("tame")))[0]


def test_the_tree_is_the_one_that_was_meant(tame: list[str]) -> None:
    kinds = {node.split(" ")[0] for node in tame}
    assert kinds == {
        *(
            "html_block",
            "heading_open",
            "heading_close",
            "inline",
            "text",
            "paragraph_open",
            "paragraph_close",
        ),
        *("strong_open", "strong_close", "code_inline", "fence", "bullet_list_open", "bullet_list_close"),
        *("list_item_open", "list_item_close", "table_open", "table_close", "thead_open", "thead_close"),
        *("tbody_open", "tbody_close", "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close"),
    }
    assert [node for node in tame if node.startswith("fence")] == [
        *("fence code mermaid", "fence code diff", "fence code diff", "fence code text")
    ]


def test_no_text_in_any_field_changes_the_tree(tame: list[str]) -> None:
    assert len(NAUGHTY) >= 900
    for text in NAUGHTY:
        shown = markdown.difference(everywhere(text))
        nodes, codes = tree(shown)
        assert nodes == tame, repr(text[:80])
        assert len(shown) <= LIMIT
        assert not any(clean(code.replace("\n", "")) != code.replace("\n", "") for code in codes), repr(
            text[:80]
        )


def test_no_text_of_a_finding_changes_the_tree() -> None:
    expected = tree(markdown.findings([finding("tame"), finding("tame", "RP011")]))[0]
    for text in NAUGHTY:
        assert tree(markdown.findings([finding(text), finding(text, "RP011")]))[0] == expected, repr(
            text[:80]
        )


def test_a_code_span_shows_just_the_text() -> None:
    for text in NAUGHTY:
        (shown,) = tree(f"| a |\n| - |\n{row([code_span(text)]).text}\n")[1]
        expected = clean(text) or '""'
        assert shown == (expected if len(expected) <= 120 else f"{expected[:120]}…"), repr(text[:80])
        assert tree(f"- {code_span(text)} and more\n")[1] == [shown], repr(text[:80])


@pytest.mark.parametrize("text", ["a", "`" * 200, "é😀", "<" * 500], ids=["plain", "ticks", "wide", "html"])
@pytest.mark.parametrize("count", [3, 200, 1000])
def test_a_comment_fits_whatever_there_is_to_say(text: str, count: int) -> None:
    one = everywhere(text).series[0]
    (stage,) = one.stages
    objects = tuple(
        ObjectChange(
            object=Identity(group="", kind="ConfigMap", namespace="a", name=f"{text}-{number}"),
            kind=CHANGED,
            fields=tuple(
                FieldChange(path=f"data.{line}", kind=CHANGED, before=text * 50, after=f"{text * 50}{number}")
                for line in range(5)
            ),
        )
        for number in range(count)
    )
    big = StageChange(kind=CHANGED, before="a", after="b", shifts=stage.shifts * count, objects=objects)
    series = SeriesChange(
        name=text, kind=CHANGED, stages=(big,), traffic_by_stage=one.traffic_by_stage * count
    )
    shown = markdown.difference(
        Comparison(before="a", after="b", series=(series,), findings=(finding(text),))
    )
    assert len(shown) <= LIMIT < GITHUB
    nodes, _ = tree(shown)
    opened = sum(node == "html_block  <summary>" for node in nodes)
    assert shown.count("<details>") == shown.count("</details>") == opened
    assert "**traffic shifts in 1 rule" in shown
    assert "#### Findings" in shown
    if count == 1000:
        assert re.search(r"_Left out to fit into a comment: .*\d+ object diffs", shown)


def test_bodies_go_before_summaries_and_summaries_before_weights() -> None:
    rows = Part(items=[CommentItem(text="| a |")] * 50, noun="weights", head="| a |\n| - |")
    bodies = Part(items=[CommentItem(text="x" * 400, short=f"- item {n}") for n in range(30)], noun="diffs")
    shown = comment([rows, bodies], limit=6000)
    assert shown.count("| a |") == 51
    assert shown.count("x" * 400) < 30
    assert shown.count("- item") > 0
    assert re.search(r"\d+ diffs in full", shown)
    assert len(shown) <= 6000
    everything = comment([rows, bodies])
    assert "Left out" not in everything
