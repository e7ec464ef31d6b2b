"""The CustomResourceDefinitions that the test server is given."""

import json
import pathlib
from collections.abc import Iterable
from typing import Any

from tests.support.paths import SHARED

# Kinds of our users' manifests, served but not checked where no published definition of them is given.
# group, versions, kind, plural, scope
PERMISSIVE = (
    ("agentgateway.dev", "v1alpha1", "AgentgatewayParameters", "agentgatewayparameters", "Namespaced"),
    ("argoproj.io", "v1alpha1", "Application", "applications", "Namespaced"),
    ("disaggregatedset.x-k8s.io", "v1", "DisaggregatedSet", "disaggregatedsets", "Namespaced"),
    ("gateway.envoyproxy.io", "v1alpha1", "ClientTrafficPolicy", "clienttrafficpolicies", "Namespaced"),
    ("gateway.networking.k8s.io", "v1", "Gateway", "gateways", "Namespaced"),
    ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", "Namespaced"),
    ("inference.networking.k8s.io", "v1", "InferencePool", "inferencepools", "Namespaced"),
    ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", "Namespaced"),
    ("leaderworkerset.x-k8s.io", "v1", "LeaderWorkerSet", "leaderworkersets", "Namespaced"),
    ("llm-d.ai", "v1alpha2", "InferenceModelRewrite", "inferencemodelrewrites", "Namespaced"),
    ("llm-d.ai", "v1alpha2", "InferenceObjective", "inferenceobjectives", "Namespaced"),
    ("monitoring.coreos.com", "v1", "PodMonitor", "podmonitors", "Namespaced"),
    ("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors", "Namespaced"),
    ("monitoring.googleapis.com", "v1", "PodMonitoring", "podmonitorings", "Namespaced"),
    ("networking.gke.io", "v1", "GCPBackendPolicy", "gcpbackendpolicies", "Namespaced"),
    ("networking.gke.io", "v1", "HealthCheckPolicy", "healthcheckpolicies", "Namespaced"),
    ("networking.istio.io", "v1 v1beta1", "DestinationRule", "destinationrules", "Namespaced"),
)


def published(channel: str = "standard") -> tuple[pathlib.Path, ...]:
    """The files of published definitions, with one channel of the Gateway API; empty where there are none."""
    root = SHARED / "data" / "crds"
    other = {"standard": "experimental", "experimental": "standard"}[channel]
    return tuple(path for path in sorted(root.glob("**/*.json")) if other not in path.parts)


def permissive(group: str, versions: str, kind: str, plural: str, scope: str) -> dict[str, Any]:
    """A definition that takes any object of a kind, in each of the versions; the first one is stored."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            # The server refuses a kind of a *.k8s.io group that does not say who approved it.
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"},
        },
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == versions.split()[0],
                    "schema": {"openAPIV3Schema": anything},
                    "subresources": {"status": {}},
                }
                for version in versions.split()
            ],
        },
    }


def bundle(crds: Iterable[pathlib.Path]) -> list[dict[str, Any]]:
    """The given definitions, and a permissive one for each kind of the table that is not among them."""
    given = [json.loads(path.read_text(encoding="utf-8")) for path in crds]
    names = {definition["metadata"]["name"] for definition in given}
    stand_ins = [permissive(*row) for row in PERMISSIVE]
    return given + [stand_in for stand_in in stand_ins if stand_in["metadata"]["name"] not in names]
