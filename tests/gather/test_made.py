"""What rollplan makes where a plan has no manifests: it starts, stops and is found as it should be."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.kubernetes.replicas import held
from generator.kubernetes.router import MODEL, ROUTER, find_picker, find_pool, servers_of
from generator.kubernetes.workloads import replicas, startup_budget
from generator.model.findings import Rejected
from generator.model.manifests import Manifest
from generator.pipeline import compile_plan, planned
from tests.project.test_example_manifests import RULES
from tests.support.derived import collisions, faults, overlaps
from tests.support.made_plans import (
    GROUPS,
    PAIR,
    POOL,
    SHAPES,
    VLLM,
    Object,
    baseline,
    blue_green,
    compiled,
    one,
    rolling,
)
from tests.support.small_plans import written

every_shape = pytest.mark.parametrize("shape", SHAPES)


def made(folder: Path, shape: str) -> tuple[Manifest, ...]:
    provider, router, servers = SHAPES[shape]
    return baseline(folder, rolling(provider, router, servers))


def servers(objects: tuple[Manifest, ...]) -> list[Manifest]:
    return [item for item in objects if item.part == MODEL and item.kind in {"Deployment", "LeaderWorkerSet"}]


def pods(workload: Manifest) -> list[Any]:
    """The specs of a workload's pods: of leaders and workers, for groups."""
    group = workload.get("spec", "leaderWorkerTemplate")
    templates = (
        [group["leaderTemplate"], group["workerTemplate"]] if group else [workload.get("spec", "template")]
    )
    return [template["spec"] for template in templates]


def seconds(argument: str, container: Object) -> int:
    (found,) = (re.fullmatch(rf"{argument}=(\d+)", text) for text in container["args"] if argument in text)
    assert found
    return int(found[1])


ELSEWHERE = {
    ("gke", "resolves_references"): ["ServiceAccount/collector"],  # Google's own
    ("everything said", "resolves_references"): ["PersistentVolumeClaim/weights"],  # the user's own
}
"""Shape and rule → what stands outside of what is made."""

UNKNOWN = {
    ("gke, preferred", "selects_something"),
    ("gke, preferred", "has_its_load_balancer_policies"),
    ("groups that prefill and decode", "pairs_leader_with_worker"),
}
"""Shape and rule that knows it not: numbered pods, policies of Services, a leader with a routing proxy."""


@every_shape
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_is_made_is_as_whole_as_the_examples_are(shape: str, rule: Any, tmp_path: Path) -> None:
    bundle = [dict(item.data) for item in made(tmp_path, shape)]
    found, case = list(rule(bundle, {"shared": bundle})), (shape, rule.__name__)
    assert found == ELSEWHERE.get(case, []) or (case in UNKNOWN and found)


@every_shape
def test_a_pod_has_time_to_end_what_it_has_begun(shape: str, tmp_path: Path) -> None:
    """I15: more than preStop and draining together, and vLLM hears of it because it is no shell's child."""
    for workload in servers(made(tmp_path, shape)):
        for pod in pods(workload):
            (server,) = pod["containers"]
            linger = server["lifecycle"]["preStop"]["sleep"]["seconds"]
            drain = seconds("--shutdown-timeout", server)
            assert linger > 0 and drain > 0
            assert pod["terminationGracePeriodSeconds"] > linger + drain
            assert server["command"] == ["vllm", "serve"]


@pytest.mark.parametrize(("linger", "drain"), [(1, 1), (15, 120), (60, 3600)])
def test_the_grace_period_follows_what_the_plan_says(linger: int, drain: int, tmp_path: Path) -> None:
    server = {**VLLM, "preStopSeconds": linger, "drainSeconds": drain}
    (workload,) = servers(baseline(tmp_path, rolling("none", {}, [server])))
    (pod,) = pods(workload)
    assert pod["terminationGracePeriodSeconds"] == linger + drain + 30
    assert seconds("--shutdown-timeout", pod["containers"][0]) == drain


def test_workers_wait_for_their_leader(tmp_path: Path) -> None:
    (workload,) = servers(baseline(tmp_path, rolling("none", {}, GROUPS)))
    leader, worker = pods(workload)
    last_request = 15 + 120
    assert worker["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] == last_request
    assert worker["terminationGracePeriodSeconds"] > last_request + seconds(
        "--shutdown-timeout", worker["containers"][0]
    )
    assert leader["terminationGracePeriodSeconds"] == last_request + 30


@pytest.mark.parametrize(
    ("startup", "budget", "deadline"),
    [(60, 75, 600), (61, 75, 600), (285, 285, 615), (3600, 3615, 3945), (7200, 7215, 7545)],
)
def test_a_rollout_is_given_up_after_its_pods_are(
    startup: int, budget: int, deadline: int, tmp_path: Path
) -> None:
    """I16: 15 s and whole periods of 30 s, then 30 s of readiness, then 300 s to spare."""
    server = {**VLLM, "startupSeconds": startup}
    (workload,) = servers(baseline(tmp_path, rolling("none", {}, [server])))
    assert startup_budget(workload) == budget >= startup
    assert workload.get("spec", "progressDeadlineSeconds") == deadline
    assert deadline >= budget + workload.get("spec", "minReadySeconds")


@every_shape
def test_pods_keep_to_the_restricted_standard(shape: str, tmp_path: Path) -> None:
    """What the Pod Security Standard `restricted` asks of pods and containers."""
    for workload in made(tmp_path, shape):
        if workload.kind not in {"Deployment", "StatefulSet", "LeaderWorkerSet"}:
            continue
        for pod in pods(workload):
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            for container in (*pod.get("initContainers", ()), *pod["containers"]):
                assert container["securityContext"]["allowPrivilegeEscalation"] is False
                assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
                assert {"cpu", "memory"} <= {
                    *container["resources"].get("requests", ()),
                    *container["resources"].get("limits", ()),
                }


@every_shape
def test_the_pool_finds_those_who_answer(shape: str, tmp_path: Path) -> None:
    objects = made(tmp_path, shape)
    pool = find_pool(objects, POOL)
    if pool is None:
        assert shape == "standalone, no pool"
        return
    assert {item.name for item in servers_of(objects, pool)} == {item.name for item in servers(objects)}
    picker = find_picker(objects, pool)
    assert picker.service and len(picker.workloads) == 1
    assert {item.part for item in (pool, *picker.workloads, *picker.services)} == {ROUTER}


def test_requests_never_reach_a_worker(tmp_path: Path) -> None:
    objects = baseline(tmp_path, rolling("none", {}, GROUPS))
    selector = one(objects, "InferencePool").get("spec", "selector", "matchLabels").items()
    group = one(objects, "LeaderWorkerSet").get("spec", "leaderWorkerTemplate")
    assert selector <= group["leaderTemplate"]["metadata"]["labels"].items()
    assert not selector <= group["workerTemplate"]["metadata"]["labels"].items()
    assert "ports" not in group["workerTemplate"]["spec"]["containers"][0]


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 1),
        ({"accelerators": {"count": 4}}, 4),
        ({"accelerators": {"count": 2, "resource": "amd.com/gpu"}}, 2),
        ({"accelerators": {"count": 0}}, 0),
        ({"accelerators": {"count": 8}, "nodes": 3}, 24),
        ({"resources": {"limits": {"memory": "64Gi"}}, "accelerators": {"count": 4}}, 4),
    ],
)
def test_accelerators_are_counted_and_divide_the_model(fields: Object, count: int, tmp_path: Path) -> None:
    (workload,) = servers(baseline(tmp_path, rolling("none", {}, [{**VLLM, **fields, "replicas": 5}])))
    assert (held(workload, None), replicas(workload)) == (5 * count, 5)
    arguments = pods(workload)[0]["containers"][0]["args"]
    parallel = [text for text in arguments if "tensor-parallel" in text]
    each = fields.get("accelerators", {"count": 1})["count"]
    assert parallel == ([f"--tensor-parallel-size={each}"] if each else [])


def test_what_the_plan_says_takes_the_place_of_what_rollplan_would(tmp_path: Path) -> None:
    objects = made(tmp_path, "everything said")
    (workload,) = servers(objects)
    (pod,) = pods(workload)
    (server,) = pod["containers"]
    assert server["args"].count("--tensor-parallel-size=1") == 1
    assert {"--served-model-name=search", "--port=9000", "--max-model-len=32768"} <= set(server["args"])
    environment = {variable["name"]: variable for variable in server["env"]}
    assert environment["USER"]["value"] == "search"
    assert environment["HF_TOKEN"]["valueFrom"]["secretKeyRef"]["name"] == "token"
    assert environment["HF_HUB_CACHE"]["value"] == "/models"
    assert server["resources"]["requests"] == {"cpu": "2", "nvidia.com/gpu": "1"}
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert {"persistentVolumeClaim": {"claimName": "weights"}, "name": "models"} in pod["volumes"]
    pool = one(objects, "InferencePool")
    assert pool.get("spec", "selector", "matchLabels") == {"team": "search"}
    assert pool.get("spec", "endpointPickerRef", "failureMode") == "FailClose"
    assert one(objects, "PodMonitor").get("spec", "podMetricsEndpoints", 0, "interval") == "30s"
    config = yaml.safe_load(one(objects, "ConfigMap").get("data", "epp-plugins.yaml"))
    assert (config["kind"], config["plugins"]) == ("EndpointPickerConfig", [{"type": "queue-scorer"}])


def test_quantities_stand_as_the_server_stores_them(tmp_path: Path) -> None:
    """A number would be sent anew at every apply, for the server makes it a text."""
    said = {"requests": {"cpu": 8, "memory": "9Gi"}, "limits": {"cpu": 16}}
    objects = baseline(tmp_path, rolling("none", {"resources": said}, [{**VLLM, "resources": said}]))
    for name in (f"{POOL}-epp", f"{POOL}-decode"):
        (container,) = pods(one(objects, "Deployment", name))[0]["containers"]
        assert container["resources"]["requests"]["cpu"] == "8"
        assert all(
            isinstance(amount, str)
            for amounts in container["resources"].values()
            for amount in amounts.values()
        )


@pytest.mark.parametrize(
    ("provider", "router", "server", "mode"),
    [
        ("none", {}, [VLLM], "FailOpen"),
        ("none", {}, PAIR, "FailClose"),
        ("none", {"failureMode": "FailOpen"}, PAIR, "FailOpen"),
        ("", {}, [VLLM], "FailClose"),
    ],
)
def test_a_gateway_may_choose_blindly_only_where_all_pods_answer(
    provider: str, router: Object, server: list[Object], mode: str, tmp_path: Path
) -> None:
    """I14: with prefill and decode in one pool, any pod is no good choice."""
    pool = one(baseline(tmp_path, rolling(provider, router, server)), "InferencePool")
    assert pool.get("spec", "endpointPickerRef", "failureMode") == mode


def test_decode_has_a_routing_proxy_in_front_and_both_agree_on_blocks(tmp_path: Path) -> None:
    objects = baseline(tmp_path, rolling("none", {}, PAIR))
    decode, prefill = (
        pods(one(objects, "Deployment", f"{POOL}-{role}"))[0] for role in ("decode", "prefill")
    )
    (proxy,) = decode["initContainers"]
    assert proxy["restartPolicy"] == "Always"
    assert [port["containerPort"] for port in proxy["ports"]] == [8000]
    assert "initContainers" not in prefill
    assert [pod["containers"][0]["ports"][0]["containerPort"] for pod in (decode, prefill)] == [8200, 8000]
    shared = [
        [text for text in pod["containers"][0]["args"] if re.match("--(block-size|kv-|no-disable)", text)]
        for pod in (decode, prefill)
    ]
    assert shared[0] == shared[1] and len(shared[0]) == 3


@pytest.mark.parametrize(
    ("version", "tag"), [("v0.9.0", "v0.9.0"), ("0.9.2", "v0.9.2"), ("v0.10", "v0.10.0"), (None, "v0.9.0")]
)
def test_images_are_those_of_the_router_s_version(version: str | None, tag: str, tmp_path: Path) -> None:
    plan = rolling("none", {}, PAIR)
    plan["spec"]["target"] = plan["spec"]["target"] | {"apis": {"router": version} if version else {}}
    objects = baseline(tmp_path, plan)
    (picker,) = pods(one(objects, "Deployment", f"{POOL}-epp"))[0]["containers"]
    (proxy,) = pods(one(objects, "Deployment", f"{POOL}-decode"))[0]["initContainers"]
    assert picker["image"].endswith(f"endpoint-picker:{tag}") and proxy["image"].endswith(f"sidecar:{tag}")


def test_a_pool_of_the_manifests_gives_made_servers_its_labels_and_port(tmp_path: Path) -> None:
    brought = [dict(item.data) for item in made(tmp_path / "first", "everything said") if item.part == ROUTER]
    plan = rolling("none", None, [VLLM], manifests=["router.yaml"])
    objects = compile_plan(written(tmp_path, plan, {"router.yaml": brought})).rollout.stages[0].objects
    (workload,) = servers(objects)
    assert workload.get("spec", "template", "metadata", "labels", "team") == "search"
    assert "--port=9000" in pods(workload)[0]["containers"][0]["args"]
    assert [item.name for item in servers_of(objects, one(objects, "InferencePool"))] == [workload.name]


def test_model_servers_of_the_manifests_are_found_by_a_made_pool(tmp_path: Path) -> None:
    brought = [
        dict(item.data) for item in made(tmp_path / "first", "prefill and decode") if item.part == MODEL
    ]
    plan = rolling("istio", {}, [], manifests=["servers.yaml"])
    plan["spec"]["strategy"]["workload"] = f"{POOL}-decode"
    objects = compile_plan(written(tmp_path, plan, {"servers.yaml": brought})).rollout.stages[0].objects
    pool = one(objects, "InferencePool")
    assert len(servers_of(objects, pool)) == 2
    assert pool.get("spec", "endpointPickerRef", "failureMode") == "FailClose"
    assert "prefill-filter" in one(objects, "ConfigMap").get("data", "epp-plugins.yaml")


GATEWAYS = [shape for shape, (provider, *_) in SHAPES.items() if provider]


@pytest.mark.parametrize("shape", GATEWAYS)
def test_green_from_a_made_blue(shape: str, tmp_path: Path) -> None:
    provider, router, server = SHAPES[shape]
    blue = {"router": router, "modelServers": server}
    rollout = compiled(tmp_path, blue_green(provider, blue, {"from": "blue"}))
    assert [*overlaps(rollout), *collisions(rollout)] == []
    parts = {item.name: item.part for item in rollout.stages[-1].objects if item.bundle == "green"}
    assert set(parts.values()) == {MODEL, ROUTER}


@pytest.mark.parametrize("shape", GATEWAYS)
def test_what_is_made_derives_like_what_is_brought(shape: str, tmp_path: Path) -> None:
    """The oracle of derivation tells objects apart by where they stand: so they are written down first."""
    provider, *_ = SHAPES[shape]
    brought = [dict(item.data) for item in made(tmp_path / "first", shape)]
    plan = blue_green(provider, {"manifests": ["blue.yaml"]}, {"from": "blue"})
    rollout = compile_plan(written(tmp_path, plan, {"blue.yaml": brought})).rollout
    assert faults(rollout) == []


def test_two_made_versions_share_nothing(tmp_path: Path) -> None:
    version = {"router": {}, "modelServers": PAIR}
    rollout = compiled(tmp_path, blue_green("istio", version, version))
    assert [*overlaps(rollout), *collisions(rollout)] == []


def test_a_made_version_beside_a_brought_one(tmp_path: Path) -> None:
    brought = [dict(item.data) for item in made(tmp_path / "first", "istio")]
    green = {"router": {}, "modelServers": [VLLM]}
    plan = blue_green("istio", {"manifests": ["blue.yaml"]}, green)
    rollout = compile_plan(written(tmp_path, plan, {"blue.yaml": brought})).rollout
    assert [*overlaps(rollout), *collisions(rollout)] == []


def test_one_name_in_both_versions_is_a_finding(tmp_path: Path) -> None:
    version = {"router": {}, "modelServers": [{**VLLM, "name": "server"}]}
    with pytest.raises(Rejected) as rejected:
        compiled(tmp_path, blue_green("istio", version, version))
    assert {finding.code.id for finding in rejected.value.findings} == {"RP205"}


def test_an_adapter_shifts_on_made_pods(tmp_path: Path) -> None:
    spec = rolling("none", {}, [VLLM])["spec"]
    names = {"alias": "small", "stable": "v1", "candidate": "v2"}
    strategy = {"type": "lora-adapter", **names, "steps": [{"weight": 100}]}
    environment = [{"name": "VLLM_LORA_RESOLVER_CACHE_DIR", "value": "/adapters"}]
    server = {**VLLM, "env": environment, "args": ["--enable-lora", "--max-loras=2", "--max-lora-rank=64"]}
    spec = {**spec, "modelServers": [server], "strategy": strategy}
    plan = {**rolling("none", {}, [VLLM]), "spec": spec}
    rollout = compiled(tmp_path, plan)
    assert [stage.slug for stage in rollout.stages] == [
        "baseline",
        "preload",
        "weight-100",
        "drain",
        "unload",
    ]


def test_standby_pickers_are_not_waited_for(tmp_path: Path) -> None:
    """Only the leader becomes ready: a Deployment of several is never available."""
    version = {"router": {"replicas": 3}, "modelServers": [VLLM]}
    rollout = compiled(tmp_path, blue_green("none", version, {"from": "blue"}))
    (stage,) = (stage for stage in rollout.stages if stage.slug == "deploy-router")
    (check,) = stage.gate.checks
    assert "readyReplicas" in check.script and "Available" not in check.script


@pytest.mark.slow
@every_shape
def test_every_stage_builds(shape: str, tmp_path: Path) -> None:
    provider, router, server = SHAPES[shape]
    folder = tmp_path / "plan"
    rollout = compiled(folder, rolling(provider, router, server))
    for name, text in planned(compile_plan(folder / "plan.yaml")).tree.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for index, stage in enumerate(rollout.stages):
        command = ["kubectl", "kustomize", str(tmp_path / "stages" / rollout.directory(index))]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        built = {(item["kind"], item["metadata"]["name"]): item for item in yaml.safe_load_all(done.stdout)}
        assert built == {(item.kind, item.name): dict(item.data) for item in stage.objects}


def test_a_reader_of_metrics_has_an_account_before_its_token(tmp_path: Path) -> None:
    """A controller deletes a token Secret whose account is not there."""
    objects = made(tmp_path, "groups")
    secret = one(objects, "Secret")
    account = one(
        objects, "ServiceAccount", secret.get("metadata", "annotations")["kubernetes.io/service-account.name"]
    )
    assert objects.index(account) < objects.index(secret)
    assert secret.part == account.part == ROUTER
    assert one(objects, "ServiceMonitor").get("spec", "endpoints", 0, "authorization", "credentials") == {
        "name": secret.name,
        "key": "token",
    }
