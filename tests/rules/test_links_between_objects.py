"""Threads between the objects of a stage: those that lead nowhere are found, all others are left alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.gather.canonical import canonical
from generator.kubernetes.references import references_of
from generator.load import load_manifests
from generator.model.manifests import Manifest, Origin, identity_of, put
from generator.model.source import Source
from generator.model.target import Apis
from generator.pipeline import Collector
from generator.rules.links import CHECKS
from generator.rules.links.objects import ObjectCatalog
from tests.support.builtin_faults import steps
from tests.support.paths import ROOT

SHARED = Path(os.environ.get("ROLLPLAN_SHARED", ROOT.parent / "shared"))
APIS = Apis(gateway_api=(1, 5), inference_extension=(1, 5), router=(0, 9))
GOOD = """
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: chat}
spec:
  selector: {matchLabels: {app: chat}}
  targetPorts: [{number: 8000}]
  endpointPickerRef: {name: chat-epp, port: {number: 9002}}
---
apiVersion: v1
kind: Service
metadata: {name: chat-epp, labels: {app: chat-epp}}
spec:
  selector: {app: chat-epp}
  ports: [{name: grpc, port: 9002, targetPort: grpc}, {name: metrics, port: 9090, targetPort: 9090}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: chat-epp}
spec:
  selector: {matchLabels: {app: chat-epp}}
  template:
    metadata: {labels: {app: chat-epp}}
    spec:
      serviceAccountName: chat-epp
      containers:
      - name: epp
        image: example.com/epp:v1
        ports: [{name: grpc, containerPort: 9002}, {name: metrics, containerPort: 9090}]
        envFrom: [{configMapRef: {name: chat-settings}}]
---
apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {name: chat}
spec:
  leaderWorkerTemplate:
    size: 2
    leaderTemplate:
      metadata: {labels: {app: chat}}
      spec:
        initContainers:
        - {name: proxy, image: proxy, restartPolicy: Always, ports: [{containerPort: 8000}]}
        containers:
        - name: modelserver
          image: example.com/server:v1
          ports: [{name: modelserver, containerPort: 8200}]
          readinessProbe: {httpGet: {path: /v1/models, port: modelserver}}
          env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: llm-d-hf-token, key: HF_TOKEN}}}]
        volumes: [{name: weights, persistentVolumeClaim: {claimName: weights}}]
    workerTemplate:
      metadata: {labels: {app: chat-worker}}
      spec: {serviceAccountName: default, containers: [{name: modelserver, image: "example.com/server:v1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: chat-leader}
spec:
  clusterIP: None
  selector: {leaderworkerset.sigs.k8s.io/name: chat, app: chat}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: chat}
spec: {selector: {matchLabels: {app: chat}}, podMetricsEndpoints: [{port: modelserver}]}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: chat}
spec: {selector: {matchLabels: {app: chat-epp}}, endpoints: [{port: metrics}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: chat}
spec: {minAvailable: 1, selector: {matchLabels: {app: chat}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: chat}
spec: {maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: chat-epp}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: chat-epp}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: chat-epp}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: chat-epp}
subjects:
- {kind: ServiceAccount, name: chat-epp}
- {kind: ServiceAccount, name: collector, namespace: gmp-system}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: chat-epp}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: chat-settings}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: weights}}
"""
LEADER = ("spec", "leaderWorkerTemplate", "leaderTemplate", "spec")
EPP = ("spec", "template", "spec")


def read(text: str) -> tuple[Manifest, ...]:
    found = Collector()
    documents = found.collect(load_manifests(Source(name="serving.yaml", text=text)))
    assert found.all == ()
    bodies = [(canonical(document.data, "llm-d", APIS), Origin(document=document)) for document in documents]
    return tuple(
        Manifest(identity=identity_of(body), data=body, bundle="shared", origin=origin)
        for body, origin in bodies
    )


def told(objects: tuple[Manifest, ...]) -> list[tuple[str, int, str]]:
    """Give code, line and hint of each finding."""
    index = ObjectCatalog(objects=objects)
    return [(one.code.id, one.place.line, one.hint) for check in CHECKS for one in check(index)]


def spoilt(kind: str, name: str, value: Any, *path: str | int) -> tuple[Manifest, ...]:
    return tuple(
        Manifest(
            identity=item.identity, data=put(item.data, value, *path), bundle="shared", origin=item.origin
        )
        if (item.kind, item.name) == (kind, name)
        else item
        for item in read(GOOD)
    )


def line(text: str) -> int:
    return GOOD[: GOOD.index(text)].count("\n") + 1


def test_objects_that_hang_together_are_left_alone() -> None:
    assert told(read(GOOD)) == []


FAULTS = """
InferencePool/chat | spec.targetPorts[0].number | 8100 | RP433 | targetPorts
InferencePool/chat | spec.endpointPickerRef.port.number | 9003 | RP434 | endpointPicker
InferencePool/chat | spec.selector.matchLabels.app | x | RP431 | selector
InferencePool/chat | spec.endpointPickerRef.name | picker | RP435 | endpointPicker
Service/chat-epp | spec.ports[0].targetPort | http2 | RP430 | ports: [{name: grpc, port
Service/chat-epp | spec.selector.app | x | RP431 | selector: {app: chat-epp}
Service/chat-leader | spec.selector.app | x | RP431 | selector: {leader
PodMonitor/chat | spec.podMetricsEndpoints[0].port | x | RP437 | app: chat}}, pod
PodMonitor/chat | spec.selector.matchLabels.app | x | RP431 | app: chat}}, pod
ServiceMonitor/chat | spec.endpoints[0].port | x | RP437 | app: chat-epp}}, end
ServiceMonitor/chat | spec.selector.matchLabels.app | x | RP431 | app: chat-epp}}, end
PodDisruptionBudget/chat | spec.selector.matchLabels.app | x | RP431 | spec: {minAvailable
HorizontalPodAutoscaler/chat | spec.scaleTargetRef.name | x | RP435 | spec: {maxReplicas
RoleBinding/chat-epp | roleRef.name | x | RP435 | roleRef
RoleBinding/chat-epp | subjects[0].name | x | RP435 | - {kind: ServiceAccount, name: chat-epp}
LeaderWorkerSet/chat | @leader.serviceAccountName | x | RP435 |         initContainers
LeaderWorkerSet/chat | @leader.containers[0].readinessProbe.httpGet.port | x | RP430 | readinessProbe
LeaderWorkerSet/chat | @leader.volumes[0].persistentVolumeClaim.claimName | x | RP435 |         volumes
Deployment/chat-epp | @epp.containers[0].envFrom[0].configMapRef.name | chat | RP435 |         envFrom
Deployment/chat-epp | @epp.containers[0].envFrom[0].configMapRef.name | chat-setings | RP436 |         envFrom
Deployment/chat-epp | @epp.serviceAccountName | chat-eppp | RP436 |       serviceAccountName
"""
"""Object, field, what it becomes, and the finding: its code, and what its line has."""


@pytest.mark.parametrize("row", FAULTS.strip().splitlines())
def test_a_thread_that_leads_nowhere(row: str) -> None:
    item, field, value, code, near = row.split(" | ")
    for short, path in (("@leader", LEADER), ("@epp", EPP)):
        field = field.replace(short, ".".join(path))
    kind, name = item.split("/")
    objects = spoilt(kind, name, yaml.safe_load(value), *steps(field))
    assert (code, line(near)) in [(one, at) for one, at, _ in told(objects)]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*EPP, "serviceAccountName"), "default"),
        ((*EPP, "containers", 0, "envFrom", 0, "configMapRef"), {"name": "x", "optional": True}),
        ((*EPP, "containers", 0, "envFrom", 0, "configMapRef", "name"), "kube-root-ca.crt"),
        ((*EPP, "imagePullSecrets"), [{"name": "pull"}]),
    ],
)
def test_what_a_cluster_has_anyway_is_no_finding(path: tuple[str | int, ...], value: Any) -> None:
    assert told(spoilt("Deployment", "chat-epp", value, *path)) == []


def test_names_that_differ_in_digits_are_different_things() -> None:
    path = (*EPP, "containers", 0, "envFrom", 0, "configMapRef", "name")
    objects = spoilt("Deployment", "chat-epp", "chat-settings-2", *path)
    assert [code for code, _, _ in told(objects)] == ["RP435"]


def test_the_hint_of_a_selector_names_what_nearly_fits() -> None:
    objects = spoilt("Service", "chat-leader", "decode", "spec", "selector", "llm-d.ai/role")
    hints = [hint for code, _, hint in told(objects) if code == "RP431"]
    owner = "LeaderWorkerSet.leaderworkerset.x-k8s.io llm-d/chat"
    assert hints == [f"the pods of {owner} lack `llm-d.ai/role: decode`"]


def test_references_know_where_they_stand() -> None:
    """What `follow` renames and what is looked for are the same fields, each at a place that exists."""
    for item in read(GOOD):
        for reference in references_of(item):
            assert item.get(*reference.path) == reference.name


@pytest.mark.skipif(not (SHARED / "samples").exists(), reason="there is no folder of samples")
@pytest.mark.parametrize(
    "name", ["gw-istio-optimized-baseline", "gw-gke-gmp", "gw-none-mon-auth", "sa-service-mode"]
)
def test_stock_samples_say_at_most_that_their_pods_come_from_elsewhere(name: str) -> None:
    text = (SHARED / "samples" / f"{name}.yaml").read_text(encoding="utf-8")
    assert {code for code, _, _ in told(read(text))} <= {"RP431"}
