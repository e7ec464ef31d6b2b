"""Check labels, metrics and probes when green runs another engine (field/model-servers, I19)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.kubernetes.engines import DEFAULT, METRICS_PATH
from generator.kubernetes.labels import ENGINE
from generator.kubernetes.model_servers import Server
from generator.kubernetes.pods import pod_templates
from generator.kubernetes.router import ROUTER, find_picker, servers_of
from generator.kubernetes.selectors import catches
from generator.kubernetes.workloads import container_paths, main_container
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.manifests import Manifest, dig
from generator.model.source import Path
from generator.stages.blue_green.client_names import PoolView

_LABEL_KEY = re.compile(r"""engineLabelKey["']?\s*:\s*["']?([\w./-]+)""")
_DEFAULT_ENGINE = re.compile(r"""defaultEngine["']?\s*:\s*["']?([\w-]+)""")
_ENDPOINTS = {"PodMonitor": "podMetricsEndpoints", "PodMonitoring": "endpoints"}
"""Kind that scrapes pods → the field with the paths."""

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_SIDECAR = re.compile(r"sidecar|routing-proxy")

_Wrong = tuple[Manifest, Path, str, str]
"""What is made for another engine: the object, the path in it, the message, and how to fix it."""


def require_engine(blue: PoolView, green: PoolView) -> Reporting[None]:
    """Check that picker, monitors and probes of green are made for green's engine, where it is a new one.

    The picker reads queue and cache by each engine's own metric names: by wrong ones, all pods look idle.
    """
    old = {server.engine.name: (item, server) for item, server in blue.servers()}
    for item, server in green.servers():
        if not old or server.engine.name in old:
            continue
        before, place = next(iter(old.values()))
        related = Related(
            place=before.origin.at(*place.path, "image"), label=f"blue runs {place.engine.title}"
        )
        for check in (_label, _picker, _monitors, _probes):
            for owner, path, message, hint in check(green, item, server):
                yield finding("RP333", message, green.at(owner, *path), hint, related)


def _label(green: PoolView, item: Manifest, server: Server) -> Iterator[_Wrong]:
    """Check the label that tells the picker which engine runs; without it, vLLM is assumed."""
    config = _picker_config(green)
    key = _first(_LABEL_KEY, config, ENGINE)
    assumed = _first(_DEFAULT_ENGINE, config, DEFAULT)
    for template in pod_templates(item):
        if server.path[: len(template)] != template:
            continue
        path = (*template, "metadata", "labels")
        label = item.get(*path, key)
        if (label or assumed) != server.engine.name:
            takes = f"are labelled `{key}: {label}`" if label else f"have no label `{key}`"
            yield (
                item,
                (*path, key) if label else path,
                f"{item.kind} `{item.name}` runs {server.engine.title}, and its pods {takes}: the endpoint "
                f"picker reads them as {label or assumed}",
                f"label the pods `{key}: {server.engine.name}`",
            )


def _picker(green: PoolView, _: Manifest, server: Server) -> Iterator[_Wrong]:
    """Check that the picker reads metrics where the engine has them, if that is not where most have them."""
    required = server.engine.metrics_path
    if required == METRICS_PATH or required in _picker_config(green):
        return
    yield (
        green.pool,
        ("spec", "endpointPickerRef", "name"),
        f"{server.engine.title} has its metrics at `{required}`, where green's endpoint picker does not look",
        f"give `metrics-data-source` of the picker's configuration the parameter `path: {required}`",
    )


def _picker_config(green: PoolView) -> str:
    """Return the text of all that configures green's picker: its ConfigMaps and its arguments."""
    texts = [
        str(text)
        for item in green.objects
        if item.kind == "ConfigMap" and item.part == ROUTER
        for text in item.get("data", default={}).values()
    ]
    for workload in find_picker(green.objects, green.pool).workloads:
        for paths in container_paths(workload).values():
            texts += [str(word) for path in paths for word in workload.get(*path, "args", default=())]
    return "\n".join(texts)


def _first(pattern: re.Pattern[str], text: str, default: str) -> str:
    match = pattern.search(text)
    return match[1] if match else default


def _monitors(green: PoolView, item: Manifest, server: Server) -> Iterator[_Wrong]:
    """Check that monitors of green's pods scrape the path where the engine has its metrics."""
    for monitor in green.objects:
        if monitor.kind not in _ENDPOINTS or not catches(monitor, item):
            continue
        where = ("spec", _ENDPOINTS[monitor.kind])
        for index, endpoint in enumerate(monitor.get(*where, default=())):
            path = str(endpoint.get("path", METRICS_PATH))
            if path != server.engine.metrics_path:
                yield (
                    monitor,
                    (*where, index, "path") if "path" in endpoint else (*where, index),
                    f"{monitor.kind} `{monitor.name}` scrapes `{path}`, and {server.engine.title} has its "
                    f"metrics at `{server.engine.metrics_path}`",
                    f"set `path: {server.engine.metrics_path}`",
                )


def _probes(_: PoolView, item: Manifest, server: Server) -> Iterator[_Wrong]:
    """Check that the probes of green's servers are paths that the engine has."""
    container = item.get(*server.path)
    for probe in _PROBES:
        path = dig(container, probe, "httpGet", "path")
        if path is not None and str(path) not in server.engine.probes:
            yield (
                item,
                (*server.path, probe, "httpGet", "path"),
                f"the {probe} of {item.kind} `{item.name}` requests `{path}`, which {server.engine.title} "
                "does not have",
                f"use one of {', '.join(f'`{known}`' for known in sorted(server.engine.probes))}",
            )


def warn_of_sidecars(blue: PoolView, green: PoolView) -> Reporting[None]:
    """Warn if the engine changes and its sidecar does not: they share a protocol (I19)."""
    sidecars = {name: image for _, _, name, image in _images(blue, sidecar=True)}
    engines = {image for _, _, _, image in _images(blue, sidecar=False)}
    changed = {item.identity for item, _, _, image in _images(green, sidecar=False) if image not in engines}
    for item, path, name, image in _images(green, sidecar=True):
        if item.identity in changed and engines and sidecars.get(name) == image:
            yield finding(
                "RP334",
                f"the engine of {item.kind} `{item.name}` changes, and `{name}` beside it stays `{image}`",
                green.at(item, *path, "image"),
                "set the sidecar's image to the one that was released with the new engine, too",
                Related(place=item.origin.at(*path, "image"), label="the sidecar"),
                about=item,
            )


def _images(view: PoolView, *, sidecar: bool) -> Iterator[tuple[Manifest, Path, str, str]]:
    """Return the images of a version's routing sidecars or engines: object, path, name, image."""
    for item in servers_of(view.objects, view.pool):
        for name, paths in container_paths(item).items():
            for path in paths:
                image = str(item.get(*path, "image", default=""))
                is_sidecar = bool(_SIDECAR.search(f"{name} {image}"))
                if is_sidecar == sidecar and (sidecar or name == main_container(item)):
                    yield item, path, name, image
