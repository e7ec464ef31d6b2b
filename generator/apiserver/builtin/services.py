"""Services, NetworkPolicies and claims of volumes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from generator.apiserver.builtin import words
from generator.apiserver.builtin.metadata import selector
from generator.apiserver.builtin.quantities import quantity
from generator.apiserver.violations import Violation
from generator.model.source import Path

_HEADLESS = "None"
_OUTSIDE = frozenset({"LoadBalancer", "NodePort"})
_KUBELET = 10250


def service(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a Service: its ports, and what its type allows."""
    ports = value.get("ports") or ()
    kind = value.get("type") or "ClusterIP"
    headless = value.get("clusterIP") == _HEADLESS
    if not ports and not headless and kind != "ExternalName":
        yield words.required((*path, "ports"))
    yield from _ports(ports, kind, path)
    if headless and kind in _OUTSIDE:
        yield words.invalid((*path, "clusterIP"), _HEADLESS, f"may not be set to 'None' for {kind} services")
    if kind == "ExternalName" and not value.get("externalName"):
        yield words.required((*path, "externalName"))
    if kind == "ExternalName" and value.get("clusterIP"):
        yield words.forbidden((*path, "clusterIP"), "may not be set for ExternalName services")
    for name, allowed in _ONLY.items():
        if value.get(name) and kind not in allowed:
            yield from _refused(name, value[name], kind, path)


_ONLY: Mapping[str, frozenset[str]] = {
    "allocateLoadBalancerNodePorts": frozenset({"LoadBalancer"}),
    "externalTrafficPolicy": _OUTSIDE,
    "healthCheckNodePort": frozenset({"LoadBalancer"}),
    "loadBalancerClass": frozenset({"LoadBalancer"}),
    "loadBalancerSourceRanges": frozenset({"LoadBalancer"}),
}
"""Field → the types of Services that may have it."""


def _refused(name: str, value: Any, kind: str, path: Path) -> Iterator[Violation]:
    if name == "externalTrafficPolicy":
        if value != "Local" and kind == "ExternalName":
            return
        yield words.invalid((*path, name), value, "may only be set for externally-accessible services")
    else:
        yield words.forbidden((*path, name), "may only be used when `type` is 'LoadBalancer'")


def _ports(ports: Any, kind: str, path: Path) -> Iterator[Violation]:
    names: set[str] = set()
    numbers: set[tuple[str, Any]] = set()
    for index, port in enumerate(ports):
        port, where = port or {}, (*path, "ports", index)
        name, key = port.get("name"), (port.get("protocol") or "TCP", port.get("port"))
        if not name and len(ports) > 1:
            yield words.required((*where, "name"))
        if name and name in names:
            yield words.duplicate((*where, "name"), name)
        if key in numbers:
            yield words.duplicate((*where, "port"), f"{key[1]}/{key[0]}")
        names.add(name or "")
        numbers.add(key)
        if port.get("nodePort") and kind not in _OUTSIDE:
            yield words.forbidden((*where, "nodePort"), f"may not be used when `type` is '{kind}'")
        if kind == "LoadBalancer" and port.get("port") == _KUBELET:
            yield words.invalid((*where, "port"), _KUBELET, "may not be exposed since it is used by kubelet")


def policy_port(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a range of ports of a NetworkPolicy: its start is a number, and not above its end."""
    start, end = value.get("port"), value.get("endPort")
    if end is None:
        return
    where = (*path, "endPort")
    if start is None:
        yield words.invalid(where, end, "may not be specified when `port` is not specified")
    elif isinstance(start, str):
        yield words.invalid(where, end, "may not be specified when `port` is non-numeric")
    elif end < start:
        yield words.invalid(where, end, "must be greater than or equal to `port`")


def policy_peer(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a peer of a NetworkPolicy: it is somebody, and an ipBlock stands alone."""
    given = [name for name in ("podSelector", "namespaceSelector", "ipBlock") if value.get(name) is not None]
    if not given:
        yield words.required(path, "must specify a peer")
    elif "ipBlock" in given and len(given) > 1:
        yield words.forbidden(path, "may not specify both ipBlock and another peer")
    for name in given:
        if name != "ipBlock":
            yield from selector(value[name], (*path, name))


def policy(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a NetworkPolicy: whom it is about, and in which directions."""
    yield from selector(value.get("podSelector"), (*path, "podSelector"))
    for index, kind in enumerate(value.get("policyTypes") or ()):
        if kind not in {"Egress", "Ingress"}:
            yield words.unsupported((*path, "policyTypes", index), kind, ("Ingress", "Egress"))


def ip_block(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a range of addresses, and that what it leaves out is inside it."""
    whole = _network(value.get("cidr") or "")
    if not value.get("cidr"):
        yield words.required((*path, "cidr"))
    elif whole is None:
        yield words.invalid((*path, "cidr"), value["cidr"], "must be a valid CIDR value")
    for index, item in enumerate(value.get("except") or ()):
        where, part = (*path, "except", index), _network(item or "")
        if part is None:
            yield words.invalid(where, item, "must be a valid CIDR value")
        elif whole and not (
            part.version == whole.version and part.prefixlen > whole.prefixlen and part.subnet_of(whole)  # type: ignore[arg-type]
        ):
            yield words.invalid(where, item, "must be a strict subset of `cidr`")


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")


def claim(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a claim of a volume: how it is used, and how much it asks for."""
    modes, where = value.get("accessModes") or (), (*path, "accessModes")
    for index, mode in enumerate(modes):
        if mode not in _MODES:
            yield words.unsupported((*where, index), mode, _MODES)
    if "ReadWriteOncePod" in modes and len(set(modes)) > 1:
        yield words.forbidden(where, "may not use ReadWriteOncePod with other access modes")
    storage = ((value.get("resources") or {}).get("requests") or {}).get("storage")
    at = (*path, "resources", "requests", "storage")
    amount = quantity(storage)
    if storage is None:
        yield words.required(at)
    elif amount is not None and amount <= 0:
        yield words.invalid(at, storage, "must be greater than zero")
    yield from selector(value.get("selector"), (*path, "selector"))
