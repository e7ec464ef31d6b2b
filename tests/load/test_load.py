"""Texts become documents: what is refused, where and in which words, and what is read."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.load import load_manifests, load_plan, read_source
from generator.load.limits import Limits
from generator.load.yaml import composer
from generator.model.findings import value_of
from generator.model.source import Source, quoted
from generator.pipeline import Collector
from generator.rules import CODES
from tests.support.loading import HIDDEN, Loader, everything, finding, load
from tests.support.paths import ROOT
from tests.support.patience import PATIENCE

DEEP = "a: &a " + "[" * 33 + "]" * 33 + "\nb: {}*a{}"  # beside the mapping around it
REFUSED = [
    # both in plans and in manifests
    ("RP002 2:1", "a:\n\tb: 1\n"),
    ("RP002 1:1", "\ta: 1\n"),
    ("RP002 2:1", "a: |\n\tb\n"),
    ("RP002 2:2", "a: 1\n \tb: 2\n"),
    ("RP002 1:5", "a: b: c"),
    ("RP002 2:4", "a: 1\n  b: 2\n"),
    ("RP002 3:2", "a:\n  b: 1\n c: 2\n"),
    ("RP002 2:1", "a: 1\n- b\n"),
    ("RP002 2:1", "- a\nb: 1\n"),
    ("RP002 2:2", "a: [1\nb: 2\n"),
    ("RP002 2:2", "a: {b: 1\nc: 2\n"),
    ("RP002 1:4", "a: [1, 2"),
    ("RP002 1:4", "a: {b: [1]\n\n# end\n"),
    ("RP002 1:4", "a: 'b\nc: 1\n"),
    ("RP002 1:4", 'a: "b\nc: 1\n'),
    ("RP002 1:4", "a: @b"),
    ("RP002 1:4", "a: %b"),
    ("RP002 1:4", "a: ]"),
    ("RP002 1:4", "a: - b"),
    ("RP002 1:8", "a: 'b' c"),
    ("RP002 1:5", "a: |x\n"),
    ("RP002 1:5", 'a: "\\q"'),
    ("RP002 1:7", 'a: "\\ud800"'),
    ("RP002 1:4", "a: *b"),
    ("RP002 1:4", "a: !b!c d"),
    ("RP002 1:1", "%YAML 3.0\n---\na: 1\n"),
    ("RP002 3:1", "a: 1\n...\nb: 1\n"),
    ("RP002 1:1101", "k" * 1100 + ": 1"),
    ("RP003 2:1", "a: 1\na: 2\n"),
    ("RP003 2:1", "a: 1\n'a': 1\n"),
    ("RP003 1:11", "a: {b: 1, b: 2}"),
    ("RP003 4:5", "a:\n- b: 1\n  c: {d: 1,\n    d: 1}\n"),
    ("RP003 2:1", "&a x: 1\n*a : 2\n"),
    ("RP004 1:1", "1: a"),
    ("RP004 1:1", "true: a"),
    ("RP004 1:1", "null: a"),
    ("RP004 1:1", "~: a"),
    ("RP004 1:1", "1.5: a"),
    ("RP004 1:1", "1.0: a"),
    ("RP004 1:3", "? [a]\n: b\n"),
    ("RP004 1:3", "? {a: b}\n: c\n"),
    ("RP004 1:1", "'': a"),
    ("RP004 2:4", "a:\n  ? \n  : b\n"),
    ("RP004 1:5", "a: {{ b }}"),
    ("RP004 1:5", "{b, 2: c}"),
    ("RP004 2:1", "a: &x 1\n*x : 2"),
    ("RP005 1:4", "a: !b c"),
    ("RP005 1:4", "a: !!python/object/apply:os.system [b]"),
    ("RP005 1:4", "a: !!python/name:os.system ''"),
    ("RP005 1:4", "a: !!binary aGk="),
    ("RP005 1:4", "a: !!timestamp 2001-01-01"),
    ("RP005 1:4", "a: !!set {b}"),
    ("RP005 1:4", "a: ! 1"),
    ("RP005 1:4", "a: ! [1]"),
    ("RP005 1:7", "a: &b !c d"),
    ("RP005 1:4", "a: !!int b"),
    ("RP005 1:4", "a: !!null b"),
    ("RP005 1:4", "a: !!seq {b: 1}"),
    ("RP005 1:4", "a: !!map [b]"),
    ("RP005 1:4", "a: !!str {b: 1}"),
    ("RP005 1:4", "a: !!seq b"),
    ("RP005 1:4", "a: !<str> b"),
    ("RP005 3:4", "%TAG ! tag:example.com,2000:\n---\na: !b c\n"),
    ("RP006 1:65", "[" * 65 + "]" * 65),
    ("RP006 1:129", "- " * 65 + "a"),
    ("RP006 2:35", DEEP.format(31 * "[", 31 * "]")),
    ("RP007 1:8", "a: &b [*b]"),
    ("RP007 1:11", "a: &b {c: *b}"),
    ("RP007 3:5", "a: &b\n  c:\n  - *b\n"),
    ("RP012 2:13", "a: &a {b: 1}\nc: {<<: *a, <<: *a}"),
    ("RP012 1:9", "a: {<<: {b: 1}}"),
    ("RP012 2:10", "a: &a {b: 1}\nc: {<<: [{d: 1}]}"),
    ("RP012 2:14", "a: &a {b: 1}\nc: {<<: [*a, {d: 1}]}"),
    ("RP012 2:9", "a: &a [1]\nc: {<<: *a}"),
    ("RP012 2:9", "a: &a b\nc: {<<: *a}"),
    ("RP012 1:9", "a: {<<: ~}"),
    ("RP012 1:5", "a: {<<: []}"),
    ("RP012 3:9", "a: &a {b: 1}\nc: &c {<<: *a}\nd: {<<: *c}"),
    ("RP012 3:14", "a: &a {b: 1}\nc: &c {<<: *a}\nd: {<<: [*a, *c]}"),
    ("RP013 1:4", "a: 1e999"),
    ("RP013 1:4", "a: -1e999"),
    ("RP013 1:4", "a: 9223372036854775808"),
    ("RP013 1:4", "a: -9223372036854775809"),
    ("RP013 1:4", "a: " + "9" * 5000),
    ("RP013 1:4", "a: 0." + "0" * 400),
    ("RP013 1:10", "a: !!int 9223372036854775808"),
    ("RP013 1:1", "99999999999999999999: a"),
]


@pytest.mark.parametrize("loader", [load_plan, load_manifests])
@pytest.mark.parametrize(("expected", "text"), REFUSED)
def test_it_is_refused_where_it_stands(expected: str, text: str, loader: Loader) -> None:
    data, found = load(text, loader)
    assert not data
    assert found == [expected]


@pytest.mark.parametrize("code", sorted(code for code in CODES if code < "RP1"))
def test_every_code_of_reading_has_a_case(code: str) -> None:
    elsewhere = {"RP001", "RP008", "RP009", "RP010", "RP011"}
    assert (code in elsewhere) != any(expected.startswith(code) for expected, _ in REFUSED)


@pytest.mark.parametrize("loader", [load_plan, load_manifests])
@pytest.mark.parametrize("code", HIDDEN)
def test_hidden_characters_are_refused_where_they_stand(code: int, loader: Loader) -> None:
    text = f"é: 1\n🚀: a{chr(code)}b\n"
    assert load(text, loader)[1] == ["RP009 2:5"]
    assert f"U+{code:04X} (" in finding(text, loader).message


def test_hidden_characters_are_all_found_and_a_run_of_one_is_found_once() -> None:
    assert load("a: \x1b\n# \u202eb\u2066\u2066\nc: \x00")[1] == [
        "RP009 1:4",
        "RP009 2:3",
        "RP009 2:5",
        "RP009 3:4",
    ]
    assert finding("# \u2066\u2066\u2066\n").place.length == 3


@pytest.mark.parametrize("text", ['a: "\\x00\\u202e\\N\\L\\uFEFF\\uFFFE"', 'a: "\\U0000202E"'])
def test_an_escape_may_name_a_hidden_character(text: str) -> None:
    assert load(text)[0] == {"a": yaml.safe_load(text)["a"]}


ACCEPTED = [
    ("a: 1", {"a": 1}),
    ("[]", []),
    ("a:\tb", {"a": "b"}),
    ("a: [1,\n\t2]", {"a": [1, 2]}),
    ("--- {a: 1}\n...\n", {"a": 1}),
    ("a: 'b\n\n  c'\nd: |-\n  e\n   f\n", {"a": "b\nc", "d": "e\n f"}),
    ("a: >\n  b\n  c\n", {"a": "b c\n"}),
    ("? a\n: b\n? c\n", {"a": "b", "c": None}),
    ("{a, 'b':1, c: 1}", {"a": None, "b": 1, "c": 1}),
    ("[a: 1, b]", [{"a": 1}, "b"]),
    ("'1': a\n'true': b\n'<<': c\n'~': d", {"1": "a", "true": "b", "<<": "c", "~": "d"}),
    ("!!str 1: a\n!!str <<: b", {"1": "a", "<<": "b"}),
    ("a: !!str 1\nb: !!str\nc: !!int 1\nd: !!null\n", {"a": "1", "b": "", "c": 1, "d": None}),
    ("a: !!seq [1]\nb: !!map {c: !!bool true}\nd: !!float 1", {"a": [1], "b": {"c": True}, "d": 1.0}),
    ("a: !<tag:yaml.org,2002:str> 1", {"a": "1"}),
    ("%YAML 1.1\n%TAG !y! tag:yaml.org,2002:\n---\na: !y!str 1\n", {"a": "1"}),
    ("a: &a 1\nb: *a\nc: &a 2\nd: *a", {"a": 1, "b": 1, "c": 2, "d": 2}),
    ("a: &a [&a 1, *a]\nb: *a", {"a": [1, 1], "b": 1}),
    ("&a x: *a", {"x": "x"}),
    ("[" * 64 + "]" * 64, json.loads("[" * 64 + "]" * 64)),
    (
        DEEP.format(30 * "[", 30 * "]"),
        {"a": json.loads("[" * 33 + "]" * 33), "b": json.loads("[" * 63 + "]" * 63)},
    ),
    ("🚀: é\u0301\u200d", {"🚀": "é\u0301\u200d"}),
]


@pytest.mark.parametrize(("text", "data"), ACCEPTED)
def test_it_is_read_as_both_a_plan_and_a_manifest(text: str, data: Any) -> None:
    assert load(text) == (data, [])
    assert load(text, load_manifests) == ([data], [])


@pytest.mark.parametrize(("expected", "text"), REFUSED)
def test_the_parser_without_libyaml_refuses_the_same(
    expected: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composer, "LOADER", yaml.SafeLoader)
    data, found = load(text)
    assert data is None
    assert [each.split(":")[0] for each in found] == [expected.split(":")[0]]  # columns may differ


WITHOUT_TABS = [row for row in ACCEPTED if "\t" not in row[0]]


@pytest.mark.parametrize(("text", "data"), WITHOUT_TABS)
def test_the_parser_without_libyaml_reads_the_same(
    text: str, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_libyaml = everything(text)
    monkeypatch.setattr(composer, "LOADER", yaml.SafeLoader)
    assert everything(text) == with_libyaml
    assert with_libyaml[0] == data


# --- findings say more than a place


def test_a_duplicate_key_shows_the_first_one() -> None:
    only = finding("a:\n  bee: 1\n  'bee': 1\n")
    assert only.message == "key 'bee' is in one mapping twice"
    assert only.place.length == len("'bee'")
    (first,) = only.related
    assert (first.place.line, first.place.column, first.place.length) == (2, 3, 3)


def test_every_duplicate_is_found() -> None:
    assert load("a: {b: 1, b: 2, b: 3}\na: {c: 1, c: 2}\n")[1] == [
        "RP003 1:11",
        "RP003 1:17",
        "RP003 2:1",
        "RP003 2:11",
    ]


def test_reading_goes_on_after_what_is_wrong() -> None:
    text = "1: a\nb: !c d\ne: 1e999\nf: {g: 1, g: 2}\nh: *i\nj: {<<: 1}\nk: [\n"
    codes = [each[:5] for each in load(text)[1]]
    assert codes == ["RP004", "RP005", "RP013", "RP003", "RP002", "RP012", "RP002"]


def test_an_open_bracket_shows_where_it_is() -> None:
    (start,) = finding("a: [1,\nb: [2]\nc: 3\n").related
    assert str(start.place) == "p.yaml:1:4"


@pytest.mark.parametrize(
    "text", ["a:\n\tb: 1\n", "\ta: 1", "a: |\n\tb\n", "a: 1\n \tb: 2\n", "a:\n - b\n \t- c\n"]
)
def test_tabs_have_a_hint_of_their_own(text: str) -> None:
    assert finding(text).hint == "replace the tab by spaces"


@pytest.mark.parametrize("expected", [row for row in REFUSED if row[0].startswith("RP002")])
def test_syntax_errors_are_told_in_plain_words(expected: tuple[str, str]) -> None:
    for text in (finding(expected[1]).message, finding(expected[1]).hint):
        assert not re.search(r"block mapping|scalar|token|expected '|None|stream|not valid YAML", text)
        assert text[-1] not in ".!"


def test_user_text_is_clipped_and_escaped_in_messages() -> None:
    assert finding('{"\\e[31m": 1, "\\e[31m": 2}').message == r"key '\x1b[31m' is in one mapping twice"
    assert len(finding("a: 1" + "0" * 10**5).message) < 120


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "'a'"),
        ("a'b\\", r"'a\'b\\'"),
        ("a\nb\t\x00\x1b\x7f", r"'a\nb\t\x00\x1b\x7f'"),
        ("\u202e\u2028\ufeff\ud800", r"'\u202e\u2028\ufeff\ud800'"),
        ("é 🚀", "'é 🚀'"),
        ("x" * 60, f"'{'x' * 60}'"),
        ("x" * 61, f"'{'x' * 60}…'"),
    ],
)
def test_quoted_shows_everything_on_one_line(text: str, expected: str) -> None:
    assert quoted(text) == expected


def test_findings_end_after_a_hundred_errors() -> None:
    found = Collector()
    assert found.collect(load_plan(Source(name="p.yaml", text="[" + "{a, a}," * 150 + "]"))) is None
    assert len(found.all) == Limits.findings
    assert found.all[-1].hint == "remove one of the two (reading stops here, at 100 errors)"


def test_warnings_end_after_a_hundred_but_reading_does_not() -> None:
    data, found = load("[" + "yes," * 150 + "1]")
    assert data == ["yes"] * 150 + [1]
    assert found == [f"RP011 1:{2 + 4 * n}" for n in range(Limits.findings)]


def test_a_plan_is_warned_of_what_others_read() -> None:
    only = finding("a: {b: on}")
    assert (only.code.id, only.is_error, str(only.place), only.place.length) == (
        "RP011",
        False,
        "p.yaml:1:8",
        2,
    )
    assert only.message == "'on' is read as text, but other YAML parsers read a boolean"
    assert finding("1_0: x").message == "'1_0' is read as text, but other YAML parsers read a number"
    assert finding("a: 1e3").message == "'1e3' is read as the number 1000.0, but other YAML parsers read text"
    assert load("a: 'on'\nb: !!str on\n") == ({"a": "on", "b": "on"}, [])


def test_manifests_are_not_warned() -> None:
    assert load("a: [on, 1e3, 0o17, 12:30]", load_manifests) == ([{"a": [True, 1000, 15, "12:30"]}], [])


def test_a_key_that_kubectl_does_not_read_as_text_is_refused_in_manifests_alone() -> None:
    assert load("on: 1") == ({"on": 1}, ["RP011 1:1"])
    assert load("on: 1", load_manifests) == ([], ["RP004 1:1"])


def test_a_number_that_is_not_finite_is_refused_in_manifests_and_text_in_plans() -> None:
    assert load("a: .inf") == ({"a": ".inf"}, ["RP011 1:4"])
    assert load("a: .inf\nb: .NaN", load_manifests) == ([], ["RP013 1:4", "RP013 2:4"])


@pytest.mark.slow
def test_a_file_may_have_as_many_values_as_people_write(tmp_path: Path) -> None:
    assert load("[" + "1," * (Limits.values - 1) + "]")[1] == []
    assert load("[" + "1," * Limits.values + "]")[1] == [f"RP008 1:{2 * Limits.values}"]


# --- documents


@pytest.mark.parametrize(
    "text", ["", "\n", "# a\n", "---\n", "---\n---\n", "~", "--- null\n...\n", "%YAML 1.1\n---\n"]
)
def test_a_plan_needs_a_document(text: str) -> None:
    assert load(text) == (None, ["RP010 1:1"])
    assert load(text, load_manifests) == ([], [])


@pytest.mark.parametrize(
    "text", ["a: 1\n---\n", "---\na: 1\n---\n# b\n", "---\n---\na: 1\n", "a: 1\n...\n---\n...\n"]
)
def test_empty_documents_do_not_count(text: str) -> None:
    assert load(text) == ({"a": 1}, [])
    assert load(text, load_manifests) == ([{"a": 1}], [])


def test_a_plan_has_no_second_document() -> None:
    only = finding("a: 1\n---\n  b: 1\n---\n- c\n")
    assert (only.code.id, str(only.place)) == ("RP010", "p.yaml:3:3")
    assert only.message == "a plan is one document, and this file holds 3"
    assert [str(each.place) for each in only.related] == ["p.yaml:1:1", "p.yaml:5:1"]
    assert load("a: 1\n---\nb: 1\n---\n- c\n", load_manifests) == ([{"a": 1}, {"b": 1}, ["c"]], [])


def test_one_broken_document_refuses_the_file() -> None:
    assert load("a: 1\n---\nb: 1\nb: 1\n---\nc: [\n", load_manifests) == ([], ["RP003 4:1", "RP002 6:5"])


def test_anchors_end_with_their_document() -> None:
    assert load("a: &a 1\n---\nb: *a\n", load_manifests) == ([], ["RP002 3:4"])


# --- aliases and merge keys


def test_an_alias_gives_a_copy_of_its_own() -> None:
    data, _ = load("a: &a {b: [1]}\nc: *a\nd: {<<: *a}\n")
    data["a"]["b"].append(2)
    data["c"]["b"].append(3)
    assert data == {"a": {"b": [1, 2]}, "c": {"b": [1, 3]}, "d": {"b": [1]}}


MERGED = [
    ("a: &a {p: 1, q: 2}\nb: {<<: *a, q: 3, r: 4}", {"p": 1, "q": 3, "r": 4}),
    ("a: &a {p: 1, q: 2}\nb: {r: 4, <<: *a}", {"p": 1, "q": 2, "r": 4}),
    ("a: [&a {p: 1}, &c {p: 2, q: 2}]\nb: {<<: [*a, *c], r: 4}", {"p": 1, "q": 2, "r": 4}),
    ("a: [&a {p: 1}, &c {p: 2, q: 2}]\nb: {<<: [*c, *a]}", {"p": 2, "q": 2}),
    ("a: &a {p: 1}\nb: {c: {<<: *a}, d: {<<: *a}}", {"c": {"p": 1}, "d": {"p": 1}}),
]


@pytest.mark.parametrize("loader", [load_plan, load_manifests])
@pytest.mark.parametrize(("text", "expected"), MERGED)
def test_merged_keys_come_first_and_own_keys_win(text: str, expected: dict[str, Any], loader: Loader) -> None:
    data, found = load(text, loader)
    merged = (data[0] if loader is load_manifests else data)["b"]
    assert found == []
    assert merged == expected
    assert list(merged) == list(expected)
    assert yaml.safe_load(text)["b"] == expected


def test_kubectl_lets_a_merge_override_the_keys_before_it_so_manifests_may_not() -> None:
    text = "a: &a {x: 1}\nb:\n  x: 2\n  <<: *a\n"
    assert load(text) == ({"a": {"x": 1}, "b": {"x": 2}}, [])
    only = finding(text, load_manifests)
    assert (only.code.id, str(only.place), only.hint) == ("RP012", "p.yaml:4:3", "put '<<' first")
    assert [str(each.place) for each in only.related] == ["p.yaml:3:3"]


# --- manifests as they are


@pytest.mark.oracle("kubectl")
def test_the_example_manifests_are_read_as_kubectl_reads_them() -> None:
    plans = ROOT / "plans"
    built = [path.parent for path in plans.rglob("kustomization.yaml")]
    paths = [path for path in sorted(plans.rglob("*.yaml")) if path.parent.parent != plans]
    paths = [path for path in paths if path.parent not in built]
    files = [part for path in paths for part in ("-f", str(path))]
    command = ["kubectl", "annotate", "--local", *files, "x=y", "-o", "json"]
    text = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=True).stdout
    sources = [value_of(read_source(path, "p")) for path in paths]
    assert None not in sources
    ours = [each.data for source in sources if source for each in value_of(load_manifests(source))]
    for each in ours:
        each["metadata"]["annotations"] = {**each["metadata"].get("annotations", {}), "x": "y"}
    assert len(ours) > 20
    assert ours == list(objects(text))


def objects(text: str) -> Iterator[dict[str, Any]]:
    """Give the JSON objects that stand one after another in a text."""
    while text.strip():
        value, end = json.JSONDecoder().raw_decode(text.strip())
        yield value
        text = text.strip()[end:]
