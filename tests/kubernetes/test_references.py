"""What pods need to start: one table, of which rules, the proof, the router's part and renames all ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.kubernetes.references import needs_of, references_of
from generator.kubernetes.router import ROUTER, with_parts
from generator.model.findings import Rejected
from generator.model.manifests import Identity
from generator.proof.ownership import Ownership
from generator.stages.green.follow import follow
from tests.kubernetes.test_engines import manifest
from tests.support.small_plans import Object, blue_green, deployment, rollout, route, thing, to_pool, version

ROUTES = {"routes/all.yaml": [route({"backendRefs": [to_pool("blue-pool")]})]}


def mounted(**source: Any) -> Object:
    return {"volumes": [{"name": "v", **source}]}


def projected(**source: Any) -> Object:
    return mounted(projected={"sources": [source]})


def variable(**source: Any) -> Object:
    return {"env": [{"name": "A", "valueFrom": source}]}


PODS: dict[str, tuple[str, Object, Object]] = {
    "volume with a ConfigMap": ("ConfigMap", mounted(configMap={"name": "x"}), {}),
    "projected ConfigMap": ("ConfigMap", projected(configMap={"name": "x"}), {}),
    "volume with a Secret": ("Secret", mounted(secret={"secretName": "x"}), {}),
    "projected Secret": ("Secret", projected(secret={"name": "x"}), {}),
    "claim": ("PersistentVolumeClaim", mounted(persistentVolumeClaim={"claimName": "x"}), {}),
    "Secret of a CSI driver": (
        "Secret",
        mounted(csi={"driver": "d", "nodePublishSecretRef": {"name": "x"}}),
        {},
    ),
    "class of a CSI Secret": (
        "SecretProviderClass",
        mounted(csi={"driver": "d", "volumeAttributes": {"secretProviderClass": "x"}}),
        {},
    ),
    "pull Secret": ("Secret", {"imagePullSecrets": [{"name": "x"}]}, {}),
    "account": ("ServiceAccount", {"serviceAccountName": "x"}, {}),
    "claim of devices": (
        "ResourceClaimTemplate",
        {"resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "x"}]},
        {},
    ),
    "variable from a ConfigMap": ("ConfigMap", {}, variable(configMapKeyRef={"name": "x", "key": "k"})),
    "variable from a Secret": ("Secret", {}, variable(secretKeyRef={"name": "x", "key": "k"})),
    "variables from a ConfigMap": ("ConfigMap", {}, {"envFrom": [{"configMapRef": {"name": "x"}}]}),
    "variables from a Secret": ("Secret", {}, {"envFrom": [{"secretRef": {"name": "x"}}]}),
    "optional ConfigMap": ("ConfigMap", mounted(configMap={"name": "x", "optional": True}), {}),
    "optional variable": (
        "ConfigMap",
        {},
        variable(configMapKeyRef={"name": "x", "key": "k", "optional": True}),
    ),
}
GROUPS = {
    "ResourceClaimTemplate": "resource.k8s.io",
    "SecretProviderClass": "secrets-store.csi.x-k8s.io",
}


def workload(pod: Object, container: Object, name: str = "server") -> Object:
    found = deployment(name, {"app": name}, {"name": "main", "image": "main:v1"} | container)
    found["spec"]["template"]["spec"] |= pod
    return found


@pytest.mark.parametrize(("kind", "pod", "container"), PODS.values(), ids=PODS)
def test_rename_and_proof_and_router_know_what_a_pod_needs(kind: str, pod: Object, container: Object) -> None:
    item = manifest(workload(pod, container))
    (need,) = needs_of(item)
    assert (need.kind, need.name, item.get(*need.path)) == (kind, "x", "x")
    assert need in set(references_of(item))
    assert follow(item, {(kind, "x"): "y"}, "llm-d").get(*need.path) == "y"
    identity = Identity(group=GROUPS.get(kind, ""), kind=kind, namespace="", name="x")
    assert Ownership().needs(item) == (frozenset() if need.optional else {identity})
    epp = version("blue-pool")
    epp[2] = workload(pod, container, "blue-pool-epp")
    epp[2]["spec"]["template"]["metadata"]["labels"] = {"epp": "blue-pool"}
    parts = {
        one.identity: one.part
        for one in with_parts(tuple(map(manifest, [*epp, thing("v1", kind, "x")])), "blue-pool")
    }
    assert parts[Identity(group="", kind=kind, namespace="", name="x")] == ROUTER


@pytest.mark.parametrize("group", ["containers", "initContainers", "ephemeralContainers"])
def test_every_kind_of_container_counts(group: str) -> None:
    source = {"configMapRef": {"name": "x"}}
    item = manifest(workload({group: [{"name": "other", "envFrom": [source]}]}, {}))
    item = item.put(
        item.get("spec", "template", "spec").get("containers", []), "spec", "template", "spec", "containers"
    )
    assert [(need.kind, need.name) for need in needs_of(item)] == [("ConfigMap", "x")]


def test_leaders_workers_and_claims_of_pods_count() -> None:
    leader, worker = (
        {"spec": {"containers": [{"name": "m"}]} | mounted(configMap={"name": name})} for name in ("a", "b")
    )
    template = {"leaderTemplate": leader, "workerTemplate": worker}
    group = thing(
        "leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "s", spec={"leaderWorkerTemplate": template}
    )
    assert {need.name for need in needs_of(manifest(group))} == {"a", "b"}
    scratch = mounted(ephemeral={"volumeClaimTemplate": {"spec": {"storageClassName": "fast"}}})
    classes = workload(scratch | {"priorityClassName": "high", "runtimeClassName": "nvidia"}, {})
    needs = [need.identity("llm-d") for need in needs_of(manifest(classes))]
    assert {(one.kind, one.namespace, one.name) for one in needs} == {
        ("PriorityClass", "", "high"),
        ("RuntimeClass", "", "nvidia"),
        ("StorageClass", "", "fast"),
    }


def test_an_account_needs_its_pull_secrets() -> None:
    account = thing("v1", "ServiceAccount", "a", imagePullSecrets=[{"name": "x"}], secrets=[{"name": "y"}])
    assert [(need.kind, need.name) for need in needs_of(manifest(account))] == [
        ("Secret", "x"),
        ("Secret", "y"),
    ]


def test_a_reference_without_a_kind_means_the_usual_one() -> None:
    pool, scaled = (
        manifest(thing("x/v1", kind, "a", spec=spec))
        for kind, spec in (
            ("InferencePool", {"endpointPickerRef": {"name": "b"}}),
            ("ScaledObject", {"scaleTargetRef": {"kind": "StatefulSet", "name": "b"}}),
        )
    )
    assert [(one.kind, one.name) for one in references_of(pool)] == [("Service", "b")]
    assert [(one.kind, one.name) for one in references_of(scaled)] == [("StatefulSet", "b")]


GOING: dict[str, Object] = {
    "ConfigMap": thing("v1", "ConfigMap", "x", data={"k": "v"}),
    "PersistentVolumeClaim": thing(
        "v1",
        "PersistentVolumeClaim",
        "x",
        spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    ),
    "ServiceAccount": thing("v1", "ServiceAccount", "x"),
    "Secret": thing("v1", "Secret", "x"),
    "SecretProviderClass": thing("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", "x", spec={}),
    "ResourceClaimTemplate": thing(
        "resource.k8s.io/v1",
        "ResourceClaimTemplate",
        "x",
        spec={"spec": {"devices": {"requests": [{"name": "g", "exactly": {"deviceClassName": "gpu"}}]}}},
    ),
}


@pytest.mark.parametrize(("kind", "pod", "container"), PODS.values(), ids=PODS)
def test_green_may_not_need_what_leaves_with_blue(
    tmp_path: Path, kind: str, pod: Object, container: Object
) -> None:
    green = version("green-pool")
    server = green[-1]["spec"]["template"]["spec"]
    server["containers"] = [server["containers"][0] | container]
    server |= pod
    files = {"blue/all.yaml": [*version("blue-pool"), GOING[kind]], "green/all.yaml": green}
    with pytest.raises(Rejected) as rejected:
        rollout(tmp_path, blue_green(), files | ROUTES)
    lost = [one for one in rejected.value.findings if one.code.id == "RP503"]
    assert len(lost) == 1, rejected.value.findings
    assert f"Deployment `green-pool-decode` needs {kind} `x`, which is deleted with blue" in lost[0].message


def test_green_may_not_run_as_an_account_whose_secret_leaves(tmp_path: Path) -> None:
    green = version("green-pool")
    green[-1]["spec"]["template"]["spec"]["serviceAccountName"] = "a"
    account = thing("v1", "ServiceAccount", "a", imagePullSecrets=[{"name": "x"}])
    files = {"blue/all.yaml": [*version("blue-pool"), GOING["Secret"]], "green/all.yaml": [*green, account]}
    with pytest.raises(Rejected) as rejected:
        rollout(tmp_path, blue_green(), files | ROUTES)
    assert "RP503" in {one.code.id for one in rejected.value.findings}
