"""CEL's semantics, expression by expression; tests/apiserver/test_custom_server.py asks a server."""

from __future__ import annotations

import pytest

from generator.apiserver.cel import CelError, Unsupported, compile_rule
from tests.support.cel_tables import ERRORS, TRUE


@pytest.mark.parametrize("expression", TRUE)
def test_an_expression_holds(expression: str) -> None:
    assert compile_rule(expression)(None) is True


@pytest.mark.parametrize(("expression", "error"), ERRORS.items())
def test_an_expression_fails_in_cel_s_words(expression: str, error: str) -> None:
    with pytest.raises(CelError) as raised:
        compile_rule(expression)(None)
    assert str(raised.value).startswith(error)


@pytest.mark.parametrize(
    ("rule", "value", "holds"),
    [
        ("self.__namespace__ == 'a'", {"namespace": "a"}, True),
        ("self.x__dash__y == 1", {"x-y": 1}, True),
        ("self.x__dot__y == 1", {"x.y": 1}, True),
        ("self.x__slash__y == 1", {"x/y": 1}, True),
        ("self.__underscores__x == 1", {"__x": 1}, True),
        ("has(self.a) && has(self.a.b)", {"a": {"b": None}}, True),
        ("!has(self.a) || self.a > 1", {}, True),
        ("self.all(a, self.exists_one(b, a.n == b.n))", [{"n": 1}, {"n": 2}, {"n": 1}], False),
        ("self.all(key, key.size() < 3)", {"ab": 1, "abc": 2}, False),
        ("self == true", True, True),
        ("self == 1", True, False),
    ],
)
def test_a_rule_sees_an_object(rule: str, value: object, holds: bool) -> None:
    assert compile_rule(rule)(value) is holds


def test_oldself_is_what_the_object_was() -> None:
    rule = compile_rule("self.n >= oldSelf.n")
    assert rule.uses_old
    assert rule({"n": 2}, {"n": 1}) is True
    assert rule({"n": 1}, {"n": 2}) is False
    assert not compile_rule("self.n > 0").uses_old


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "self.mood()",
        "unknown == 1",
        "has(self)",
        "'open",
        "a.b(",
        "1 2",
        "'\\q' == 'q'",
        "(" * 999,
    ],
)
def test_what_is_no_cel_or_not_known_is_said_to_be_unsupported(text: str) -> None:
    with pytest.raises(Unsupported):
        compile_rule(text)


def test_names_of_macros_do_not_leak() -> None:
    with pytest.raises(Unsupported):
        compile_rule("[1].all(x, x > 0) && x == 1")


def test_a_name_inside_hides_the_one_outside() -> None:
    assert compile_rule("[1, 2].all(x, [3, 4].all(x, x > 2) && x < 3)")(None) is True
