"""Ports: names and numbers by which objects reach each other's containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.kubernetes.selectors import selector_of
from generator.model.codes import finding
from generator.model.findings import Finding, Related
from generator.model.manifests import Manifest, find
from generator.model.source import Path
from generator.rules.links.objects import ObjectCatalog, Template
from generator.rules.links.selectors import services_of

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("httpGet", "tcpSocket")


def unknown_ports(catalog: ObjectCatalog) -> Iterator[Finding]:
    """Find ports that are named or numbered where no container, or no Service, has them."""
    for template in catalog.templates:
        yield from _of_probes(template)
    for item in catalog.objects:
        check = _CHECKS.get(item.kind)
        if check:
            yield from check(item, catalog)


def _caught(item: Manifest, catalog: ObjectCatalog) -> tuple[Template, ...]:
    selector = selector_of(item)
    return catalog.caught(selector, item.identity.namespace) if selector is not None else ()


def _of_probes(template: Template) -> Iterator[Finding]:
    for path, container in template.containers():
        names = {port.get("name") for port in container.get("ports") or () if port}
        for probe, handler in ((probe, handler) for probe in _PROBES for handler in _HANDLERS):
            port = ((container.get(probe) or {}).get(handler) or {}).get("port")
            if isinstance(port, str) and port not in names:
                message = f"the {probe} of container `{container.get('name')}` uses port `{port}`"
                where = (*path, probe, handler, "port")
                yield _unknown("RP430", template.owner, where, f"{message}, which it does not have", names)


def _of_service(service: Manifest, catalog: ObjectCatalog) -> Iterator[Finding]:
    caught = _caught(service, catalog)
    names = {port.get("name") for template in caught for port in template.ports()}
    for index, port in enumerate(service.get("spec", "ports", default=())):
        target = (port or {}).get("targetPort")
        if caught and isinstance(target, str) and target not in names:
            message = f"{service.identity} sends to port `{target}`, which none of its pods has"
            yield _unknown("RP430", service, ("spec", "ports", index, "targetPort"), message, names)


def _of_pool(pool: Manifest, catalog: ObjectCatalog) -> Iterator[Finding]:
    for index, target in enumerate(pool.get("spec", "targetPorts", default=())):
        number, where = (target or {}).get("number"), ("spec", "targetPorts", index, "number")
        for template in _caught(pool, catalog):
            numbers = {port.get("containerPort") for port in template.ports()}
            if numbers and number not in numbers:
                owner = template.owner
                message = f"{pool.identity} sends to port {number}, which {owner.identity} does not name"
                related = Related(place=owner.origin.at(*template.path), label="its pods")
                yield _unknown("RP433", pool, where, message, numbers, related)
    yield from _of_picker(pool, catalog)


def _of_picker(pool: Manifest, catalog: ObjectCatalog) -> Iterator[Finding]:
    ref: Mapping[str, Any] = pool.get("spec", "endpointPickerRef", default={})
    number = (ref.get("port") or {}).get("number")
    for service in find(catalog.objects, "Service", ref.get("name") or ""):
        numbers = {port.get("port") for port in service.get("spec", "ports", default=())}
        same = service.identity.namespace == pool.identity.namespace
        if same and number is not None and ref.get("kind", "Service") == "Service" and number not in numbers:
            message = (
                f"{pool.identity} uses port {number} of its picker, which `{service.name}` does not have"
            )
            related = Related(place=service.origin.at("spec", "ports"), label="the Service")
            where = ("spec", "endpointPickerRef", "port", "number")
            yield _unknown("RP434", pool, where, message, numbers, related)


def _of_service_monitor(monitor: Manifest, catalog: ObjectCatalog) -> Iterator[Finding]:
    services = services_of(monitor, catalog)
    names = {port.get("name") for service in services for port in service.get("spec", "ports", default=())}
    yield from _scraped(monitor, "endpoints", "Services", names if services else None)


def _of_pod_monitor(monitor: Manifest, catalog: ObjectCatalog) -> Iterator[Finding]:
    caught = _caught(monitor, catalog)
    names = {port.get("name") for template in caught for port in template.ports()}
    yield from _scraped(monitor, _ENDPOINTS[monitor.kind], "pods", names if caught else None)


_ENDPOINTS = {"PodMonitor": "podMetricsEndpoints", "PodMonitoring": "endpoints"}


def _scraped(monitor: Manifest, field: str, of: str, names: set[Any] | None) -> Iterator[Finding]:
    for index, endpoint in enumerate(monitor.get("spec", field, default=())):
        port = (endpoint or {}).get("port")
        if names is not None and isinstance(port, str) and port not in names:
            message = f"{monitor.identity} scrapes port `{port}`, which none of its {of} has"
            yield _unknown("RP437", monitor, ("spec", field, index, "port"), message, names)


_CHECKS = {
    "InferencePool": _of_pool,
    "PodMonitor": _of_pod_monitor,
    "PodMonitoring": _of_pod_monitor,
    "Service": _of_service,
    "ServiceMonitor": _of_service_monitor,
}
"""Kind → the check of the ports that it names."""


def _unknown(
    code: str, item: Manifest, path: Path, message: str, there: set[Any], *related: Related
) -> Finding:
    known = ", ".join(f"`{one}`" for one in sorted(str(one) for one in there if one))
    hint = f"there is {known}" if known else "name the port where the container declares it"
    return finding(code, message, item.origin.at(*path), hint, *related, about=item)
