"""The fixed list of formats that an API server knows; any other format is ignored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from generator.apiserver.cel.times import nanoseconds
from generator.apiserver.names import label, subdomain
from generator.apiserver.quantities import quantity

Test = Callable[[str], bool]

_OCTET = re.compile(r"[0-9]{1,3}", re.ASCII)
_GROUP = re.compile(r"[0-9a-fA-F]{1,4}", re.ASCII)
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|[+-][0-9]{2}:[0-9]{2})", re.ASCII)
_SPAN = re.compile(r"\d+\s*([A-Za-zµ]+)", re.ASCII)
_UNIT = re.compile(
    "ns|us|µs|ms|s|m|h|hr|d|w|wk|(nano|micro|milli|sec|min|hour|day|week).*", re.IGNORECASE | re.DOTALL
)
_CARD = (
    r"4[0-9]{12}([0-9]{3})?|5[1-5][0-9]{14}|6(011|5[0-9]{2})[0-9]{12}|3[47][0-9]{13}"
    r"|3(0[0-5]|[68][0-9])[0-9]{11}|(2131|1800|35[0-9]{3})[0-9]{11}"
)
_COLOUR = r"\s*(0|[1-9][0-9]?|1[0-9]{0,2}|2[0-4][0-9]|25[0-5])\s*"
_HEX8 = "[0-9a-f]{8}-?[0-9a-f]{4}-?"
_MAC = (
    r"([0-9a-f]{2}:){5}([0-9a-f]{2}|([0-9a-f]{2}:){2}[0-9a-f]{2}|([0-9a-f]{2}:){14}[0-9a-f]{2})"
    r"|([0-9a-f]{2}-){5}([0-9a-f]{2}|([0-9a-f]{2}-){2}[0-9a-f]{2}|([0-9a-f]{2}-){14}[0-9a-f]{2})"
    r"|([0-9a-f]{4}\.){2}([0-9a-f]{4}|[0-9a-f]{4}\.[0-9a-f]{4}|([0-9a-f]{4}\.){7}[0-9a-f]{4})"
)


def _pattern(pattern: str) -> Test:
    return lambda text: re.fullmatch(pattern, text, re.ASCII | re.IGNORECASE) is not None


def _date(text: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) and date.fromisoformat(text))
    except ValueError:
        return False


def _date_time(text: str) -> bool:
    day, mark, clock = text.lower().partition("t")
    match = _CLOCK.fullmatch(clock.partition("t")[0]) if mark and _date(day) else None
    return bool(match) and match[1] <= "23" and match[2] <= "59" and match[3] <= "59"  # type: ignore[index]


def _duration(text: str) -> bool:
    """Take what Go takes, and any text with a number and a unit in it."""
    return nanoseconds(text) is not None or any(_UNIT.fullmatch(unit) for unit in _SPAN.findall(text))


def ipv4(text: str) -> bool:
    """Take an address with leading zeros too, and an IPv6 address that ends like an IPv4 one."""
    if ":" in text:
        return "." in text and ipv6(text)
    octets = text.split(".")
    return len(octets) == 4 and all(_OCTET.fullmatch(part) and int(part) <= 255 for part in octets)


def ipv6(text: str) -> bool:
    """Take an IPv6 address without a zone."""
    head, gap, tail = text.partition("::")
    groups = [part for half in (head, tail) if half for part in half.split(":")]
    if "." in text and groups:
        if not ipv4(groups[-1]):
            return False
        groups[-1:] = ["0", "0"]
    sized = len(groups) <= 7 if gap else len(groups) == 8
    return ":" in text and sized and all(map(_GROUP.fullmatch, groups))


def _cidr(text: str) -> bool:
    address, slash, size = text.partition("/")
    known = ipv6(address) if ":" in address else ipv4(address)
    most = 128 if ":" in address else 32
    return bool(slash and known and re.fullmatch("[0-9]{1,3}", size, re.ASCII)) and int(size) <= most


def _hostname(text: str) -> bool:
    labels = text.split(".")
    if len(text.encode()) > 255 or any(len(part.encode()) > 63 for part in labels):
        return False
    return all(re.fullmatch(r"[^\W_]([-\w]*[^\W_])?", part) and "_" not in part for part in labels)


def _uri(text: str) -> bool:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    if re.search(r"[\x00-\x20\x7f]|%(?![0-9a-fA-F]{2})", text):
        return False
    return text.startswith("/") or bool(parts.scheme and (parts.netloc or not text.endswith(":")))


def _luhn(text: str) -> bool:
    digits = re.sub("[^0-9]+", "", text)
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return bool(re.fullmatch(_CARD, digits)) and sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def _isbn(length: int) -> Test:
    def test(text: str) -> bool:
        digits = re.sub(r"[\s-]+", "", text)
        if length == 10 and re.fullmatch("[0-9]{9}[0-9X]", digits):
            return sum((index + 1) * (10 if d == "X" else int(d)) for index, d in enumerate(digits)) % 11 == 0
        if length == 13 and re.fullmatch("[0-9]{13}", digits):
            return sum(int(d) * (1 + index % 2 * 2) for index, d in enumerate(digits)) % 10 == 0
        return False

    return test


FORMATS: Mapping[str, Test] = {
    "bsonobjectid": _pattern("[0-9a-f]{24}"),
    "byte": _pattern("([a-z0-9+/]{4})*([a-z0-9+/]{2}==|[a-z0-9+/]{3}=|[a-z0-9+/]{4})"),
    "cidr": _cidr,
    "creditcard": _luhn,
    "date": _date,
    "datetime": _date_time,
    "duration": _duration,
    "email": _pattern(r"\s*([^@<>\s]+@[^@<>\s]+|[^@<>]*<[^@<>\s]+@[^@<>\s]+>)\s*"),
    "hexcolor": _pattern("#?([0-9a-f]{3}|[0-9a-f]{6})"),
    "hostname": _hostname,
    "ipv4": ipv4,
    "ipv6": ipv6,
    "isbn": lambda text: _isbn(10)(text) or _isbn(13)(text),
    "isbn10": _isbn(10),
    "isbn13": _isbn(13),
    "k8slongname": lambda text: not list(subdomain(text)),
    "k8sshortname": lambda text: not list(label(text)),
    "mac": _pattern(_MAC),
    "password": lambda _: True,
    "quantity": lambda text: quantity(text) is not None,
    "rgbcolor": _pattern(rf"rgb\({_COLOUR},{_COLOUR},{_COLOUR}\)"),
    "ssn": _pattern(r"(?=.{11}\Z)[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}"),
    "uri": _uri,
    "uuid": _pattern(f"{_HEX8}[0-9a-f]{{4}}-?[0-9a-f]{{4}}-?[0-9a-f]{{12}}"),
    "uuid3": _pattern(f"{_HEX8}3[0-9a-f]{{3}}-?[0-9a-f]{{4}}-?[0-9a-f]{{12}}"),
    "uuid4": _pattern(f"{_HEX8}4[0-9a-f]{{3}}-?[89ab][0-9a-f]{{3}}-?[0-9a-f]{{12}}"),
    "uuid5": _pattern(f"{_HEX8}5[0-9a-f]{{3}}-?[89ab][0-9a-f]{{3}}-?[0-9a-f]{{12}}"),
}
"""Format, without its dashes → does a text have it?"""
