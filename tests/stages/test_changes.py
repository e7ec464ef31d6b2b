"""What a plan changes in green: `set`, merge patches as kustomize merges, JSON 6902; and the findings."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from deepdiff import DeepDiff
from hypothesis import given
from hypothesis import strategies as st

from generator.kubernetes.commands import with_flags
from generator.model.findings import Rejected
from generator.stages.green.patches import PatchError, apply
from tests.stages.test_derive import APP, named, router, server
from tests.support.derived import bundle, derived


@pytest.mark.parametrize(
    ("old", "flags", "new"),
    [
        (["m", "--a=1"], ["--a=2"], ["m", "--a=2"]),
        (["m", "--a", "1", "--b"], ["--a=2"], ["m", "--a=2", "--b"]),
        (["m", "--a"], ["--a=2"], ["m", "--a=2"]),
        (["m", "--a", "--b"], ["--a=2"], ["m", "--a=2", "--b"]),
        (["m"], ["--a=2", "--b"], ["m", "--a=2", "--b"]),
        ([], ["--a=2"], ["--a=2"]),
        (["--a=1", "m", "--a=3"], ["--a=2"], ["--a=2", "m"]),
        (["--a", "1", "m", "--a", "3"], ["--a=2"], ["--a=2", "m"]),
        (["--a", "-1", "m"], ["--a=2"], ["--a=2", "m"]),
        (["--a", "-.5", "m"], ["--a=2"], ["--a=2", "m"]),
        (["--lora", "m"], ["--lora"], ["--lora", "m"]),
        (["--kv_config", "{}", "m"], ["--kv-config={1}"], ["--kv-config={1}", "m"]),
        (["--aa=1"], ["--a=2"], ["--aa=1", "--a=2"]),
        (["--a=x=y"], ["--a=z=w"], ["--a=z=w"]),
        ([8000, "--a=1"], ["--a=2"], ["8000", "--a=2"]),
    ],
)
def test_with_flags(old: list[Any], flags: list[str], new: list[str]) -> None:
    assert with_flags(old, flags) == new


words = st.sampled_from(["--a", "--a=1", "--b", "--b_c", "--b-c=2", "x", "-1", "--z=9"])


@given(st.lists(words, max_size=6), st.sampled_from(["--a=5", "--b-c=6", "--new=7"]))
def test_with_flags_is_idempotent(old: list[str], flag: str) -> None:
    once = with_flags(old, [flag])
    assert with_flags(once, [flag]) == once
    assert once.count(flag) == 1
    assert [word for word in old if word == "--z=9"] == [word for word in once if word == "--z=9"]


def plan_with(folder: Path, *objects: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Give green's objects by name of kind, for a plan with `set` or `patches`."""
    models = objects or (server(),)
    rollout = derived(folder, [*router(), *models], pool="llm", green="llm-new", green_fields=fields)
    return {f"{item.kind}/{item.name}": item.data for item in bundle(rollout, "green")}


def findings(folder: Path, *objects: dict[str, Any], **fields: Any) -> list[tuple[str, str, str]]:
    """Give code, message and the text that the finding points at."""
    with pytest.raises(Rejected) as rejected:
        plan_with(folder, *objects, **fields)
    lines = (folder / "plan.yaml").read_text().splitlines()
    return [
        (found.code.id, found.message, lines[found.place.line - 1][found.place.column - 1 :])
        for found in rejected.value.findings
    ]


def two_containers() -> dict[str, Any]:
    item = server()
    pod = item["spec"]["template"]["spec"]
    pod["containers"] = [{"name": "sidecar", "image": "proxy:v1"}, *pod["containers"]]
    return item


def test_set_changes_one_container_of_one_workload(tmp_path: Path) -> None:
    other = server()
    other["metadata"]["name"] = "llm-other"
    changed = plan_with(
        tmp_path,
        two_containers(),
        other,
        set=[{"workload": "llm-decode", "container": "sidecar", "image": "proxy:v2"}],
    )
    images = {
        name: [
            container["image"]
            for container in changed[f"Deployment/{name}"]["spec"]["template"]["spec"]["containers"]
        ]
        for name in ("llm-new-decode", "llm-new-other", "llm-new-epp")
    }
    assert images == {
        "llm-new-decode": ["proxy:v2", "vllm:v1"],
        "llm-new-other": ["vllm:v1"],
        "llm-new-epp": ["epp"],
    }


def test_set_without_a_workload_is_for_every_model_server(tmp_path: Path) -> None:
    other = server()
    other["metadata"]["name"] = "llm-other"
    changed = plan_with(tmp_path, two_containers(), other, set=[{"image": "vllm:v2", "replicas": 3}])
    assert {name for name, item in changed.items() if "vllm:v2" in json.dumps(item)} == {
        "Deployment/llm-new-decode",
        "Deployment/llm-new-other",
    }
    assert changed["Deployment/llm-new-epp"]["spec"]["replicas"] == 1
    assert changed["Deployment/llm-new-other"]["spec"]["replicas"] == 3


def test_set_every_field(tmp_path: Path) -> None:
    item = server(nodeSelector={"gpu": "a100"}, tolerations=[{"key": "a100"}], affinity={"nodeAffinity": {}})
    container = item["spec"]["template"]["spec"]["containers"][0]
    container |= {
        "args": ["model", "--tp", "2"],
        "env": [
            {"name": "A", "value": "1"},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ],
        "resources": {"limits": {"nvidia.com/gpu": "2", "memory": "1Gi"}, "requests": {"cpu": "1"}},
    }
    change = {
        "workload": "llm-decode",
        "args": ["--tp=4"],
        "env": [{"name": "C", "value": "3"}, {"name": "B", "value": "2"}],
        "resources": {"limits": {"nvidia.com/gpu": "4"}},
        "nodeSelector": {"gpu": "h200"},
        "tolerations": [{"key": "h200"}],
        "affinity": {"podAffinity": {}},
        "labels": {"app": "other", "llm-d.ai/accelerator-variant": "h200"},
    }
    selector = {"spec": {"selector": {"matchLabels": {"app": "other"}}}}  # the pool follows its pods
    patch = {"target": {"kind": "InferencePool", "name": "llm"}, "merge": selector}
    new = plan_with(tmp_path, item, set=[change], patches=[patch])["Deployment/llm-new-decode"]
    pod = new["spec"]["template"]["spec"]
    assert pod["containers"][0]["args"] == ["model", "--tp=4"]
    assert pod["containers"][0]["env"] == [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "2"},
        {"name": "C", "value": "3"},
    ]
    assert pod["containers"][0]["resources"] == {
        "limits": {"nvidia.com/gpu": "4", "memory": "1Gi"},
        "requests": {"cpu": "1"},
    }
    assert [pod[key] for key in ("nodeSelector", "tolerations", "affinity")] == [
        {"gpu": "h200"},
        [{"key": "h200"}],
        {"podAffinity": {}},
    ]
    labels = new["spec"]["template"]["metadata"]["labels"]
    assert labels["llm-d.ai/accelerator-variant"] == "h200"
    assert new["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert new["spec"]["selector"]["matchLabels"].keys() == APP.keys()
    assert labels["app"].startswith("other")


def test_set_reaches_leaders_and_workers(tmp_path: Path) -> None:
    def pod(image: str) -> dict[str, Any]:
        return {"metadata": {"labels": APP}, "spec": {"containers": [{"name": "vllm", "image": image}]}}

    group = {"size": 2, "leaderTemplate": pod("vllm:leader"), "workerTemplate": pod("vllm:worker")}
    workload = named(
        "LeaderWorkerSet", "llm-decode", "leaderworkerset.x-k8s.io/v1", spec={"leaderWorkerTemplate": group}
    )
    change = {
        "image": "vllm:v2",
        "nodeSelector": {"gpu": "h200"},
        "labels": {"llm-d.ai/accelerator-variant": "h200"},
    }
    new = plan_with(tmp_path, workload, set=[change])["LeaderWorkerSet/llm-new-decode"]["spec"][
        "leaderWorkerTemplate"
    ]
    for name in ("leaderTemplate", "workerTemplate"):
        assert new[name]["spec"]["containers"][0]["image"] == "vllm:v2"
        assert new[name]["spec"]["nodeSelector"] == {"gpu": "h200"}
        assert new[name]["metadata"]["labels"]["llm-d.ai/accelerator-variant"] == "h200"


def test_arguments_after_a_script_are_refused(tmp_path: Path) -> None:
    item = server()
    item["spec"]["template"]["spec"]["containers"][0] |= {
        "command": ["/bin/bash", "-c"],
        "args": ["exec vllm serve"],
    }
    [(code, message, place)] = findings(tmp_path, item, set=[{"args": ["--tp=4"]}])
    assert (code, place) == ("RP310", "{")
    assert "shell script" in message


def test_unknown_workload(tmp_path: Path) -> None:
    assert findings(tmp_path, set=[{"workload": "decoder", "replicas": 2}]) == [
        ("RP307", "no workload is called `decoder`", '"decoder",')
    ]


def test_unknown_container(tmp_path: Path) -> None:
    assert findings(tmp_path, set=[{"container": "vllm", "image": "x"}]) == [
        ("RP308", "Deployment `llm-decode` has no container `vllm`", '"vllm",')
    ]


def test_no_main_container(tmp_path: Path) -> None:
    item = two_containers()
    item["spec"]["template"]["spec"]["containers"][1]["name"] = "vllm"
    assert findings(tmp_path, item, set=[{"image": "x"}]) == [
        ("RP308", "Deployment `llm-decode` has no container `modelserver`", "{")
    ]


TARGET = {"kind": "Deployment", "name": "llm-decode"}


def test_patch_without_an_object(tmp_path: Path) -> None:
    patch = {"target": {"kind": "Deployment", "name": "nobody"}, "merge": {"spec": {"replicas": 2}}}
    assert findings(tmp_path, patches=[patch]) == [
        ("RP314", "the patch matches nothing: there is no Deployment `nobody`", "{")
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"merge": {"spec": {"replicas": 4}}},
        {"merge": {"spec": {"paused": None}}},
        {"json6902": [{"op": "test", "path": "/spec/replicas", "value": 4}]},
    ],
)
def test_patch_without_an_effect(body: dict[str, Any], tmp_path: Path) -> None:
    [(code, message, place)] = findings(tmp_path, patches=[{"target": TARGET, **body}])
    assert (code, message, place) == ("RP310", "the patch changes nothing in Deployment `llm-decode`", "{")


@pytest.mark.parametrize(
    "body",
    [
        {"merge": {"metadata": {"name": "other"}}},
        {"merge": {"metadata": {"namespace": "other"}}},
        {"merge": {"kind": "StatefulSet"}},
        {"merge": {"apiVersion": "apps/v2"}},
        {"merge": {"metadata": None}},
        {"merge": {"metadata": {"$patch": "delete"}}},
        {"merge": {"$patch": "delete"}},
        {"merge": {"$patch": "replace", "spec": {}}},
        {"merge": {"spec": {"template": {"$patch": "remove"}}}},
        {
            "merge": {
                "spec": {"template": {"spec": {"containers": [{"name": "modelserver", "$patch": "replace"}]}}}
            }
        },
        {"merge": {"spec": {"strategy": {"$retainKeys": ["type"]}}}},
        {"json6902": [{"op": "replace", "path": "/metadata/name", "value": "other"}]},
        {"json6902": [{"op": "remove", "path": "/metadata"}]},
        {"json6902": [{"op": "replace", "path": "", "value": 1}]},
        {"json6902": [{"op": "remove", "path": "/spec/nothing"}]},
        {"json6902": [{"op": "replace", "path": "/spec/nothing", "value": 1}]},
        {"json6902": [{"op": "add", "path": "/spec/template/spec/containers/9", "value": {}}]},
        {"json6902": [{"op": "add", "path": "/spec/template/spec/containers/x", "value": {}}]},
        {"json6902": [{"op": "add", "path": "/metadata/name/x", "value": 1}]},
        {"json6902": [{"op": "add", "path": "/spec/replicas/x/y", "value": 1}]},
        {"json6902": [{"op": "add", "path": "spec", "value": 1}]},
        {"json6902": [{"op": "add", "path": "/spec/a~2"}]},
        {"json6902": [{"op": "add", "path": "/spec/x"}]},
        {"json6902": [{"op": "move", "path": "/spec/x"}]},
        {"json6902": [{"op": "copy", "path": "/spec/x", "from": "/spec/nothing"}]},
        {"json6902": [{"op": "move", "path": "/spec/x", "from": 7}]},
        {"json6902": [{"op": "test", "path": "/spec/replicas", "value": 5}]},
    ],
)
def test_patch_that_cannot_be_applied(body: dict[str, Any], tmp_path: Path) -> None:
    [(code, message, place)] = findings(tmp_path, patches=[{"target": TARGET, **body}])
    assert (code, place) == ("RP315", "{")
    assert message.startswith("the patch cannot be applied: ")
    assert "\n" not in message


def kustomized(folder: Path, jobs: dict[str, tuple[dict[str, Any], Any]]) -> dict[str, Any]:
    """Give what kustomize makes of each object and its patch, in one build; each is called as its job."""
    entries = []
    for name, (data, patch) in jobs.items():
        (folder / f"{name}.json").write_text(
            json.dumps({**data, "metadata": {**data["metadata"], "name": name}})
        )
        if isinstance(patch, dict):
            metadata = {**patch.get("metadata", {}), "name": name}
            patch = {"apiVersion": data["apiVersion"], "kind": data["kind"], **patch, "metadata": metadata}
        (folder / f"patch-{name}.json").write_text(json.dumps(patch))
        entries.append({"path": f"patch-{name}.json", "target": {"kind": data["kind"], "name": name}})
    resources = [f"{name}.json" for name in jobs]
    (folder / "kustomization.yaml").write_text(json.dumps({"resources": resources, "patches": entries}))
    done = subprocess.run(
        ["kubectl", "kustomize", folder], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    built = {item["metadata"]["name"]: item for item in yaml.safe_load_all(done.stdout)}
    for name, (data, _) in jobs.items():
        built[name]["metadata"]["name"] = data["metadata"]["name"]
    return built


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    jobs: dict[str, tuple[dict[str, Any], Any]] = {
        f"merge-{name}": (rich(), patch) for name, patch in MERGES.items()
    }
    jobs |= {f"json-{name}": (rich(), operations) for name, operations in OPERATIONS.items()}
    return kustomized(tmp_path_factory.mktemp("theirs"), {**jobs, "service": SERVICE, "pool": POOL})


def rich() -> dict[str, Any]:
    """Make a Deployment that has every list of which strategic merge knows keys."""
    item = server(
        volumes=[{"name": "shm", "emptyDir": {"medium": "Memory"}}, {"name": "cache", "emptyDir": {}}],
        tolerations=[{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}],
        hostAliases=[{"ip": "10.0.0.1", "hostnames": ["a"]}],
        imagePullSecrets=[{"name": "one"}],
        topologySpreadConstraints=[
            {"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 1},
            {"topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 2},
        ],
        initContainers=[{"name": "init", "image": "init:v1"}],
        affinity={"podAntiAffinity": {"x": [1]}, "nodeAffinity": {"y": 2}},
        nodeSelector={"gpu": "a100", "zone": "a"},
    )
    item["spec"]["template"]["spec"]["containers"][0] |= {
        "args": ["a", "b"],
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "ports": [
            {"containerPort": 53, "name": "tcp", "protocol": "TCP"},
            {"containerPort": 53, "name": "udp", "protocol": "UDP"},
            {"containerPort": 80, "name": "http"},
        ],
        "volumeMounts": [{"mountPath": "/dev/shm", "name": "shm"}, {"mountPath": "/cache", "name": "cache"}],
    }
    return item


def pod(**fields: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": fields}}}


def container(**fields: Any) -> dict[str, Any]:
    return pod(containers=[{"name": "modelserver", **fields}])


MERGES: dict[str, dict[str, Any]] = {
    "image": container(image="vllm:v2"),
    "new-container": pod(containers=[{"name": "extra", "image": "x"}]),
    "deleted-container": pod(initContainers=[{"name": "init", "$patch": "delete"}]),
    "replaced-containers": pod(containers=[{"$patch": "replace"}, {"name": "only", "image": "x"}]),
    "args": container(args=["c"]),
    "args-deleted": container(args=None),
    "env": container(env=[{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]),
    "env-deleted": container(env=[{"name": "A", "$patch": "delete"}]),
    "env-nulls": container(env=[{"name": "A", "value": None, "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]),
    "ports": container(ports=[{"containerPort": 80, "name": "web"}, {"containerPort": 81}]),
    "ports-by-protocol": container(ports=[{"containerPort": 53, "protocol": "UDP", "name": "dns"}]),
    "ports-deleted": container(ports=[{"containerPort": 53, "protocol": "UDP", "$patch": "delete"}]),
    "mounts": container(
        volumeMounts=[{"mountPath": "/cache", "name": "shm"}, {"mountPath": "/new", "name": "shm"}]
    ),
    "volumes": pod(
        volumes=[
            {"name": "cache", "emptyDir": None, "configMap": {"name": "c"}},
            {"name": "new", "emptyDir": {}},
        ]
    ),
    "volume-deleted": pod(volumes=[{"name": "cache", "$patch": "delete"}]),
    "tolerations": pod(tolerations=[{"key": "c", "operator": "Exists"}]),
    "aliases": pod(
        hostAliases=[{"ip": "10.0.0.1", "hostnames": ["b"]}, {"ip": "10.0.0.2", "hostnames": ["c"]}]
    ),
    "pull-secrets": pod(imagePullSecrets=[{"name": "two"}]),
    "spread": pod(
        topologySpreadConstraints=[
            {"topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 5}
        ]
    ),
    "spread-new": pod(
        topologySpreadConstraints=[
            {"topologyKey": "host", "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 5}
        ]
    ),
    "affinity-deleted": pod(affinity={"podAntiAffinity": None}),
    "affinity-directive": pod(affinity={"$patch": "delete"}),
    "affinity-replaced": pod(affinity={"$patch": "replace", "podAffinity": {"z": 1}}),
    "node-selector": pod(nodeSelector={"gpu": "h200", "zone": None, "new": "x"}),
    "nested-new": {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 1}}}},
    "nested-null": {"spec": {"minReadySeconds": None, "revisionHistoryLimit": None}},
    "annotations": {"metadata": {"annotations": {"a": "b"}}},
    "labels": {"metadata": {"labels": {"a": "b"}}},
}


def unordered(data: Any) -> Any:
    """Sort lists of mappings: kustomize puts new items first, and the API server last."""
    if isinstance(data, dict):
        return {key: unordered(value) for key, value in data.items()}
    if isinstance(data, list):
        items = [unordered(item) for item in data]
        return (
            sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
            if all(isinstance(item, dict) for item in items)
            else items
        )
    return data


@pytest.mark.parametrize("name", MERGES)
@pytest.mark.kustomize
def test_merge_as_kustomize_does(name: str, theirs: dict[str, Any]) -> None:
    ours = apply(rich(), MERGES[name])
    assert DeepDiff(unordered(theirs[f"merge-{name}"]), unordered(ours)) == {}
    assert ours != rich() or name == "nested-null"


SERVICE = (
    named("Service", "s", spec={"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}),
    {"spec": {"ports": [{"port": 81, "name": "c"}, {"port": 82, "name": "d"}], "type": "ClusterIP"}},
)
POOL = (
    router()[0],
    {
        "spec": {
            "targetPorts": [{"number": 9000}],
            "selector": {"matchLabels": {"x": "y"}},
            "appProtocol": None,
        }
    },
)


@pytest.mark.kustomize
def test_merge_of_a_service_as_kustomize_does(theirs: dict[str, Any]) -> None:
    assert unordered(apply(*SERVICE)) == unordered(theirs["service"])


@pytest.mark.kustomize
def test_merge_of_a_custom_resource_as_kustomize_does(theirs: dict[str, Any]) -> None:
    """Lists outside pods have no keys: they are replaced."""
    assert unordered(apply(*POOL)) == unordered(theirs["pool"])


def test_new_items_come_last() -> None:
    names = [
        item["name"]
        for item in apply(rich(), MERGES["env"])["spec"]["template"]["spec"]["containers"][0]["env"]
    ]
    assert names == ["A", "B", "C"]


OPERATIONS: dict[str, list[dict[str, Any]]] = {
    "add": [{"op": "add", "path": "/spec/paused", "value": True}],
    "append": [{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "c"}],
    "insert": [{"op": "add", "path": "/spec/template/spec/containers/0/args/0", "value": "c"}],
    "remove": [{"op": "remove", "path": "/spec/template/spec/tolerations/0"}],
    "replace": [{"op": "replace", "path": "/spec/replicas", "value": 9}],
    "escaped": [
        {"op": "add", "path": "/metadata/annotations", "value": {}},
        {"op": "add", "path": "/metadata/annotations/a~1b~0c", "value": "x"},
    ],
    "move": [{"op": "move", "from": "/spec/replicas", "path": "/spec/minReadySeconds"}],
    "copy": [{"op": "copy", "from": "/spec/replicas", "path": "/spec/minReadySeconds"}],
    "test": [
        {"op": "test", "path": "/spec/replicas", "value": 4},
        {"op": "replace", "path": "/spec/replicas", "value": 5},
    ],
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.kustomize
def test_operations_as_kustomize_does(name: str, theirs: dict[str, Any]) -> None:
    assert apply(rich(), OPERATIONS[name]) == theirs[f"json-{name}"]


def test_patches_change_nothing_in_place() -> None:
    item = rich()
    before = json.dumps(item)
    patches: list[Any] = [*MERGES.values(), *OPERATIONS.values()]
    for patch in patches:
        apply(item, patch)
    assert json.dumps(item) == before


def test_merge_of_a_group_s_containers_is_by_name() -> None:
    """A pod is a pod in a custom resource, too: its other containers and their fields stay."""
    template = {
        "spec": {"containers": [{"name": "vllm", "image": "v1", "args": ["a"]}, {"name": "x", "image": "y"}]}
    }
    item = named("LeaderWorkerSet", "l", spec={"leaderWorkerTemplate": {"workerTemplate": template}})
    body = {"spec": {"containers": [{"name": "vllm", "image": "v2"}]}}
    new = apply(item, {"spec": {"leaderWorkerTemplate": {"workerTemplate": body}}})
    assert new["spec"]["leaderWorkerTemplate"]["workerTemplate"]["spec"]["containers"] == [
        {"name": "vllm", "image": "v2", "args": ["a"]},
        {"name": "x", "image": "y"},
    ]


def test_a_mapping_in_the_place_of_a_list_is_refused_or_taken_whole() -> None:
    with pytest.raises(PatchError):
        apply(rich(), [{"op": "add", "path": "/spec/template/spec/containers/name", "value": {}}])
