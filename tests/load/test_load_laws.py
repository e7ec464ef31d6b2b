"""Laws of loading, on texts and bytes that nobody would think of."""

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.load import load_manifests, load_plan, read_source
from generator.load.yaml import composer
from generator.model.findings import value_of
from generator.model.source import Source
from generator.pipeline import Collector
from tests.support.loading import HIDDEN, load

HIDING = re.compile(f"[{''.join(map(chr, HIDDEN))}\x7f-\x9f\ufdd0-\ufdef]|[^\0-\uffff]")
KEYS = st.text(min_size=1, max_size=20)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20)
YAMLISH = st.text(alphabet="ab:-?,[]{}&*!|>'\"#%@\n\t 10.<=~\\é\u2028", max_size=60)


def as_json(value: Any, indent: int | None = None) -> str:
    """Write JSON as YAML parsers can read it: what hides as an escape, what needs two escapes as it is."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return HIDING.sub(lambda found: f"\\U{ord(found[0]):08x}", text)


@settings(deadline=None)
@given(JSON.filter(lambda value: value is not None), st.sampled_from([None, 1]))
def test_json_is_yaml(value: Any, indent: int | None) -> None:
    text = as_json(value, indent=indent)
    data, found = load(text)
    assert repr(data) == repr(value)
    assert all(each.startswith("RP011") for each in found)


@settings(deadline=None)
@given(st.dictionaries(KEYS, JSON), st.booleans())
def test_keys_stand_where_their_spans_say(value: dict[str, Any], with_indent: bool) -> None:
    text = as_json(value, indent=2 if with_indent else None)
    document = value_of(load_plan(Source(name="p.yaml", text=text)))
    assert document
    lines = text.split("\n")
    for path, span in document.keys.items():
        token = lines[span.line - 1][span.column - 1 :][: span.length]
        assert yaml.safe_load(token) == path[-1]


@settings(deadline=None, max_examples=300)
@given(st.text() | YAMLISH)
def test_any_text_gives_documents_or_errors(text: str) -> None:
    for loader in (load_plan, load_manifests):
        found = Collector()
        documents = found.collect(loader(Source(name="p.yaml", text=text)))
        errors = [finding for finding in found.all if finding.is_error]
        assert (not documents) if errors else (loader is load_manifests or documents is not None)
        lines = re.split("\r\n|[\r\n]", text)
        assert all(1 <= f.place.line <= len(lines) and f.place.length >= 1 for f in found.all)
        assert all(1 <= f.place.column <= len(lines[f.place.line - 1]) + 1 for f in found.all)


@settings(deadline=None, max_examples=200)
@given(YAMLISH)
def test_the_parser_without_libyaml_never_fails_either(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(composer, "LOADER", yaml.SafeLoader)
        _, found = load(text)
    assert all(re.fullmatch(r"RP0\d\d \d+:\d+", each) for each in found)


@settings(deadline=None)
@given(raw=st.binary() | YAMLISH.map(str.encode))
def test_any_bytes_give_a_text_or_an_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    found = Collector()
    path = tmp_path_factory.getbasetemp() / "p.yaml"
    path.write_bytes(raw)
    source = found.collect(read_source(path, "p.yaml"))
    if source is None:
        assert [finding.code.id for finding in found.all] == ["RP001"]
    else:
        assert found.all == ()
        assert source.text == raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


@settings(deadline=None, max_examples=200)
@given(YAMLISH)
def test_what_we_read_is_what_pyyaml_reads_from_the_base(text: str) -> None:
    """Structure does not depend on the reading of scalars: compare it with the loader that has only text."""
    data, found = load(text)
    if not found:
        assert shape(data) == shape(yaml.load(text, yaml.CBaseLoader))


def shape(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: shape(value) for key, value in data.items()}
    return [shape(value) for value in data] if isinstance(data, list) else "scalar"
