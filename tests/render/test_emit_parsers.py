"""What PyYAML, libyaml, kubectl and kustomize read back from the emitter's text."""

import itertools
import json
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.emit import Json, emit, flow, scalar
from tests.support.patience import PATIENCE

needs_kubectl = pytest.mark.oracle("kubectl")

MUST_QUOTE = re.compile(r"[-+._0-9~=<]|([yn]|yes|no|on|off|true|false|null|nan|inf|none)\Z", re.IGNORECASE)
WORDS = "y n yes no on off true false null nan inf none undefined infinity t f e x o b"
NUMBERS = "0 00 08 1 12 0o7 017 0x1F 0b11 1_0 1e3 1E+3 1e-3 1.5 1. .5 1.e3 1:30 190:20:30 1:60 0x 0b 0o 1__"
OTHERS = """
2024-01-01 2024-1-1 2024-01-01T00:00:00Z 12:30:45 1.29.2 127.0.0.1 ::1 fe80::1/64 12e4 8000m 10Gi 25% =x x=y
vllm/vllm-openai:v0.23.0 --model=x http://a:8000/v1?b=c#d {{.Values.a}} ${a} {"a":[1]} [x] {x} a,b a?b don't
$(A) C:\\d é größer 日本語 مرحبا 🚀 👨\u200d👩\u200d👧 x\u0301 \U0010fffd \uff11\uff12 \u0661\u0662 \uff59 ✓ ﬀ
"""
SIGNS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t\n\r\x85\xa0\u2028\u3000é🚀"
SHAPES = "{0} {0}a a{0} a{0}a {0}{0}{0} {0}s sa {0}s{0} a{0}sb as{0}b as{0} {0}{0}a"
LINES = [
    "",
    "a",
    " a",
    "a ",
    "\ta",
    "a\tb",
    "---",
    "--- a",
    "...",
    "# a",
    "%YAML 1.1",
    "- a",
    "a: b",
    "|",
    "é",
]
CODES = [*range(0x20), *range(0x7F, 0xAE), 0x61C, *range(0x2000, 0x2070), 0xD7FF, 0xE000, 0xFDD0, 0xFEFF]
CODES += [*range(0xFFF0, 0x10000), 0x10000, 0x1FFFE, 0xE0041, 0x10FFFF]


def naughty() -> Iterator[str]:
    """Give strings that some parser reads as another value, as syntax or not at all, if they stand plain."""
    for word in WORDS.split():
        for cased in (word, word.upper(), word.title(), word.swapcase()):
            yield from (cased, f".{cased}", f"-{cased}", f"{cased} ", f"{cased}:", f"{cased}\n", f"{cased}1")
    for parts in itertools.product(("", "-", "+", "_", "."), NUMBERS.split(), ("", "m", "Gi", "e5")):
        yield "".join(parts)
    yield from OTHERS.split()
    pick = random.Random(7)
    yield from (f"{pick.randrange(10**4)}e{pick.randrange(10**3)}" for _ in range(100))
    yield from ("".join(pick.choices("0123456789abcdef", k=7)) for _ in range(200))
    for sign, shape in itertools.product(SIGNS, SHAPES.split()):
        yield shape.format(sign).replace("s", " ")
    yield from (f"a{chr(code)}\nb" for code in CODES)
    for first, second, end in itertools.product(LINES, LINES, ("", "\n", "\n\n")):
        yield f"{first}\n{second}{end}"
    for size in (127, 129, 1023, 1024, 1025, 5000):
        yield from ("a" * size, "é" * size, '"' * size, "a " * size + "a", "a\n" * size, "\x07" * size)


NAUGHTY = sorted(set(naughty()))


def in_every_position(texts: list[str]) -> tuple[dict[str, Json], str]:
    """Give a manifest with each text as value, key, list item, scalar and in flow style; and its YAML."""
    forms: dict[str, Json] = {
        "values": {f"v{n}": text for n, text in enumerate(texts)},
        "keys": dict.fromkeys(texts, "v"),
    }
    forms["items"] = [[text, {"item": text}] for text in texts]
    start: dict[str, Json] = {
        "apiVersion": "test/v1",
        "kind": "Naughty",
        "metadata": {"name": "naughty"},
        "block": forms,
    }
    written = emit(start) + f"flow: {flow(forms)}\nscalars:\n" + "".join(f"- {scalar(t)}\n" for t in texts)
    return {**start, "flow": forms, "scalars": [*texts]}, written


def kubectl(*arguments: str, text: str | None = None) -> str:
    command = ["kubectl", *arguments]
    run = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", timeout=PATIENCE)
    assert run.returncode == 0, run.stderr[-500:]
    return run.stdout


def read_by_kubectl(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(
        kubectl("annotate", "--local", "-f", "-", "a=b", "-o", "json", text=text)
    )
    assert value["metadata"].pop("annotations") == {"a": "b"}
    return value


def kustomize_loses(text: str) -> bool:
    """Say whether kustomize itself cannot carry a text: inside, it reads its own JSON as YAML."""
    return (
        bool(re.search("[\x7f-\x9f\ufffe\uffff]", text)) or len(json.dumps(text, ensure_ascii=False)) > 1024
    )


def test_there_are_enough_naughty_strings() -> None:
    assert len(NAUGHTY) >= 1200
    assert sum(yaml.safe_load(text) != text for text in WORDS.split() + NUMBERS.split()) > 15


@pytest.mark.slow
@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.BaseLoader, yaml.CSafeLoader, yaml.CBaseLoader])
def test_pyyaml_and_libyaml_read_every_naughty_string_back(loader: type) -> None:
    value, text = in_every_position(NAUGHTY)
    assert yaml.load(text, loader) == value


@needs_kubectl
def test_kubectl_reads_every_naughty_string_back() -> None:
    value, text = in_every_position(NAUGHTY)
    assert read_by_kubectl(text) == value


@needs_kubectl
def test_kustomize_reads_every_naughty_string_back(tmp_path: Path) -> None:
    texts = [text for text in NAUGHTY if not kustomize_loses(text)]
    value, text = in_every_position(texts)
    (tmp_path / "naughty.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "kustomization.yaml").write_text("resources: [naughty.yaml]\n", encoding="utf-8")
    assert len(texts) >= 1200
    assert read_by_kubectl(kubectl("kustomize", str(tmp_path))) == value


@needs_kubectl
def test_kubectl_reads_every_number_back() -> None:
    numbers: list[Json] = [
        0,
        -1,
        2**63 - 1,
        -(2**63),
        0.5,
        1e22,
        1e-7,
        5e-324,
        1.7976931348623157e308,
        0.1 + 0.2,
        1e16,
        -2.0,
    ]
    value, text = in_every_position(["a"])
    assert read_by_kubectl(text + emit({"numbers": numbers})) == value | {"numbers": numbers}


def test_ambiguous_strings_are_quoted_everywhere() -> None:
    for text in filter(MUST_QUOTE.match, NAUGHTY):
        assert scalar(text) == flow(text)
        assert scalar(text)[0] == '"'
        assert emit({text: 1}).removeprefix("? ")[0] == '"'


def test_nothing_is_written_that_an_editor_strips_or_a_reviewer_cannot_see() -> None:
    for text in NAUGHTY:
        assert "\n" not in scalar(text) + flow({text: [text]})
        written = emit([{text: text}])
        assert not re.search(r"[ \t]\n|\n\n\Z|\n *\t", written)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\xa0\u200b\u2028-\u202e\ufeff]", written)


TEXTS = st.text() | st.from_regex(r"[-+.0-9a-fox_:~ ]{1,8}", fullmatch=True) | st.sampled_from(NAUGHTY)
NUMERIC = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMERIC | TEXTS
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@pytest.mark.slow
@settings(deadline=None)
@given(JSON, st.integers(0, 5))
def test_any_json_value_comes_back(value: Any, indent: int) -> None:
    text = emit(value, indent)
    for written in (text, flow(value)):
        assert repr(yaml.safe_load(written)) == repr(yaml.load(written, yaml.CSafeLoader)) == repr(value)
    assert emit(yaml.safe_load(text), indent) == text


@settings(deadline=None)
@given(SCALARS)
def test_any_scalar_comes_back(value: bool | float | int | str | None) -> None:
    for written in (f"- {scalar(value)}", f"- {flow(value)}", f"[{flow(value)}]"):
        assert repr(yaml.safe_load(written)) == repr([value])
    written = f"a: {scalar(value)}\nb: {{c: {flow(value)}}}"
    assert repr(yaml.safe_load(written)) == repr({"a": value, "b": {"c": value}})
