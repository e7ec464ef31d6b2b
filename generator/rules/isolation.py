"""Rules: two versions do not affect each other's objects (I1 to I3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

from generator.kubernetes.pods import pod_templates
from generator.kubernetes.references import needs_of
from generator.kubernetes.selectors import SELECTING, catches, selector_of, targets
from generator.model.findings import Finding
from generator.model.manifests import CLUSTER_SCOPED, Manifest
from generator.rules.case import COMMON, Case, related, rule

_RELEASE = "meta.helm.sh/release-name"
_POLICY = "helm.sh/resource-policy"


@rule("RP501", "error+", "a selector matches pods of the other version", keeps=("I1",))
def crossing_selectors(case: Case) -> Iterator[Finding]:
    """Find selectors of one version that match pods or Services of another, both ways (I1)."""
    for own, other in permutations(case.versions, 2):
        caught = targets(case.versions[other])
        for item in case.versions[own]:
            if item.kind in SELECTING:
                yield from (_crossing(case, item, one) for one in caught if catches(item, one))


def _crossing(case: Case, item: Manifest, target: Manifest) -> Finding:
    pairs = _described(selector_of(item) or {})
    what = "the Service" if target.kind == "Service" else "pods"
    labels = ("metadata", "labels")
    path = labels if target.kind == "Service" else (*next(iter(pod_templates(target)), ("spec",)), *labels)
    return case.finding(
        f"{item.kind} `{item.name}` ({pairs}) catches {what} of {target.bundle}, of `{target.name}`; "
        f"{_CONSEQUENCES.get(item.kind, _CONTROLLER)}",
        item.origin.at("spec", "podSelector" if item.kind == "NetworkPolicy" else "selector"),
        "give one label of this selector a value of its own in each version, on the pods as well",
        related(target, "these labels are caught", *path),
        about=item,
    )


_CONTROLLER = "autoscalers and waits that go by it count both versions"
_CONSEQUENCES = {
    "NetworkPolicy": "what it allows to one version holds for both",
    "PodDisruptionBudget": "an eviction from one version is counted in the other",
    "PodMonitor": "rates are counted twice, and gates cannot distinguish the versions",
    "PodMonitoring": "rates are counted twice, and gates cannot distinguish the versions",
    "ServiceMonitor": "rates are counted twice, and gates cannot distinguish the versions",
    "Service": "it sends requests to both versions, past every weight",
}
"""Kind → what comes of it when its selector catches the other version."""


def _described(selector: Mapping[str, Any]) -> str:
    pairs = ", ".join(f"{key}: {value}" for key, value in (selector.get("matchLabels") or {}).items())
    return pairs or ("by expressions" if selector.get("matchExpressions") else "everything")


@rule("RP502", "error+", "Helm release owns what must stay", keeps=("I3",))
def helm_owned(case: Case) -> Iterator[Finding]:
    """Find shared objects that belong to the Helm release of a version that is deleted (I3)."""
    left = {item.identity for item in case.last}
    leaving = {
        str(release): item
        for items in case.versions.values()
        for item in items
        if item.identity not in left and (release := item.get("metadata", "annotations", _RELEASE))
    }
    staying = (item for item in case.objects if item.bundle in COMMON)
    for item in staying:
        release = item.get("metadata", "annotations", _RELEASE)
        if release in leaving and item.get("metadata", "annotations", _POLICY) != "keep":
            yield case.finding(
                f"Helm release `{release}` owns {item.kind} `{item.name}` and leaves with "
                f"{leaving[release].bundle}: `helm uninstall {release}` would delete the {_live(item)}",
                item.origin.at("metadata", "annotations", _RELEASE),
                f"run `helm upgrade` with the annotation `{_POLICY}: keep` on it and add it here, or "
                "take the object out of the release and its annotations out of this manifest",
                related(
                    leaving[release],
                    "the same release owns this, which leaves",
                    "metadata",
                    "annotations",
                    _RELEASE,
                ),
                about=item,
            )


def _live(item: Manifest) -> str:
    return "live route, and every request would get 404" if item.kind.endswith("Route") else "live object"


@rule("RP503", "error+", "green needs an object that leaves with blue", keeps=("I3",))
def lost_needs(case: Case) -> Iterator[Finding]:
    """Find objects that pods need and that are deleted with another version (I3)."""
    left = {item.identity for item in case.last}
    going = {
        (item.kind, item.identity.namespace, item.name): item
        for items in case.versions.values()
        for item in items
        if item.identity not in left
    }
    for user in case.last:
        for need in needs_of(user):
            home = "" if need.kind in CLUSTER_SCOPED else user.identity.namespace
            if item := going.get((need.kind, home, need.name)):
                becomes = "start without it" if need.optional else "not start"
                yield case.finding(
                    f"{user.kind} `{user.name}` needs {need.kind} `{need.name}`, which is deleted with "
                    f"{item.bundle}: its next pod would {becomes}",
                    user.origin.at(*need.path),
                    f"move {need.kind} `{need.name}` to `shared`, or give each version one of its own",
                    related(item, f"deleted with {item.bundle}", "metadata", "name"),
                    about=user,
                )
