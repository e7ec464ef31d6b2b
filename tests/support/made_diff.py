"""What two sets of objects mean, compared: by identity, lists by what names their items, texts parsed.

Names that nothing outside an object can see do not count: a volume is what stands at a path, a port of a
container is its number. The API server's defaults stand on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

Object = Mapping[str, Any]
Difference = tuple[str, str]
"""The object, as `Kind name`, and the path of a leaf that only one side has, or both differently."""

_KEYS = ("containerPort", "name", "mountPath", "number", "upgrade_type")
"""What names the items of a list, the first that all of them have."""

_DEFAULTS: Mapping[str, Object] = {
    "ports": {"protocol": "TCP"},
    "endpointPickerRef": {"group": "", "kind": "Service"},
    "httpGet": {"scheme": "HTTP"},
    "livenessProbe": {"successThreshold": 1, "timeoutSeconds": 1},
    "readinessProbe": {"successThreshold": 1, "timeoutSeconds": 1},
    "startupProbe": {"successThreshold": 1, "timeoutSeconds": 1},
}
"""Field → what the API server adds to what stands there."""


_UNNAMED = frozenset({"filter_chains", "listeners", "routes", "virtual_hosts"})
"""Lists of a proxy's configuration whose items have names that nobody asks for."""

_SPELLINGS = {"-c": "--config-path", "-f": "--config-path"}
"""Short flag → the long one."""

_FILES = ("--config-file", "--config-path")
"""Flags that name a file; what it is called does not count, but where it stands does."""

CONFIG = "the file that is read"
UNUSED = "a file that nobody reads"


def differences(theirs: Iterable[Object], ours: Iterable[Object]) -> Iterator[Difference]:
    """Give every leaf in which the two differ; an object that one side lacks has the path `object`."""
    left, right = map(_by_name, (list(theirs), list(ours)))
    for name in sorted({*left, *right}):
        if name not in left or name not in right:
            yield name, "object"
            continue
        for path in sorted({*left[name], *right[name]}):
            if left[name].get(path) != right[name].get(path):
                yield name, path


def _by_name(objects: list[Object]) -> dict[str, dict[str, Any]]:
    read = {path.rpartition("/")[2] for item in objects for path in _paths(item)}
    return {_name(item): dict(_leaves(_meaning(item, read))) for item in objects}


def _paths(value: Any) -> Iterator[str]:
    """Give the files that containers are told to read."""
    if isinstance(value, Mapping):
        flags = _flags(value["args"]) if "args" in value else {}
        yield from (flags[flag] for flag in _FILES if flag in flags)
        for inner in value.values():
            yield from _paths(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner)


def _name(item: Object) -> str:
    return f"{item['kind']} {item['metadata']['name']}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}".lstrip("."))
    else:
        yield path, value


def _meaning(item: Object, read: set[str]) -> Any:
    data = dict(item)
    if "rules" in data and "roleRef" not in data:
        data["rules"] = {right: True for rule in data["rules"] for right in _rights(rule)}
    if data["kind"] == "ConfigMap":
        files = {file: yaml.safe_load(text) for file, text in data["data"].items()}
        data["data"] = {CONFIG if file in read else UNUSED: content for file, content in files.items()}
        data["data"] |= {UNUSED: True} if UNUSED in data["data"] else {}
    return _keyed(data)


def _rights(rule: Object) -> Iterator[str]:
    names = rule.get("resourceNames", ["*"])
    for verb in rule["verbs"]:
        yield from (f"{verb} {url}" for url in rule.get("nonResourceURLs", ()))
        for group in rule.get("apiGroups", ()):
            yield from (f"{verb} {group}/{one}/{name}" for one in rule.get("resources", ()) for name in names)


def _keyed(value: Any, field: str = "") -> Any:
    if isinstance(value, Mapping):
        value = _pod(value) if "containers" in value else value
        value = {**_DEFAULTS.get(field, {}), **value} if field != "ports" else value
        return {str(key): _keyed(inner, str(key)) for key, inner in value.items()}
    if field == "args":
        flags = _flags(value)
        return flags | {flag: flags[flag].rpartition("/")[0] for flag in _FILES if flag in flags}
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        items = [{**_DEFAULTS["ports"], **item} for item in value] if field == "ports" else value
        return _named(items, field)
    if isinstance(value, list):
        return {str(index): _keyed(item) for index, item in enumerate(value)}
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _named(items: list[Object], field: str) -> Any:
    if field in _UNNAMED:
        items = [{key: value for key, value in item.items() if key != "name"} for item in items]
    for key in _KEYS:
        names = [str(item.get(key, "")) for item in items]
        if all(names) and len(set(names)) == len(names):
            return {name: _keyed(item) for name, item in zip(names, items, strict=True)}
    listeners = [
        str(item.get("address", {}).get("socket_address", {}).get("port_value", "")) for item in items
    ]
    names = listeners if all(listeners) else list(map(str, range(len(items))))
    return {name: _keyed(item) for name, item in zip(names, items, strict=True)}


def _pod(spec: Object) -> Object:
    """Give a pod whose mounts say what stands there, and whose probes say the number of their port."""
    volumes = {volume["name"]: volume for volume in spec.get("volumes", ())}
    return {
        **{key: value for key, value in spec.items() if key != "volumes"},
        "containers": [_container(container, volumes) for container in spec["containers"]],
    }


def _container(container: Object, volumes: Mapping[str, Object]) -> Object:
    ports = {port["name"]: port["containerPort"] for port in container.get("ports", ())}
    data = {
        key: _numbered(value, ports) if key.endswith("Probe") else value for key, value in container.items()
    }
    data["volumeMounts"] = [
        {
            **{key: value for key, value in mount.items() if key != "name"},
            "configMap": volumes[mount["name"]]["configMap"]["name"],
        }
        for mount in container.get("volumeMounts", ())
    ]
    return data


def _numbered(probe: Object, ports: Mapping[str, int]) -> Object:
    if "httpGet" not in probe:
        return probe
    get = probe["httpGet"]
    return {**probe, "httpGet": {**get, "port": ports.get(get["port"], get["port"])}}


def _flags(arguments: list[str]) -> dict[str, str]:
    """Give arguments by flag, in whichever of the two spellings they stand."""
    found: dict[str, str] = {}
    flag = ""
    for argument in map(str, arguments):
        if argument.startswith("-"):
            flag, _, value = argument.partition("=")
            flag = _SPELLINGS.get(flag, flag)
            found[flag] = value
        else:
            found[flag] = argument
    return found
