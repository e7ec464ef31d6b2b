"""Forms that values of built-in kinds must have: what is wrong with a text, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from generator.apiserver import names

_ASCII = re.ASCII
_PORT_NAME = re.compile(r"[-a-z0-9]+", _ASCII)
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+", _ASCII)
_HEADER = re.compile(r"[-A-Za-z0-9]+", _ASCII)
_ENV = re.compile(r"[ -<>-~]+", _ASCII)
_PERCENT = re.compile(r"[0-9]+%", _ASCII)

_SUBDOMAIN_MAX, _PORT_NAME_MAX, _PORT_MAX = 253, 15, 65535

Form = Callable[[Any], str]
"""Says what is wrong with a value; the empty text where nothing is."""


def _first(form: names.Form) -> Form:
    """Return a form that says the first reason only: one is enough to fix a value by."""
    return lambda value: next(form(value), "")


label = _first(names.label)
label_1035 = _first(names.label_1035)
subdomain = _first(names.subdomain)
path_segment = _first(names.path_segment)
qualified = _first(names.qualified)
label_value = _first(names.label_value)


def _longest(limit: int) -> str:
    return f"must be no more than {limit} characters"


def port_name(value: str) -> str:
    """Check the name of a port (IANA): 15 characters, a letter among them."""
    if len(value) > _PORT_NAME_MAX:
        return _longest(_PORT_NAME_MAX)
    if not _PORT_NAME.fullmatch(value):
        return "must contain only lower case letters, digits, and hyphens"
    if not any(character.isalpha() for character in value):
        return "must contain at least one letter"
    if "--" in value:
        return "must not contain consecutive hyphens"
    return "must not begin or end with a hyphen" if value[0] == "-" or value[-1] == "-" else ""


def port(value: int) -> str:
    """Check the number of a port."""
    return "" if 1 <= value <= _PORT_MAX else f"must be between 1 and {_PORT_MAX}, inclusive"


def port_or_name(value: int | str) -> str:
    """Check a port that is named or numbered."""
    return port_name(value) if isinstance(value, str) else port(value)


def env_name(value: str) -> str:
    """Check the name of an environment variable, as servers do since 1.32."""
    return "" if _ENV.fullmatch(value) else "must consist only of printable ASCII characters other than '='"


def config_key(value: str) -> str:
    """Check a key of a ConfigMap or Secret."""
    if len(value) > _SUBDOMAIN_MAX:
        return _longest(_SUBDOMAIN_MAX)
    if not _CONFIG_KEY.fullmatch(value):
        return "must be letters, digits, '-', '_' and '.'"
    if value == ".":
        return "must not be '.'"
    return "must not start with '..'" if value.startswith("..") else ""


def header(value: str) -> str:
    """Check the name of an HTTP header of a probe."""
    return "" if _HEADER.fullmatch(value) else "must be letters, digits and '-'"


def descending(value: str) -> str:
    """Check a path that stays inside its volume."""
    return "must be a relative path" if value.startswith("/") else no_backsteps(value)


def no_backsteps(value: str) -> str:
    """Check that a path does not climb."""
    return "must not contain '..'" if ".." in value.split("/") else ""


def count_or_percent(value: int | str) -> str:
    """Check a number of pods, or a share of them."""
    if isinstance(value, int):
        return "" if value >= 0 else "must be greater than or equal to 0"
    return "" if _PERCENT.fullmatch(value) else "must be a number of pods, or digits and '%' (such as '25%')"


def share_or_count(value: int | str) -> str:
    """Check a number of pods, or a share of at most all of them."""
    wrong = count_or_percent(value)
    over = isinstance(value, str) and not wrong and int(value[:-1]) > 100
    return "must not be greater than 100%" if over else wrong


def amount(value: int | str) -> int:
    """Return the number in a number of pods or a percentage of them; 0 where it is malformed."""
    if isinstance(value, int):
        return value
    return int(value[:-1]) if _PERCENT.fullmatch(value) else 0
