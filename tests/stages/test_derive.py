"""Green from blue: the fields that must follow, those that must not, and names that never collide."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.model.findings import Rejected
from generator.model.manifests import Manifest, Origin, identity_of
from generator.model.source import Document, Source
from generator.stages.green.names import new_names, suffix_of
from tests.support.derived import bundle, collisions, derived, faults, membership, overlaps

ROLE = {"llm-d.ai/role": "decode"}
APP = {"app": "llm", **ROLE}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
CONTAINER = {"name": "modelserver", "image": "example.com/server:v1"}
BARE: dict[str, dict[str, Any]] = {"PriorityClass": {"value": 10}}
"""Kind → its fields, where it has no spec."""


def named(kind: str, name: str, version: str = "v1", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}


def workload(name: str, labels: dict[str, str], pod: dict[str, Any], **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 4, "selector": {"matchLabels": labels}, "template": template, **spec}
    return named("Deployment", name, "apps/v1", spec=spec)


def server(**pod: Any) -> dict[str, Any]:
    limits = {"nvidia.com/gpu": "2"}
    container = {"name": "modelserver", "image": "vllm:v1", "resources": {"limits": limits}}
    return workload("llm-decode", APP, {"containers": [container], **pod})


def router(pool: str = "llm", selector: dict[str, str] | None = None) -> list[dict[str, Any]]:
    epp = {"inference": f"{pool}-epp"}
    args = ["--pool-name", pool, f"--endpoint-selector=app=llm,{'llm-d.ai/role'}=decode", "--v=2"]
    reference = {"name": f"{pool}-epp", "port": {"number": 9002}}
    spec = {"selector": {"matchLabels": selector or APP}, "targetPorts": [{"number": 8000}]}
    return [
        named(
            "InferencePool",
            pool,
            "inference.networking.k8s.io/v1",
            spec={**spec, "endpointPickerRef": reference},
        ),
        named("Service", f"{pool}-epp", spec={"selector": epp, "ports": [{"port": 9002}]}),
        workload(
            f"{pool}-epp", epp, {"containers": [{"name": "epp", "image": "epp", "args": args}]}, replicas=1
        ),
    ]


def green(
    folder: Path, *objects: dict[str, Any], check: bool = True, **more: Any
) -> dict[tuple[str, str], Any]:
    """Derive green from a small version and these objects; give its objects by kind and name."""
    blue = [
        *router(),
        *(objects if any(item["kind"] == "Deployment" for item in objects) else (server(), *objects)),
    ]
    rollout = derived(folder, blue, pool="llm", green="llm-new", **more)
    if check and not more:
        assert faults(rollout) == []
    return {(item.kind, item.name): item.data for item in bundle(rollout, "green")}


def findings(folder: Path, blue: list[dict[str, Any]], **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(Rejected) as rejected:
        derived(folder, blue, pool="llm", green=more.pop("to", "llm-new"), **more)
    return [
        (finding.code.id, str(finding.place).removeprefix(f"{folder}/"))
        for finding in rejected.value.findings
    ]


def pvc(name: str, mode: str) -> dict[str, Any]:
    return named(
        "PersistentVolumeClaim",
        name,
        spec={"accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}},
    )


def test_volumes(tmp_path: Path) -> None:
    volumes = [
        {"name": name, "persistentVolumeClaim": {"claimName": name}}
        for name in ("adapters", "cache", "elsewhere")
    ]
    blue = [
        *router(),
        server(volumes=volumes),
        pvc("adapters", "ReadWriteMany"),
        pvc("cache", "ReadWriteOnce"),
    ]
    rollout = derived(tmp_path, blue, pool="llm", green="llm-new")
    assert [item.name for item in bundle(rollout, "shared")] == ["adapters"]
    [model] = [item for item in bundle(rollout, "green") if item.name == "llm-new-decode"]
    claims = [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in model.get("spec", "template", "spec", "volumes")
    ]
    assert claims == ["adapters", "cache-new", "elsewhere"]
    last = rollout.stages[-1]
    assert "adapters" in {item.name for item in last.objects}
    assert "adapters" not in {item.name for deletion in last.deletions for item in deletion.objects}


SPECS: dict[str, dict[str, Any]] = {
    "Gateway": {"gatewayClassName": "c", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}
}


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("Namespace", "v1"),
        ("CustomResourceDefinition", "apiextensions.k8s.io/v1"),
        ("PriorityClass", "scheduling.k8s.io/v1"),
        ("ExternalSecret", "external-secrets.io/v1"),
        ("SealedSecret", "bitnami.com/v1alpha1"),
        ("Gateway", "gateway.networking.k8s.io/v1"),
    ],
)
def test_what_belongs_to_neither_is_shared(kind: str, version: str, tmp_path: Path) -> None:
    rollout = derived(
        tmp_path,
        [
            *router(),
            server(),
            named(kind, "common", version, **(BARE.get(kind) or {"spec": SPECS.get(kind, {})})),
        ],
        pool="llm",
        green="llm-new",
    )
    assert [item.kind for item in bundle(rollout, "shared")] == [kind]
    assert kind not in {item.kind for name in ("blue", "green") for item in bundle(rollout, name)}
    deletions = [*rollout.rollback.removals, *rollout.stages[-1].deletions]
    assert kind not in {item.kind for deletion in deletions for item in deletion.objects}


@pytest.mark.parametrize("kind", ["PodMonitor", "ServiceMonitor", "PodMonitoring"])
@pytest.mark.parametrize(
    "selector", [{"matchLabels": ROLE}, {}, {"matchExpressions": [{"key": "x", "operator": "Exists"}]}]
)
def test_monitor_of_both_versions_is_shared(kind: str, selector: dict[str, Any], tmp_path: Path) -> None:
    monitor = named(kind, "decode", "monitoring.coreos.com/v1", spec={"selector": selector})
    rollout = derived(tmp_path, [*router(), server(), monitor], pool="llm", green="llm-new")
    assert [(item.kind, item.name) for item in bundle(rollout, "shared")] == [(kind, "decode")]
    assert "decode" not in {item.name for item in bundle(rollout, "green")}


@pytest.mark.parametrize(
    "selector",
    [
        {"matchLabels": ROLE},
        {"matchExpressions": [{"key": "llm-d.ai/role", "operator": "In", "values": ["decode"]}]},
        {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
    ],
)
def test_selector_that_says_what_pods_are_is_refused(selector: dict[str, Any], tmp_path: Path) -> None:
    model = server()
    model["spec"]["selector"] = selector
    found = findings(tmp_path, [*router(), model])
    assert [code for code, _ in found] == ["RP313"]
    [(_, place)] = found
    line = (tmp_path / "blue/all.yaml").read_text().splitlines()[int(place.split(":")[1]) - 1]
    assert place.startswith("blue/all.yaml:")
    assert '"selector": {' in line


@pytest.mark.parametrize(
    ("kind", "version", "spec"),
    [
        ("Service", "v1", {"selector": ROLE, "ports": [{"port": 8000}]}),
        ("PodDisruptionBudget", "policy/v1", {"selector": {"matchLabels": ROLE}}),
    ],
)
def test_selector_of_a_helper_is_refused(
    kind: str, version: str, spec: dict[str, Any], tmp_path: Path
) -> None:
    found = findings(tmp_path, [*router(), server(), named(kind, "x", version, spec=spec)])
    assert [code for code, _ in found] == ["RP313"]


def test_one_value_of_an_expression_tells_apart(tmp_path: Path) -> None:
    selector = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["llm"]}]}
    found = green(tmp_path, named("PodDisruptionBudget", "pdb", "policy/v1", spec={"selector": selector}))
    new = found["PodDisruptionBudget", "pdb-new"]["spec"]["selector"]["matchExpressions"][0]["values"]
    assert new == [found["Deployment", "llm-new-decode"]["spec"]["template"]["metadata"]["labels"]["app"]]
    assert new != ["llm"]


def test_references_follow(tmp_path: Path) -> None:
    on_node = {"key": "app", "operator": "In", "values": ["llm"]}
    pod = {
        "serviceAccountName": "llm-sa",
        "imagePullSecrets": [{"name": "pull"}, {"name": "elsewhere"}],
        "volumes": [
            {"name": "llm-config", "configMap": {"name": "llm-config"}},
            {
                "name": "p",
                "projected": {
                    "sources": [{"configMap": {"name": "llm-config"}}, {"secret": {"name": "pull"}}]
                },
            },
        ],
        "containers": [
            {
                "name": "modelserver",
                "image": "svc:8000",
                "args": ["--served-model-name", "llm", "--inference-pool-name=llm", "--peer=svc:8000"],
                "envFrom": [{"configMapRef": {"name": "llm-config"}}],
                "env": [
                    {
                        "name": "HF_TOKEN",
                        "valueFrom": {"secretKeyRef": {"name": "llm-d-hf-token", "key": "t"}},
                    },
                    {"name": "MINE", "valueFrom": {"secretKeyRef": {"name": "pull", "key": "t"}}},
                    {"name": "PEER", "value": "http://svc:8000/v1"},
                    {"name": "FULL", "value": "svc.llm-d.svc.cluster.local:8000"},
                    {
                        "name": "OTHER",
                        "value": "svc.other.svc, my-svc.llm-d.svc, svc-x.llm-d.svc, http://svc-x",
                    },
                    {"name": "app", "value": "llm"},
                ],
            }
        ],
        "nodeSelector": {"app": "llm"},
        "affinity": {
            "nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [on_node]}]}},
            "podAntiAffinity": {
                REQUIRED: [{"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "llm"}}}]
            },
        },
    }
    envoy = "- address: svc\n  sni: svc.llm-d.svc.cluster.local\n  url: http://svc:80\n- address: svc-x\n"
    found = green(
        tmp_path,
        workload("llm-decode", APP, pod),
        named("ServiceAccount", "llm-sa"),
        named("ConfigMap", "llm-config", data={"envoy.yaml": envoy, "app": "llm"}),
        named("Secret", "pull", type="kubernetes.io/dockerconfigjson"),
        named("Service", "svc", spec={"selector": APP, "ports": [{"port": 80}]}),
        named(
            "Role",
            "r",
            "rbac.authorization.k8s.io/v1",
            rules=[
                {
                    "apiGroups": [""],
                    "resources": ["secrets"],
                    "resourceNames": ["pull", "llm-d-hf-token"],
                    "verbs": ["get"],
                },
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
            ],
        ),
        named(
            "RoleBinding",
            "r",
            "rbac.authorization.k8s.io/v1",
            roleRef={"kind": "Role", "name": "r"},
            subjects=[{"kind": "ServiceAccount", "name": "llm-sa"}, {"kind": "User", "name": "r"}],
        ),
        green_fields={"set": [{"replicas": 4}]},
    )
    new = found["Deployment", "llm-new-decode"]["spec"]["template"]["spec"]
    app = found["Deployment", "llm-new-decode"]["spec"]["template"]["metadata"]["labels"]["app"]
    assert app not in {"llm", None}
    assert new["serviceAccountName"] == "llm-new-sa"
    assert new["imagePullSecrets"] == [{"name": "pull-new"}, {"name": "elsewhere"}]
    assert [volume["name"] for volume in new["volumes"]] == ["llm-config", "p"]
    assert new["volumes"][0]["configMap"]["name"] == "llm-new-config"
    assert [next(iter(source.values()))["name"] for source in new["volumes"][1]["projected"]["sources"]] == [
        "llm-new-config",
        "pull-new",
    ]
    container = new["containers"][0]
    assert container["image"] == "svc:8000"
    assert container["args"] == [
        "--served-model-name",
        "llm",
        "--inference-pool-name=llm-new",
        "--peer=svc-new:8000",
    ]
    assert container["envFrom"] == [{"configMapRef": {"name": "llm-new-config"}}]
    assert [item.get("value") or item["valueFrom"]["secretKeyRef"]["name"] for item in container["env"]] == [
        "llm-d-hf-token",
        "pull-new",
        "http://svc-new:8000/v1",
        "svc-new.llm-d.svc.cluster.local:8000",
        "svc.other.svc, my-svc.llm-d.svc, svc-x.llm-d.svc, http://svc-x",
        "llm",
    ]
    assert new["nodeSelector"] == {"app": "llm"}
    (term,) = new["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [on_node]
    (apart,) = new["affinity"]["podAntiAffinity"][REQUIRED]
    assert apart["labelSelector"]["matchLabels"] == {"app": app}
    assert found["ConfigMap", "llm-new-config"]["data"] == {
        "envoy.yaml": envoy.replace("address: svc\n", "address: svc-new\n")
        .replace("svc.llm-d", "svc-new.llm-d")
        .replace("//svc:", "//svc-new:"),
        "app": "llm",
    }
    assert found["Role", "r-new"]["rules"][0]["resourceNames"] == ["pull-new", "llm-d-hf-token"]
    assert found["RoleBinding", "r-new"]["roleRef"]["name"] == "r-new"
    assert [item["name"] for item in found["RoleBinding", "r-new"]["subjects"]] == ["llm-new-sa", "r"]


def test_autoscalers_follow_with_their_queries(tmp_path: Path) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llm-decode"}
    query = 'sum(vllm:num_requests_waiting{pod=~"llm-decode-.*",name="llm",model_name="llm-decode-x"})'
    metric = {"name": "queue", "selector": {"matchLabels": {"name": "llm"}}}
    external = {"metric": metric, "target": {"type": "Value", "value": "3"}}
    metrics = [{"type": "External", "external": external}]
    found = green(
        tmp_path,
        named(
            "HorizontalPodAutoscaler",
            "hpa",
            "autoscaling/v2",
            spec={"scaleTargetRef": target, "maxReplicas": 4, "metrics": metrics},
        ),
        named(
            "ScaledObject",
            "scaler",
            "keda.sh/v1alpha1",
            spec={
                "scaleTargetRef": {"name": "llm-decode"},
                "triggers": [{"type": "prometheus", "metadata": {"query": query}}],
            },
        ),
        check=False,  # the oracle does not read queries
    )
    hpa, keda = (
        found["HorizontalPodAutoscaler", "hpa-new"]["spec"],
        found["ScaledObject", "scaler-new"]["spec"],
    )
    assert hpa["scaleTargetRef"] == {**target, "name": "llm-new-decode"}
    assert hpa["metrics"][0]["external"]["metric"]["selector"]["matchLabels"] == {"name": "llm-new"}
    assert keda["scaleTargetRef"]["name"] == "llm-new-decode"
    assert keda["triggers"][0]["metadata"]["query"] == query.replace(
        "llm-decode-.", "llm-new-decode-."
    ).replace('name="llm",', 'name="llm-new",')
    assert "replicas" not in found["Deployment", "llm-new-decode"]["spec"]


def test_a_disaggregated_set_is_followed_everywhere(tmp_path: Path) -> None:
    role = {
        "template": {
            "metadata": {"labels": APP},
            "spec": {"serviceAccountName": "llm-sa", "containers": [CONTAINER]},
        }
    }
    roles = [
        {"name": name, "leaderWorkerTemplate": {"workerTemplate": role["template"]}}
        for name in ("prefill", "decode")
    ]
    found = green(
        tmp_path,
        named("DisaggregatedSet", "pd", "disaggregatedset.x-k8s.io/v1", spec={"roles": roles}),
        named("ServiceAccount", "llm-sa"),
        server(),
    )
    for item in found["DisaggregatedSet", "pd-new"]["spec"]["roles"]:
        template = item["leaderWorkerTemplate"]["workerTemplate"]
        assert template["spec"]["serviceAccountName"] == "llm-new-sa"
        assert template["metadata"]["labels"]["app"] != "llm"


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("dashes", ["-", "--"])
def test_picker_arguments(split: bool, dashes: str, tmp_path: Path) -> None:
    def flag(name: str, value: str) -> list[str]:
        return [f"{dashes}{name}", value] if split else [f"{dashes}{name}={value}"]

    objects = router()
    arguments = [
        *flag("pool-name", "llm"),
        *flag("endpoint-selector", "my-app=llm,app=llm,app=llm-x"),
        "app=llm",
    ]
    objects[2]["spec"]["template"]["spec"]["containers"][0]["args"] = arguments
    rollout = derived(tmp_path, [*objects, server()], pool="llm", green="llm-new")
    [picker] = [
        item for item in bundle(rollout, "green") if (item.kind, item.name) == ("Deployment", "llm-new-epp")
    ]
    [model] = [item for item in bundle(rollout, "green") if item.name == "llm-new-decode"]
    app = model.get("spec", "template", "metadata", "labels", "app")
    selector = f"my-app=llm,app={app},app=llm-x"
    assert picker.get("spec", "template", "spec", "containers", 0, "args") == [
        *flag("pool-name", "llm-new"),
        *flag("endpoint-selector", selector),
        "app=llm",
    ]


def test_a_container_may_be_called_as_a_label_says(tmp_path: Path) -> None:
    labels = {"name": "llm-decode"}
    model = workload("llm-decode", labels, {"containers": [{"name": "llm-decode", "image": "vllm"}]})
    blue = [*router(selector=labels), model]
    rollout = derived(tmp_path, blue, pool="llm", green="llm-new")
    assert faults(rollout, "[0].name", "args[2]") == []
    [new] = [item for item in bundle(rollout, "green") if item.name == "llm-new-decode"]
    assert new.get("spec", "template", "metadata", "labels") == {"name": "llm-new-decode"}
    assert new.get("spec", "template", "spec", "containers", 0, "name") == "llm-decode"


def test_green_s_value_is_none_that_blue_has(tmp_path: Path) -> None:
    """Blue's own canary may carry just the value that a suffix would make."""
    canary = workload(
        "canary", {"app": "llm-new"}, {"containers": [{"name": "modelserver", "image": "vllm"}]}
    )
    rollout = derived(tmp_path, [*router(), server(), canary], pool="llm", green="llm-new")
    assert faults(rollout) == []


def test_green_s_name_is_none_that_blue_has(tmp_path: Path) -> None:
    objects = [
        named("ConfigMap", "cache"),
        named("ConfigMap", "cache-new"),
        named("ConfigMap", "llm"),
        named("ConfigMap", "llm-new"),
    ]
    rollout = derived(tmp_path, [*router(), server(), *objects], pool="llm", green="llm-new")
    assert collisions(rollout) + overlaps(rollout) + membership(rollout) == []
    names = {item.name for item in bundle(rollout, "green") if item.kind == "ConfigMap"}
    assert len(names) == 4
    assert "llm-new-new" in names


def test_green_s_name_is_none_that_shared_has(tmp_path: Path) -> None:
    (tmp_path / "common.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: cache-new}}")
    blue = [*router(), server(), named("ConfigMap", "cache")]
    rollout = derived(tmp_path, blue, pool="llm", green="llm-new", shared={"manifests": ["common.yaml"]})
    assert faults(rollout) == []


def test_a_pool_s_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    other = named("InferencePool", "llm-new", "inference.networking.k8s.io/v1", spec=router()[0]["spec"])
    text = "plan.yaml"
    found = findings(tmp_path, [*router(), server(), other])
    assert ("RP205", text) in [(code, place.split(":")[0]) for code, place in found]


def test_green_must_not_be_called_as_blue(tmp_path: Path) -> None:
    found = findings(tmp_path, [*router(), server()], to="llm")
    assert ("RP205", "plan.yaml") in [(code, place.split(":")[0]) for code, place in found]


def test_changes_are_the_only_other_difference(tmp_path: Path) -> None:
    plain = green(tmp_path / "plain")
    fields = {"set": [{"workload": "llm-decode", "image": "vllm:v2", "args": ["--x=1"]}]}
    changed = green(tmp_path / "changed", green_fields=fields)
    container = changed["Deployment", "llm-new-decode"]["spec"]["template"]["spec"]["containers"][0]
    assert (container.pop("image"), container.pop("args")) == ("vllm:v2", ["--x=1"])
    plain["Deployment", "llm-new-decode"]["spec"]["template"]["spec"]["containers"][0].pop("image")
    assert changed == plain


def test_derive_is_deterministic(tmp_path: Path) -> None:
    objects = [named("ConfigMap", name) for name in "abc"]
    assert green(tmp_path / "one", *objects) == green(tmp_path / "two", *copy.deepcopy(objects))


names = st.lists(st.sampled_from(["a", "b", "-a", "ab-b", "a" * 20, "b-" * 9]), min_size=1, max_size=4).map(
    lambda parts: "x" + "".join(parts).rstrip("-") + ("-epp" if parts[0] == "-a" else "")
)
objects = st.lists(
    st.tuples(st.sampled_from(["ConfigMap", "Service", "InferencePool"]), names), unique=True, max_size=9
)


@given(objects, names, names, objects)
def test_names_never_collide(
    blue: list[tuple[str, str]], old: str, new: str, others: list[tuple[str, str]]
) -> None:
    items = [_manifest(kind, name) for kind, name in blue]
    taken = [_manifest(kind, name) for kind, name in others]
    suffix = suffix_of(old, new, "green")
    given_names = new_names(items, (old, new), suffix, taken)
    assert given_names == new_names(reversed(items), (old, new), suffix, taken)
    assert given_names.keys() == set(blue)
    pool = ("InferencePool", old)
    assert given_names.get(pool, new) == new
    free = {key: name for key, name in given_names.items() if key != pool}
    identities = {(kind, name) for (kind, _), name in free.items()}
    assert len(identities) == len(free)
    assert not identities & {*blue, *others}
    for name in free.values():
        assert len(name.removesuffix("-epp")) <= (40 if name.endswith("-epp") else 63)


def _manifest(kind: str, name: str) -> Manifest:
    data = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}
    document = Document(source=Source(name="x", text=""), data=data, keys={}, values={})
    return Manifest(identity=identity_of(data), data=data, bundle="blue", origin=Origin(document=document))


@pytest.mark.parametrize(
    ("patch", "wanted"), [(None, ["RP337"]), ({"volumeName": None}, []), ({"volumeName": "disk-8"}, [])]
)
def test_a_volume_has_one_claim(patch: dict[str, Any] | None, wanted: list[str], tmp_path: Path) -> None:
    """Blue's volume is bound: green's claim must ask for another one, or for a new one."""
    size = {"requests": {"storage": "100Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "volumeName": "disk-7", "resources": size}
    claim = named("PersistentVolumeClaim", "weights", spec=spec)
    target = {"kind": "PersistentVolumeClaim", "name": "weights"}
    fields = {"patches": [{"target": target, "merge": {"spec": patch}}]} if patch else {}
    try:
        found = derived(
            tmp_path, [*router(), server(), claim], pool="llm", green="llm-new", green_fields=fields
        )
    except Rejected as rejected:
        assert [finding.code.id for finding in rejected.findings] == wanted
        return
    assert wanted == []
    (copy,) = [item for item in bundle(found, "green") if item.kind == "PersistentVolumeClaim"]
    assert copy.get("spec", "volumeName") == (patch or {}).get("volumeName")
