"""What plain scalars mean: to plans as JSON has it, to manifests as kubectl and nobody else has it."""

import json
import math
import subprocess
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.load.yaml.scalars import JSON, KUBERNETES, OutOfRange, Reading
from tests.support.patience import PATIENCE

needs_kubectl = pytest.mark.oracle("kubectl")

TOKENS_TABLE = """
y Y n N yes Yes YES no No NO on On ON off Off OFF true True TRUE tRUE false False FALSE yEs oN
~ null Null NULL nULL ~1 ~~ nul none None t f o yy On1 = << =x x=y
0 -0 +0 1 -1 +1 00 007 010 -010 +010 0644 0777 08 09 0__8 1_000 1__0 1_ 0_ 0_7 _1 -_1 +_1 ++1 --1 -+1 1-1
1,000
0o7 0O7 0o17 -0o7 +0o7 0o8 0o777 0o 0x1F 0X1f -0x1F +0x1f 0xG 0x 0x_1F 0x1_F 0b1 0B1 -0b1 +0b1 0b1_0 0b2 0b
0b102
0b-1 0b+1 -0b-1 0B-1 0x-1 0x1p4 0x1.8p1
1.0 1.5 -1.5 +1.5 1. -1. .5 -.5 +.5 00.5 08.5 . .. -. +. 1.5. 0.1.2 1.2.3 .1.1 ._5 .5_ .1_1 .1_1e1_0 -._5
1_0.5 1.5_0
1e3 1E3 1e+3 1e-3 1.e3 1.5e3 .5e3 -.5e3 .5e+3 1e 1e+ e3 -e3 .e3 1e1_0 1__.5e_1 1.0e0 0e0 1e1e1 1e3m 1234e56
12e34 .1e5
-0.0 0.0 0.1 1e18 9.3e18 4611686018427387904.0 9007199254740993.0 1e20 1e21 1e22 1e308 1e-7 0.000001 1e-400
5e-324
9223372036854775807 -9223372036854775808 0x7FFFFFFFFFFFFFFF -0x8000000000000000 123456789012345678
99999999999999999.0
.iNF inf Inf -inf +inf infinity nan NaN .Nan -.nan +.nan
12:30 1:30 190:20:30 1:30:45.5 -1:30 8000:8000 2001-01-01 2001-1-1 2001-12-14t21:59:43.10-05:00
2001-12-14T21:59:43Z
2001-13-01 9999-99-99 1k 1Mi 100m 25% 1$ 1.29.2 v1 127.0.0.1 \u0661 \uff11 1\uff11 é
"""
NOT_FINITE_TABLE = ".inf .Inf .INF -.inf -.Inf -.INF +.inf +.Inf +.INF .nan .NaN .NAN"
TOO_LARGE_TABLE = """
9223372036854775808 -9223372036854775809 18446744073709551615 18446744073709551616 0xFFFFFFFFFFFFFFFF
+9223372036854775808
0777777777777777777777777 09999999999999999999999 1e999 -1e999 1e309 .1e999
"""
TOKENS, NOT_FINITE, TOO_LARGE = (table.split() for table in (TOKENS_TABLE, NOT_FINITE_TABLE, TOO_LARGE_TABLE))
LONG = ["9" * 401, "0." + "1" * 400, "1" + "_1" * 400, "9" * 5000, "0x" + "f" * 5000]


def read(reading: Reading, text: str) -> tuple[type, Any]:
    """Give a reading's value, its type beside it, since 1 == 1.0 == True."""
    value = reading.value(text)
    return type(value), value


def kubectl(lines: list[str]) -> Any:
    """Give what kubectl makes of the items of a list."""
    text = "apiVersion: example.com/v1\nkind: Any\nmetadata: {name: any}\nspec:\n" + "".join(
        f"- {x}\n" for x in lines
    )
    command = ["kubectl", "annotate", "--local", "-f", "-", "x=y", "-o", "json"]
    run = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", timeout=PATIENCE)
    return json.loads(run.stdout)["spec"] if run.returncode == 0 else run.stderr


def as_kubernetes_has_it(value: bool | float | int | str | None) -> tuple[type, Any]:
    """Make a JSON number what the API machinery makes of it: a 64-bit integer, or else a float."""
    if type(value) is int and not -(2**63) <= value < 2**63:
        value = float(value)
    return type(value), value


@needs_kubectl
def test_manifests_are_read_as_kubectl_reads_them() -> None:
    assert len(set(TOKENS)) == len(TOKENS) > 200
    expected = kubectl(["", *TOKENS])
    ours = {text: read(KUBERNETES, text) for text in ("", *TOKENS)}
    assert ours == {
        text: as_kubernetes_has_it(value) for text, value in zip(["", *TOKENS], expected, strict=True)
    }


@needs_kubectl
def test_kubectl_refuses_what_is_not_finite() -> None:
    assert "unsupported value: +Inf" in kubectl([".inf"])
    assert "unsupported value: NaN" in kubectl([".nan"])


@needs_kubectl
def test_kubectl_loses_what_is_too_large() -> None:
    """A number that kubectl takes as it stands would not belong into the table of those we refuse."""
    for text, value in zip(TOO_LARGE, kubectl(TOO_LARGE), strict=True):
        exact = int(text.replace("0x", ""), 16) if "0x" in text else text.lstrip("+")
        assert value == text or str(value) != str(exact)


@needs_kubectl
@settings(deadline=None, max_examples=5)
@given(st.lists(st.from_regex(r"[-+]?[0-9a-fxob._eE]{1,7}", fullmatch=True), min_size=200, max_size=300))
def test_kubectl_agrees_on_whatever_looks_like_a_number(texts: list[str]) -> None:
    texts = [text for text in texts if not is_out_of_range(text)]
    expected = [as_kubernetes_has_it(value) for value in kubectl(texts)]
    assert [read(KUBERNETES, text) for text in texts] == expected


def is_out_of_range(text: str) -> bool:
    try:
        KUBERNETES.value(text)
    except OutOfRange:
        return True
    return False


TAGGED = [
    # tag, text, in a plan, in a manifest; None where the tag does not fit
    ("str", "1", "1", "1"),
    ("str", "", "", ""),
    ("str", "0x1F", "0x1F", "0x1F"),
    ("int", "1", 1, 1),
    ("int", "0x1F", None, 31),
    ("int", "1.0", None, None),
    ("int", "yes", None, None),
    ("int", "", None, None),
    ("float", "1", 1.0, 1),
    ("float", "1.5", 1.5, 1.5),
    ("float", "x", None, None),
    ("float", "1e3", 1000.0, 1000),
    ("bool", "true", True, True),
    ("bool", "yes", None, True),
    ("bool", "1", None, None),
    ("seq", "x", None, None),
    ("", "x", None, None),
]


@pytest.mark.parametrize(("tag", "text", "plan", "manifest"), TAGGED)
def test_a_tag_holds_only_for_text_of_its_form(
    tag: str, text: str, plan: bool | float | int | str | None, manifest: bool | float | int | str | None
) -> None:
    for reading, expected in ((JSON, plan), (KUBERNETES, manifest)):
        if expected is None:
            with pytest.raises(ValueError, match=rf"^{tag}$"):
                reading.tagged(tag, text)
        else:
            assert repr(reading.tagged(tag, text)) == repr(expected)


@pytest.mark.parametrize("text", ["", "~", "null"])
def test_the_null_tag_fits_null(text: str) -> None:
    assert JSON.tagged("null", text) is KUBERNETES.tagged("null", text) is None


@needs_kubectl
@pytest.mark.parametrize(
    ("tag", "text", "plan", "manifest"), [row for row in TAGGED if row[0] not in ("", "seq")]
)
def test_tags_are_read_as_kubectl_reads_them(
    tag: str, text: str, plan: bool | float | int | str | None, manifest: bool | float | int | str | None
) -> None:
    found = kubectl([f"!!{tag} {text}"])
    assert "cannot decode" in found if manifest is None else repr(found) == repr([manifest])


IN_PLANS = [
    ("", None),
    ("~", None),
    ("null", None),
    ("true", True),
    ("false", False),
    ("0", 0),
    ("-0", 0),
    ("12", 12),
    ("-12", -12),
    ("9223372036854775807", 2**63 - 1),
    ("-9223372036854775808", -(2**63)),
    ("1.5", 1.5),
    ("1.0", 1.0),
    ("-0.0", -0.0),
    ("1e3", 1000.0),
    ("1E+3", 1000.0),
    ("1.5e-3", 0.0015),
    ("1e-400", 0.0),
]


@pytest.mark.parametrize(("text", "value"), IN_PLANS)
def test_plans_have_the_numbers_and_words_of_json(text: str, value: bool | float | int | None) -> None:
    assert repr(JSON.value(text)) == repr(value)


@pytest.mark.parametrize(
    "text", sorted(set(TOKENS + NOT_FINITE) - {text for text, _ in IN_PLANS} - {"1e999"})
)
def test_plans_have_nothing_but_text_besides(text: str) -> None:
    try:
        expected = text if "N" in text else json.loads(text)  # Python's JSON has NaN, JSON has not
    except ValueError:
        expected = text
    assert repr(JSON.value(text)) == repr(expected)


@given(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_of_json_is_read_in_both_ways(number: float | int) -> None:
    text = json.dumps(number)
    assert repr(JSON.value(text)) == repr(number)
    value = KUBERNETES.value(text)
    assert isinstance(value, int | float)
    assert type(number)(value) == number


@pytest.mark.parametrize("text", NOT_FINITE)
def test_a_manifest_holds_no_number_that_is_not_finite(text: str) -> None:
    with pytest.raises(OutOfRange, match=r"^is not a finite number$"):
        KUBERNETES.value(text)


@pytest.mark.parametrize("text", TOO_LARGE)
def test_numbers_that_would_change_are_refused(text: str) -> None:
    with pytest.raises(OutOfRange, match=r"^(does not fit into a 64-bit integer|is not a finite number)$"):
        KUBERNETES.value(text)


@pytest.mark.parametrize("text", [text for text in TOO_LARGE if text[0] not in "+0."] + ["1e999"])
def test_plans_refuse_them_too(text: str) -> None:
    with pytest.raises(OutOfRange):
        JSON.value(text)


@pytest.mark.parametrize("text", LONG)
def test_numbers_of_more_than_400_characters_are_refused(text: str) -> None:
    with pytest.raises(OutOfRange):
        KUBERNETES.value(text)


def test_400_digits_are_not_too_many() -> None:
    assert JSON.value("0." + "0" * 397 + "1") == KUBERNETES.value("0." + "0" * 397 + "1") == 0.0
    with pytest.raises(OutOfRange, match=r"^has more than 400 characters$"):
        JSON.value("0." + "0" * 398 + "1")


# --- which scalars of a plan other parsers read as something else

DOUBTFUL = {
    "a boolean": "y Y n N yes YES no No on On ON off Off True TRUE False yEs",
    "null": "Null NULL",
    "a number that is not finite": ".inf -.inf +.Inf .nan .NAN",
    "text": "1e3 1E3 -1e3 1e+3 1e-3 1.5e3 12e34",
    "a number": "0o17 010 08 00 007 0x1F 0b1 1_000 +1 +1.5 .5 -.5 1. 1.e3 .5e3 08.5 1_0.5 0x_1F -0x1F -_1",
    "a number to the base 60": "12:30 1:30 190:20:30 -1:30 1:30:45.5 1_0:30",
    "a date": "2001-01-01 2001-1-1 2001-12-14t21:59:43.10-05:00 2001-12-14T21:59:43Z",
    "a special mark": "= <<",
}


@pytest.mark.parametrize(
    ("text", "elsewhere"), [(text, kind) for kind, texts in DOUBTFUL.items() for text in texts.split()]
)
def test_doubt_says_what_others_read(text: str, elsewhere: str) -> None:
    ambiguity = JSON.ambiguity(text)
    assert ambiguity is not None
    assert ambiguity.elsewhere == elsewhere
    assert "quote it" in ambiguity.hint


CLEAR = "x 0 1 -1 1.5 1.0 1.5e+3 true false null ~ 1.29.2 v1 30m 25% 10Gi _1 - -x +x .x yell only"


@pytest.mark.parametrize("text", CLEAR.split())
def test_there_is_no_doubt_where_all_agree(text: str) -> None:
    assert JSON.ambiguity(text) is None


@pytest.mark.parametrize("text", [text for text in TOKENS if not JSON.ambiguity(text)])
def test_where_there_is_no_doubt_pyyaml_and_kubectl_agree_with_plans(text: str) -> None:
    ours = JSON.value(text)
    theirs = yaml.safe_load(f"- {text}")[0]
    assert (type(theirs), theirs) == (type(ours), ours)
    manifest = KUBERNETES.value(text)
    assert manifest == ours or (isinstance(manifest, int | float | str) and float(manifest) == ours)
    assert isinstance(manifest, bool) == isinstance(ours, bool)


def test_manifests_are_never_in_doubt() -> None:
    assert not any(KUBERNETES.ambiguity(text) for text in TOKENS)


@pytest.mark.slow
@given(st.text(max_size=20) | st.from_regex(r"[-+.0-9_:eExobTZ ]{0,30}", fullmatch=True))
def test_any_text_is_a_value_or_out_of_range(text: str) -> None:
    for reading in (JSON, KUBERNETES):
        try:
            value = reading.value(text)
        except OutOfRange:
            continue
        assert value is None or isinstance(value, str | bool | int) or math.isfinite(value)
