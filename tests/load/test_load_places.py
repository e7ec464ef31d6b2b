"""Where the keys and values of a document stand in its text."""

import pytest

from generator.load import load_plan
from generator.model.findings import value_of
from generator.model.source import Source, Span
from tests.load.test_load import ACCEPTED
from tests.support.loading import everything

MANIFEST = """\
# é 🚀
apiVersion: v1
"kind": 'ConfigMap'
metadata: &m {name: a, labels: {"x/y": "1"}}
spec:
- one:   two words
  three: "a
    b"
  four: |
    text
- &five !!str six
- [7, *five]
-
copy: *m
"""


def test_every_place_points_at_its_token() -> None:
    _, keys, values = everything(MANIFEST)
    lines = MANIFEST.splitlines()

    def tokens(spans: dict[tuple[int | str, ...], Span]) -> dict[tuple[int | str, ...], str]:
        return {
            path: lines[s.line - 1][s.column - 1 :][: s.length]
            for path, s in spans.items()
            if path[:1] != ("copy",)
        }

    assert tokens(keys) == {
        ("apiVersion",): "apiVersion",
        ("kind",): '"kind"',
        ("metadata",): "metadata",
        ("metadata", "name"): "name",
        ("metadata", "labels"): "labels",
        ("metadata", "labels", "x/y"): '"x/y"',
        ("spec",): "spec",
        ("spec", 0, "one"): "one",
        ("spec", 0, "three"): "three",
        ("spec", 0, "four"): "four",
    }
    assert tokens(values) == {
        (): "a",
        ("apiVersion",): "v1",
        ("kind",): "'ConfigMap'",
        ("metadata",): "{",
        ("metadata", "name"): "a",
        ("metadata", "labels"): "{",
        ("metadata", "labels", "x/y"): '"1"',
        ("spec",): "-",
        ("spec", 0): "o",
        ("spec", 0, "one"): "two words",
        ("spec", 0, "three"): '"a',
        ("spec", 0, "four"): "|",
        ("spec", 1): "six",
        ("spec", 2): "[",
        ("spec", 2, 0): "7",
        ("spec", 2, 1): "*five",
        ("spec", 3): "",
    }


def test_an_alias_stands_where_it_is_written_and_its_parts_where_they_are() -> None:
    document = value_of(load_plan(Source(name="p.yaml", text=MANIFEST)))
    assert document
    assert str(document.at(("copy",))) == "p.yaml:14:7"
    assert document.at(("copy",)).length == len("*m")
    assert document.at(("copy", "name")) == document.at(("metadata", "name"))
    assert document.at_key(("copy", "labels", "x/y")) == document.at_key(("metadata", "labels", "x/y"))


def test_a_merged_key_stands_where_it_was_written_first() -> None:
    document = value_of(load_plan(Source(name="p.yaml", text="a: &a {b: 1}\nc:\n  <<: *a\n  d: 2\n")))
    assert document
    assert str(document.at_key(("c", "b"))) == "p.yaml:1:8"
    assert str(document.at_key(("c", "d"))) == "p.yaml:4:3"


def test_a_path_that_does_not_exist_leads_to_what_is_around_it() -> None:
    document = value_of(load_plan(Source(name="p.yaml", text="a:\n  b: [1]\n")))
    assert document
    around = [("a", "b"), ("a", "b", 1), ("a", "b", -1), ("a", "b", "x"), ("a", "b", 1, "x")]
    assert {str(document.at(path)) for path in around} == {"p.yaml:2:6"}
    assert str(document.at(("a", 0))) == str(document.at_key(("a", 0))) == "p.yaml:2:3"
    assert ("a", "b", 1) not in document.values
    assert document.values.get(("a", "b", 0)) is not None
    assert len(document.keys) == 2
    assert len(document.values) == 4


PLACES = [
    # text, path, line, column and length of its value
    ("a: &x\n  b: 1", ("a",), 2, 3, 1),
    ("a: &x # why\n  b", ("a",), 2, 3, 1),
    ("a: &x !!map\n  !!str b: 1", ("a",), 2, 3, 1),
    ("a: &x\n- b", ("a",), 2, 1, 1),
    ("a: !!str |\n  b\n", ("a",), 1, 10, 1),
    ("a: !!str\nb: 1", ("a",), 1, 4, 5),
    ("&a a: &b b", ("a",), 1, 7 + 3, 1),
    ("a:\nb: 1", ("a",), 1, 3, 1),
    ("a: b  \n   c # d\n", ("a",), 1, 4, 1),
    ("a: 'b  \n   c' # d\n", ("a",), 1, 4, 2),
    ("🚀: {é: 🚀🚀}", ("🚀", "é"), 1, 8, 2),
    ("a: !<tag:yaml.org,2002:str> b", ("a",), 1, 29, 1),
    ("- - b", (0, 0), 1, 5, 1),
]


@pytest.mark.parametrize(("text", "path", "line", "column", "length"), PLACES)
def test_anchors_and_tags_are_no_part_of_a_token(
    text: str, path: tuple[int | str, ...], line: int, column: int, length: int
) -> None:
    _, _, values = everything(text)
    assert (values[path].line, values[path].column, values[path].length) == (line, column, length)


def test_a_text_may_be_read_with_any_line_ends() -> None:
    for text, _ in ACCEPTED:
        assert everything(text.replace("\n", "\r\n")) == everything(text)
