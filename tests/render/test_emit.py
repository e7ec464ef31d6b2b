"""The emitter's style, letter by letter, and the values that it refuses."""

import re
from collections import OrderedDict
from typing import Any

import pytest
import yaml

from generator.emit import Json, emit, flow, scalar

LONG = "k" * 1025  # one more than parsers take for a key on one line
STYLE: list[tuple[Json, str]] = [
    ({}, "{}\n"),
    ([], "[]\n"),
    (None, "null\n"),
    ("a\nb\n", "|\n  a\n  b\n"),
    ({"a": {}, "b": [], "c": None, "d": True, "e": False}, "a: {}\nb: []\nc: null\nd: true\ne: false\n"),
    ({"b": 1, "a": {"c": -2}}, "b: 1\na:\n  c: -2\n"),
    ({"a": ["x", {"b": "y", "c": ["z"]}]}, 'a:\n- x\n- b: "y"\n  c:\n  - z\n'),
    ([["a", ["b"]], [{}], []], "- - a\n  - - b\n- - {}\n- []\n"),
    ([{"a": {"b": {"c": 1}}}, {"d": 2}], "- a:\n    b:\n      c: 1\n- d: 2\n"),
    ([0.5, 2.0, -0.0, 1e22, 1.5e300, 1e-7], "- 0.5\n- 2.0\n- -0.0\n- 1.0e+22\n- 1.5e+300\n- 1.0e-07\n"),
    ({"on": "off", "8000": "8000m", "a b": "c d"}, '"on": "off"\n"8000": "8000m"\na b: c d\n'),
    ({"a": "one\ntwo"}, "a: |-\n  one\n  two\n"),
    ({"a": {"b": "one\n\n\n  two\n"}}, "a:\n  b: |\n    one\n\n\n      two\n"),
    ({"a": ["one\n# two\n", ["---\n..."]]}, "a:\n- |\n  one\n  # two\n- - |-\n    ---\n    ...\n"),
    ({"a": "one\ttwo\n"}, "a: |\n  one\ttwo\n"),
    ({"a\nb": 1}, '"a\\nb": 1\n'),
    ({LONG: "v", "l": "a\nb"}, f"? {LONG}\n: v\nl: |-\n  a\n  b\n"),
    ([{LONG: {"a": 1}}, {LONG: [1]}], f"- ? {LONG}\n  :\n    a: 1\n- ? {LONG}\n  :\n  - 1\n"),
    ({LONG[1:]: "v " * 999 + "v"}, f"{LONG[1:]}: {'v ' * 999}v\n"),
]
FLOW: list[tuple[Json, str]] = [
    ({"a": 1, "b": ["x", "y"]}, '{a: 1, b: [x, "y"]}'),
    ([{}, [], None, True, 0.5, {"a": {"b": []}}], "[{}, [], null, true, 0.5, {a: {b: []}}]"),
    (["a,b", "a:b", "a?", "a]", "a b", "a\nb"], '["a,b", "a:b", "a?", "a]", a b, "a\\nb"]'),
    ({LONG: 1, "l": 2}, f"{{? {LONG}: 1, l: 2}}"),
]
PLAIN = """
a|/v1/models|vllm/vllm-openai:v0.23.0|v1.2|inference.networking.k8s.io|don't|a#b|a:b|a  b|$(POD_IP)|\\d|yes!
nullable|a,b [c] {d}
rate(x{service="a"}[5m]) > 0|é|größer|日本語|مرحبا|🚀|👨\u200d👩\u200d👧|x\u0301|\U0010fffd
"""
QUOTED = """
|1|-|--model=x|8000m|10Gi|.5|_|~|<<|=|y|No|NULL|NaN|oN|a: b|a:|a #b|#a|&a|*a|!a|%a|@a|`a|'a|?|? a|:|:a|[|]|{|}
,|> | a|a |12:30|2024-01-01|1e3|1234e56|0o7|0x1F|1_000|+1|---|...|{{ a }}
"""
ESCAPED = [
    ('"a\\', '"\\"a\\\\"'),
    ("a\tb\r\n", '"a\\tb\\r\\n"'),
    ("\x00\x1b\x7f\x85", '"\\u0000\\u001b\\u007f\\u0085"'),
    ("a\u2028\u202e\ufeff\ufffe", '"a\\u2028\\u202e\\ufeff\\ufffe"'),
    ("a\xa0b\u200b", '"a\\u00a0b\\u200b"'),
    ("\U0001ffff\U000e0041", '"\\U0001ffff\\U000e0041"'),
]
NOT_LITERAL = ["\n", "\na", " a\nb", "\ta\nb", "a \nb", "a\t\nb", "a\nb ", "a\n\tb", "a\n  \tb", "a\n \n"]
NOT_LITERAL += ["a\n\n", "a\r\nb", "a\n\x85", "a\n\u2028b", "a\n\ufeff"]


def words(table: str) -> list[str]:
    return table.strip("\n").replace("\n", "|").split("|")


@pytest.mark.parametrize(("value", "text"), STYLE)
def test_block_style(value: Json, text: str) -> None:
    assert emit(value) == text
    assert yaml.safe_load(text) == value


@pytest.mark.parametrize(("value", "text"), FLOW)
def test_flow_style(value: Json, text: str) -> None:
    assert flow(value) == text
    assert yaml.safe_load(text) == value


@pytest.mark.parametrize("text", words(PLAIN))
def test_plain_strings(text: str) -> None:
    assert scalar(text) == text
    assert emit({text: [text]}) == f"{text}:\n- {text}\n"


@pytest.mark.parametrize("text", words(QUOTED))
def test_quoted_strings(text: str) -> None:
    assert scalar(text) == flow(text) == f'"{text}"'
    assert emit({text: [text]}) == f'"{text}":\n- "{text}"\n'


@pytest.mark.parametrize(("text", "written"), ESCAPED)
def test_escapes(text: str, written: str) -> None:
    assert scalar(text) == flow(text) == written


@pytest.mark.parametrize("text", NOT_LITERAL)
def test_text_that_a_literal_block_may_lose_is_quoted(text: str) -> None:
    assert emit({"a": text}) == f"a: {scalar(text)}\n"
    assert scalar(text).startswith('"')


def test_indent_moves_every_line() -> None:
    value: Json = {"a": ["one\n\ntwo", {}], LONG: {"c": 1}}
    assert emit(value, 4) == re.sub("(?m)^(?=.)", "    ", emit(value))
    assert emit("a\nb", 2) == "  |-\n    a\n    b\n"


STRANGE = [
    (),
    {1},
    b"a",
    1j,
    object(),
    {1: 2},
    {None: 1},
    {"a": ()},
    OrderedDict(),
    type("Sub", (str,), {})(),
]


@pytest.mark.parametrize("value", STRANGE)
def test_types_that_json_lacks_are_refused(value: Any) -> None:
    for write in (emit, flow, scalar, lambda value: emit([value])):
        with pytest.raises(TypeError):
            write(value)


LOST = [1e999, -1e999, 1e999 - 1e999, 2**63, -(2**63) - 1, pytest.param(10**5000, id="huge"), "\ud800a"]


@pytest.mark.parametrize("value", LOST)
def test_values_that_parsers_lose_are_refused(value: float | int | str) -> None:
    for write in (emit, flow, scalar, lambda value: emit({"a": value})):
        with pytest.raises(ValueError, match=r"pair|64 bits|JSON"):
            write(value)


def test_scalar_refuses_full_collections_and_cycles_end() -> None:
    full: list[Json] = [[1], {"a": 1}]
    for value in full:
        with pytest.raises(TypeError):
            scalar(value)
    loop: list[Json] = []
    loop.append(loop)
    for write in (emit, flow):
        with pytest.raises(RecursionError):
            write(loop)
