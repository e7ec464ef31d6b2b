"""What a plain YAML scalar means: as JSON has it in a plan, as kubectl has it in a manifest."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from generator.load.limits import Limits
from generator.load.yaml.ambiguity import Ambiguity, ambiguity_of

Scalar = str | int | float | bool | None
_INT64: Final = range(-(2**63), 2**63)


class OutOfRange(Exception):
    """A number that JSON or a 64-bit integer cannot hold; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How the files of one kind turn plain scalars into values.

    `form` gives the value that the text has by itself and raises `OutOfRange`; `settle` gives the number
    that a float becomes in the document; `ambiguity` says who would disagree; `own_keys_first` is False
    where a merge overrides the keys written before it.
    """

    form: Callable[[str], Scalar]
    settle: Callable[[float], int | float]
    ambiguity: Callable[[str], Ambiguity | None]
    own_keys_first: bool

    def value(self, text: str) -> Scalar:
        """Return the value of a plain scalar; raise `OutOfRange`."""
        value = self.form(text)
        return self.settle(value) if type(value) is float else value

    def tagged(self, tag: str, text: str) -> Scalar:
        """Return the value of a scalar with a core tag (`int`, `str`, ...).

        Raise `OutOfRange`, and `ValueError` when the text does not have the form that the tag claims.
        """
        if tag == "str":
            return text
        value = self.form(text)
        if tag == "float" and type(value) is int:
            value = float(value)
        if type(value) is not TAGS.get(tag):
            raise ValueError(tag)
        return self.settle(value) if type(value) is float else value


TAGS: Final = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "null": type(None),
    "seq": list,
    "map": dict,
}
"""The core tags and what they claim."""


def _integer(digits: str, base: int) -> int:
    if len(digits) <= Limits.digits:
        number = int(digits, base)
        if number in _INT64:
            return number
    raise OutOfRange("does not fit into a 64-bit integer")


def _finite(digits: str) -> float:
    if len(digits) > Limits.digits:
        raise OutOfRange(f"has more than {Limits.digits} characters")
    number = float(digits)
    if not math.isfinite(number):
        raise OutOfRange("is not a finite number")
    return number


_JSON_WORDS: Final[dict[str, Scalar]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")


def _json(text: str) -> Scalar:
    if text in _JSON_WORDS:
        return _JSON_WORDS[text]
    if text[0] not in "-0123456789":
        return text
    number = _JSON_NUMBER.fullmatch(text)
    if not number:
        return text
    return _finite(text) if number.lastindex else _integer(text, 10)


_GO_WORDS: Final[dict[str, Scalar]] = {
    word: value
    for words, value in (
        (" ~ null Null NULL", None),
        ("y Y yes Yes YES on On ON true True TRUE", True),
        ("n N no No NO off Off OFF false False FALSE", False),
        (".nan .NaN .NAN", math.nan),
        (".inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF", math.inf),
    )
    for word in words.split(" ")
}
_GO_INTEGER: Final = re.compile(
    r"0b(?P<odd>[-+][01]+)"  # go-yaml cuts off 0b and lets a sign follow
    r"|(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))"
)
_BASES: Final = {"odd": 2, "hex": 16, "bin": 2, "oct": 8, "dec": 10}
_GO_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_GO_DOT_FLOAT: Final = re.compile(r"\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?")


def _go(text: str) -> Scalar:
    if text in _GO_WORDS:
        value = _GO_WORDS[text]
        return _finite(str(value)) if type(value) is float else value
    if text[0] in "+-0123456789":
        return _go_number(text)
    if text[0] == "." and _GO_DOT_FLOAT.fullmatch(text):
        return _finite(text)
    return text


def _go_number(text: str) -> Scalar:
    plain = text.replace("_", "")
    integer = _GO_INTEGER.fullmatch(plain)
    if integer:
        base = str(integer.lastgroup)
        return _integer((integer["sign"] or "") + integer[base], _BASES[base])
    if not _GO_FLOAT.fullmatch(plain):
        return text
    number = _finite(plain)
    if plain.lstrip("+-").isdigit():  # 08 and 09 are no octal numbers, so go-yaml reads floats
        _integer(plain, 10)
    return number


def _as_go_json(number: float) -> int | float:
    """Return the number that is left after Go wrote the float as JSON and read it again: 1.0 is 1."""
    if not number.is_integer():
        return number
    shortest = int(Decimal(repr(number)))
    return shortest if shortest in _INT64 else number


JSON: Final = Reading(form=_json, settle=lambda number: number, ambiguity=ambiguity_of, own_keys_first=True)
"""How plans are read."""

KUBERNETES: Final = Reading(form=_go, settle=_as_go_json, ambiguity=lambda _: None, own_keys_first=False)
"""How manifests are read."""
