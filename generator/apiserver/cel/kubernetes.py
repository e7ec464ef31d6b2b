"""CEL's functions of addresses, quantities, URLs and names of formats, as Kubernetes adds them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import SplitResult, urlsplit

from generator.apiserver.cel.values import NONE, CelError, Maybe, Value, no_overload
from generator.apiserver.names import FORMATS
from generator.apiserver.quantities import quantity

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _address(text: Value) -> Address | None:
    if type(text) is not str:
        raise no_overload()
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = isinstance(found, ipaddress.IPv6Address) and (found.ipv4_mapped is not None or found.scope_id)
    return None if mapped else found


def _network(text: Value) -> Network | None:
    if type(text) is not str or not re.fullmatch(r"[^/]+/(0|[1-9][0-9]{0,2})", text):
        return None
    try:
        return ipaddress.ip_network(text, strict=False) if _address(text.split("/")[0]) else None
    except ValueError:
        return None


def _quantity(text: Value) -> Decimal | None:
    if type(text) is not str:
        raise no_overload()
    return quantity(text)


def _url(text: Value) -> SplitResult | None:
    if type(text) is not str:
        raise no_overload()
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  a port that is no number raises here
    except ValueError:
        return None
    absolute = bool(parts.scheme and (parts.netloc or parts.path)) or text.startswith("/")
    return parts if absolute and not re.search(r"[\x00-\x20\x7f]", text) else None


def _or_error(read: Callable[[Value], Value], what: str) -> Callable[[Value], Value]:
    def run(text: Value) -> Value:
        found = read(text)
        if found is None:
            raise CelError(f"{what} parse error during conversion from string: {text}")
        return found

    return run


def _validate(format_: Value, text: Value) -> Maybe:
    if type(text) is not str or not callable(format_):
        raise no_overload()
    reasons = list(format_(text))
    return Maybe(True, reasons) if reasons else NONE


def _named(name: Value) -> Maybe:
    return Maybe(True, FORMATS[name]) if name in FORMATS else NONE


def _compare(a: Value, b: Value) -> int:
    if type(a) is not Decimal or type(b) is not Decimal:
        raise no_overload()
    return (a > b) - (a < b)


def _contains(network: Value, other: Value) -> bool:
    other = _or_error(_address, "IP Address")(other) if type(other) is str and "/" not in other else other
    other = _or_error(_network, "network address")(other) if type(other) is str else other
    if isinstance(other, Network):
        return network.version == other.version and other.subnet_of(network)
    return other in network


def _decimal(compute: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Value, Value], Decimal]:
    def run(a: Value, b: Value) -> Decimal:
        other = Decimal(b) if type(b) is int else b
        if type(a) is not Decimal or type(other) is not Decimal:
            raise no_overload()
        return compute(a, other)

    return run


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "isIP": lambda text: _address(text) is not None,
    "ip": _or_error(_address, "IP Address"),
    "isCIDR": lambda text: _network(text) is not None,
    "cidr": _or_error(_network, "network address"),
    "isQuantity": lambda text: _quantity(text) is not None,
    "quantity": _or_error(_quantity, "quantity"),
    "isURL": lambda text: _url(text) is not None,
    "url": _or_error(_url, "URL"),
}

MEMBERS: Mapping[str, Callable[..., Any]] = {
    "family": lambda address: address.version,
    "isLoopback": lambda address: address.is_loopback,
    "isUnspecified": lambda address: address.is_unspecified,
    "isGlobalUnicast": lambda a: not (a.is_multicast or a.is_loopback or a.is_unspecified or a.is_link_local),
    "isLinkLocalUnicast": lambda address: address.is_link_local,
    "isLinkLocalMulticast": lambda address: address.is_multicast,
    "ip": lambda network: network.network_address,
    "masked": lambda network: network,
    "prefixLength": lambda network: network.prefixlen,
    "containsIP": _contains,
    "containsCIDR": _contains,
    "isGreaterThan": lambda a, b: _compare(a, b) > 0,
    "isLessThan": lambda a, b: _compare(a, b) < 0,
    "compareTo": _compare,
    "add": _decimal(lambda a, b: a + b),
    "sub": _decimal(lambda a, b: a - b),
    "sign": lambda value: (value > 0) - (value < 0),
    "isInteger": lambda value: value == int(value),
    "asInteger": int,
    "asApproximateFloat": float,
    "getScheme": lambda parts: parts.scheme,
    "getHost": lambda parts: parts.netloc.rpartition("@")[2],
    "getHostname": lambda parts: parts.hostname or "",
    "getPort": lambda parts: "" if parts.port is None else str(parts.port),
    "getEscapedPath": lambda parts: parts.path,
    "validate": _validate,
}

QUALIFIED: Mapping[str, Callable[..., Any]] = {
    "ip.isCanonical": lambda text: str(_or_error(_address, "IP Address")(text)) == text,
    "format.named": _named,
    **{f"format.{name}": (lambda format_=format_: format_) for name, format_ in FORMATS.items()},
}

TABLES = {"member": MEMBERS, "global": FUNCTIONS, "qualified": QUALIFIED}
"""The functions by how they are called."""
