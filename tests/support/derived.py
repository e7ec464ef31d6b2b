"""An oracle for green made from blue: it knows Kubernetes, and nothing of how rollplan derives."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

from deepdiff import DeepDiff

from generator.model.manifests import Manifest
from generator.model.rollout import Rollout
from generator.pipeline import compile_plan

Object = Mapping[str, Any]

POD_OWNERS = {"Deployment", "StatefulSet", "DaemonSet", "LeaderWorkerSet", "DisaggregatedSet", "Job"}
MONITORS = {"PodMonitor", "ServiceMonitor", "PodMonitoring"}


def write_plan(folder: Path, blue: Sequence[Object], *, pool: str, green: str, **more: Any) -> Path:
    """Write a plan whose green comes from these objects; JSON is YAML."""
    (folder / "blue").mkdir(parents=True, exist_ok=True)
    text = "\n---\n".join(json.dumps(item, indent=1) for item in blue)
    (folder / "blue/all.yaml").write_text(text, encoding="utf-8")
    spec = {
        "target": {
            "mode": "gateway",
            "gateway": {"name": "inference-gateway", "provider": "istio", "version": "1.31.2"},
        },
        "blue": {"pool": pool, "manifests": ["blue/"]},
        "green": {"pool": green, "from": "blue", **more.pop("green_fields", {})},
        "strategy": {
            "type": "blue-green",
            "steps": [{"weight": 10}, {"weight": 100}],
            **more.pop("strategy", {}),
        },
        **more,
    }
    if not any(item["kind"] == "HTTPRoute" for item in blue) and "routes" not in spec:
        spec["route"] = {"name": "llm"}
    plan = {
        "apiVersion": "rollplan.dev/v1alpha1",
        "kind": "RolloutPlan",
        "metadata": {"name": "derived", "namespace": "llm-d"},
        "spec": spec,
    }
    (folder / "plan.yaml").write_text(json.dumps(plan, indent=1), encoding="utf-8")
    return folder / "plan.yaml"


def derived(folder: Path, blue: Sequence[Object], *, pool: str, green: str, **more: Any) -> Rollout:
    return compile_plan(write_plan(folder, blue, pool=pool, green=green, **more)).rollout


def bundle(rollout: Rollout, name: str) -> tuple[Manifest, ...]:
    """Give the objects of a bundle, each once, in the order in which they first stand in a stage."""
    found: dict[Any, Manifest] = {}
    for stage in rollout.stages:
        for item in stage.objects:
            if item.bundle == name:
                found.setdefault(item.identity, item)
    return tuple(found.values())


def pairs(rollout: Rollout) -> list[tuple[Object, Object]]:
    """Give each object of green beside the one of blue that stands at the same place of the same source."""
    blue = {_source(item): item for item in bundle(rollout, "blue")}
    return [(blue[_source(item)].data, item.data) for item in bundle(rollout, "green")]


def _source(item: Manifest) -> tuple[str, int, int]:
    place = item.origin.at("metadata", "name")
    return (place.source.name, place.line, place.column)


def strings(data: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Give every string of an object, keys too, with its path."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield f"{path}.{key} (key)", str(key)
            yield from strings(value, f"{path}.{key}")
    elif isinstance(data, (list, tuple)):
        for index, value in enumerate(data):
            yield from strings(value, f"{path}[{index}]")
    elif isinstance(data, str):
        yield path, data


def own_names(objects: list[Object]) -> set[str]:
    """Give the names that objects have, and those of the pods that their StatefulSets make."""
    names = {item["metadata"]["name"] for item in objects}
    for item in objects:
        if item["kind"] == "StatefulSet":
            count = item["spec"].get("replicas", 1)
            names |= {f"{item['metadata']['name']}-{ordinal}" for ordinal in range(count)}
    return names


def stale_references(rollout: Rollout, *exceptions: str) -> list[str]:
    """Give every string of green that names an object of blue; `exceptions` end the paths that may."""
    blue = own_names([item.data for item in bundle(rollout, "blue")])
    found = []
    for item in bundle(rollout, "green"):
        for path, text in strings(item.data):
            for name in blue:
                # a host name goes on with a dot; a longer name goes on with a letter, digit or dash
                whole = rf"(?<![-a-zA-Z0-9]){re.escape(name)}(?![-a-zA-Z0-9])"
                if re.search(whole, text) and not path.endswith(exceptions):
                    found.append(f"{item.kind} {item.name} {path}: {text[:80]!r} names {name}")
    return found


def selectors(item: Object) -> Iterator[dict[str, list[str]]]:
    """Give an object's selectors as key → the values that it accepts."""
    spec = item.get("spec") or {}
    selector = spec.get("podSelector") if item["kind"] == "NetworkPolicy" else spec.get("selector")
    if item["kind"] == "Service":
        selector = {"matchLabels": selector} if selector else None
    if item["kind"] == "PersistentVolumeClaim" or selector is None:
        return
    accepted = {key: [value] for key, value in (selector.get("matchLabels") or {}).items()}
    for expression in selector.get("matchExpressions") or ():
        assert expression["operator"] == "In", expression
        accepted[expression["key"]] = expression["values"]
    yield accepted


def pod_labels(item: Object) -> Iterator[dict[str, str]]:
    """Give the labels of the pods that an object makes, those of its controller too."""
    if item["kind"] not in POD_OWNERS:
        return
    name = item["metadata"]["name"]
    for template in _templates(item["spec"]):
        labels = (template.get("metadata") or {}).get("labels") or {}
        if item["kind"] == "StatefulSet":
            for ordinal in range(item["spec"].get("replicas", 1)):
                yield labels | {"statefulset.kubernetes.io/pod-name": f"{name}-{ordinal}"}
        elif item["kind"] == "LeaderWorkerSet":
            yield labels | {"leaderworkerset.sigs.k8s.io/name": name}
        else:
            yield labels


def _templates(data: Any) -> Iterator[Object]:
    if isinstance(data, Mapping):
        if "containers" in (data.get("spec") or {}):
            yield data
        for value in data.values():
            yield from _templates(value) if isinstance(value, (Mapping, list)) else ()
    elif isinstance(data, list):
        for value in data:
            yield from _templates(value)


def caught(selector: Mapping[str, list[str]], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) in values for key, values in selector.items())


def targets(item: Object, objects: list[Object]) -> list[dict[str, str]]:
    """Give the label sets that a selector of this object looks at: Services' or pods'."""
    if item["kind"] == "ServiceMonitor":
        return [other["metadata"].get("labels") or {} for other in objects if other["kind"] == "Service"]
    return [labels for other in objects for labels in pod_labels(other)]


def overlaps(rollout: Rollout) -> list[str]:
    """Give every selector of one version that catches pods or Services of the other (contract I1)."""
    names = dict.fromkeys(item.bundle for stage in rollout.stages for item in stage.objects if item.part)
    versions = {name: [item.data for item in bundle(rollout, name)] for name in names}
    found = []
    for own, other in permutations(versions, 2):
        for item in versions[own]:
            for selector in selectors(item):
                for labels in targets(item, versions[other]):
                    if caught(selector, labels):
                        found.append(f"{own} {item['kind']} {item['metadata']['name']} catches {labels}")
    return found


def membership(rollout: Rollout) -> list[str]:
    """Give every selector of green that does not catch the copies of what blue's catches."""
    both = pairs(rollout)
    blue, green = [old for old, _ in both], [new for _, new in both]
    found = []
    for old, new in both:
        for before, after in zip(selectors(old), selectors(new), strict=True):
            was = [caught(before, labels) for labels in targets(old, blue)]
            now = [caught(after, labels) for labels in targets(new, green)]
            if was != now:
                found.append(f"{new['kind']} {new['metadata']['name']}: {was} became {now}")
    return found


LABELS = re.compile(r"\['(labels|matchLabels|selector)'\]\['[^']+'\]$|\['matchExpressions'\].*\['values'\]")


def unexplained(rollout: Rollout) -> list[str]:
    """Give every difference between green and blue that is neither a name, a reference nor a label."""
    both = pairs(rollout)
    names = {}
    for old, new in both:
        names[old["metadata"]["name"]] = new["metadata"]["name"]
        if old["kind"] == "StatefulSet":
            for ordinal in range(old["spec"].get("replicas", 1)):
                pod = f"{old['metadata']['name']}-{ordinal}"
                names[pod] = f"{new['metadata']['name']}-{ordinal}"
    labels = _changed_labels(both)
    found = []
    for old, new in both:
        difference = DeepDiff(old, new, ignore_order=False)
        found += [
            f"{new['kind']}: {kind} {difference[kind]}" for kind in difference if kind != "values_changed"
        ]
        for path, change in difference.get("values_changed", {}).items():
            before, after = change["old_value"], change["new_value"]
            key = re.findall(r"\['([^']+)'\]", path)[-1]
            if LABELS.search(path) and labels.get((key, before), after) == after:
                continue
            if path.endswith("]") and "['args']" in path:
                for (key, value), changed in labels.items():
                    before = re.sub(
                        rf"(?<![^=,]){re.escape(f'{key}={value}')}(?=,|$)", f"{key}={changed}", before
                    )
            if not isinstance(before, str) or _renamed(before, names) != after:
                found.append(f"{new['kind']} {new['metadata']['name']} {path}: {before!r} became {after!r}")
    return found


def _changed_labels(both: list[tuple[Object, Object]]) -> dict[tuple[str, str], str]:
    """Give what labels became, from the pods and selectors alone: one new value for each pair."""
    changed: dict[tuple[str, str], str] = {}
    for old, new in both:
        labels = zip(pod_labels(old), pod_labels(new), strict=True)
        for before, after in (
            *labels,
            (old["metadata"].get("labels", {}), new["metadata"].get("labels", {})),
        ):
            for key, value in before.items():
                if after[key] != value:
                    changed.setdefault((key, value), after[key])
    return changed


def _renamed(text: str, names: Mapping[str, str]) -> str:
    longest = sorted(names, key=len, reverse=True)
    one = "|".join(map(re.escape, longest))
    return re.sub(rf"(?<![-a-zA-Z0-9])({one})(?![-a-zA-Z0-9])", lambda match: names[match[1]], text)


def collisions(rollout: Rollout) -> list[str]:
    """Give identities that two bundles share, and names that are too long."""
    seen: dict[Any, str] = {}
    found = []
    for name in ("blue", "green", "shared", "routes"):
        for item in bundle(rollout, name):
            if item.identity in seen:
                found.append(f"{item.identity} is in {seen[item.identity]} and {name}")
            seen[item.identity] = name
            if name == "green" and len(item.name) > 63:
                found.append(f"{item.identity} is longer than 63")
            if name == "green" and item.name.endswith("-epp") and len(item.name) > 44:
                found.append(f"{item.identity} is longer than 40 and -epp")
    return found


def faults(rollout: Rollout, *exceptions: str) -> list[str]:
    """Give everything that is wrong with a derived green."""
    return [
        *stale_references(rollout, *exceptions),
        *overlaps(rollout),
        *membership(rollout),
        *unexplained(rollout),
        *collisions(rollout),
    ]
