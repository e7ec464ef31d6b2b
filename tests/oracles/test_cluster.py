"""The test server judges, defaults and waits like a cluster, and gates mean there what runbooks say."""

import json
import re
from pathlib import Path

import pytest

from tests.oracles.cluster import Cluster, Object, published
from tests.oracles.cluster.objects import GATEWAY, deployment, mirror, pool, pool_ref, route
from tests.support.patience import PATIENCE

BY_NAME = f'@.parentRef.name=="{GATEWAY}"'

needs_published = pytest.mark.skipif(not published(), reason="no published definitions beside the checkout")


def apply(cluster: Cluster, namespace: str, manifest: Object) -> tuple[int, str]:
    done = cluster.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(manifest))
    return done.returncode, done.stdout + done.stderr


def wait(
    cluster: Cluster, namespace: str, what: str, condition: str, seconds: int = PATIENCE // 2
) -> tuple[int, str]:
    done = cluster.kubectl("wait", "-n", namespace, what, f"--for={condition}", f"--timeout={seconds}s")
    return done.returncode, done.stdout + done.stderr


def parent_condition(kind: str, field: str = "status", by: str = BY_NAME) -> str:
    return f'jsonpath={{.status.parents[?({by})].conditions[?(@.type=="{kind}")].{field}}}'


GOOD = {
    "a split": route(),
    "the largest weights": route(backendRefs=[pool_ref("blue", 0), pool_ref("green", 1_000_000)]),
    "a mirrored percentage": route(**mirror(percent=5)),
    "a pool": pool(),
    "a deployment": deployment(),
}

BAD = {
    "a weight above the limit": (
        route(backendRefs=[pool_ref("green", 1_000_001)]),
        "spec.rules[0].backendRefs[0].weight: Invalid value: 1000001: "
        "spec.rules[0].backendRefs[0].weight in body should be less than or equal to 1000000",
    ),
    "a fraction of a weight": (
        route(backendRefs=[pool_ref("green", 1) | {"weight": 0.5}]),
        'spec.rules[0].backendRefs[0].weight: Invalid value: "number": '
        'spec.rules[0].backendRefs[0].weight in body must be of type integer: "number"',
    ),
    "two shares of one mirror": (
        route(**mirror(percent=5, fraction={"numerator": 1})),
        "Only one of percent or fraction may be specified in HTTPRequestMirrorFilter",
    ),
    "a field that does not exist": (
        route(backendRef=[]),
        'strict decoding error: unknown field "spec.rules[0].backendRef"',
    ),
    "a picker without its port": (
        pool(endpointPickerRef={"name": "green-epp"}),
        "port is required when kind is 'Service' or unspecified (defaults to 'Service')",
    ),
    "a failure mode that the chart's readme names": (
        pool(endpointPickerRef={"name": "e", "port": {"number": 1}, "failureMode": "FailClosed"}),
        'Unsupported value: "FailClosed": supported values: "FailOpen", "FailClose"',
    ),
}

BAD_BUILT_IN = {
    "a selector that misses its own pods": (
        deployment(selector={"matchLabels": {"app": "blue"}}),
        "`selector` does not match template `labels`",
    ),
    "a rollout that can never start": (
        deployment(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}),
        "may not be 0 when `maxSurge` is 0",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_object_is_taken(cluster: Cluster, namespace: str, name: str) -> None:
    code, said = apply(cluster, namespace, GOOD[name])
    assert (code, said.split()[-1]) == (0, "created"), said


def refused(cluster: Cluster, namespace: str, manifest: Object, reason: str) -> None:
    code, said = apply(cluster, namespace, manifest)
    assert code == 1
    assert reason in said


@needs_published
@pytest.mark.parametrize("name", BAD)
def test_a_bad_object_is_refused_with_its_reason(cluster: Cluster, namespace: str, name: str) -> None:
    refused(cluster, namespace, *BAD[name])


@pytest.mark.parametrize("name", BAD_BUILT_IN)
def test_a_bad_object_of_a_built_in_kind_is_too(cluster: Cluster, namespace: str, name: str) -> None:
    refused(cluster, namespace, *BAD_BUILT_IN[name])


def test_a_kind_without_a_published_definition_is_stored_as_it_is(cluster: Cluster, namespace: str) -> None:
    spec = {
        "selector": {"matchLabels": {"llm-d.ai/role": "decode"}},
        "podMetricsEndpoints": [{"port": "http"}],
    }
    monitor = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": {"name": "decode"}}
    code, said = apply(cluster, namespace, monitor | {"spec": spec})
    assert code == 0, said
    assert cluster.get("podmonitor", "decode", namespace)["spec"] == spec


@needs_published
def test_what_is_left_out_is_filled_in(cluster: Cluster, namespace: str) -> None:
    stored = cluster.would_store(route(), namespace)["spec"]
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": GATEWAY}
    assert stored["parentRefs"] == [parent]
    assert stored["rules"][0]["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]
    picker = cluster.would_store(pool(), namespace)["spec"]["endpointPickerRef"]
    assert (picker["group"], picker["kind"], picker["failureMode"]) == ("", "Service", "FailClose")


def test_what_would_be_stored_is_not_and_what_is_refused_says_why(cluster: Cluster, namespace: str) -> None:
    would = cluster.would_store(deployment(), namespace)
    assert would["spec"]["progressDeadlineSeconds"] == 600
    with pytest.raises(LookupError, match="not found"):
        cluster.get("deployment", "decode", namespace)
    manifest, reason = BAD_BUILT_IN["a selector that misses its own pods"]
    with pytest.raises(ValueError, match=re.escape(reason)):
        cluster.would_store(manifest, namespace)


def test_a_kustomization_is_applied_and_then_differs_in_nothing(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    def write(*split: int) -> None:
        refs = [pool_ref(name, weight) for name, weight in zip(("blue", "green"), split, strict=True)]
        (tmp_path / "route.yaml").write_text(json.dumps(route(backendRefs=refs)), encoding="utf-8")

    kustomization = json.dumps({"namespace": namespace, "resources": ["route.yaml"]})
    (tmp_path / "kustomization.yaml").write_text(kustomization, encoding="utf-8")
    write(90, 10)
    applied = cluster.shell("kubectl apply -k . && kubectl diff -k .", cwd=tmp_path)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    write(50, 50)
    differs = cluster.kubectl("diff", "-k", ".", cwd=tmp_path)
    assert differs.returncode == 1
    assert "+      weight: 50" in differs.stdout


def test_a_rollout_ends_when_its_status_says_so(cluster: Cluster, namespace: str) -> None:
    apply(cluster, namespace, deployment())
    status = ("rollout", "status", "-n", namespace, "deploy/decode")
    assert cluster.kubectl(*status, "--timeout=1s").returncode == 1
    cluster.pretend_ready("deployment", "decode", namespace)
    assert "successfully rolled out" in cluster.kubectl(*status, f"--timeout={PATIENCE // 2}s").stdout
    code, said = wait(cluster, namespace, "deploy/decode", "jsonpath={.status.readyReplicas}=8")
    assert code == 0, said


def test_a_deletion_by_file_is_waited_for(cluster: Cluster, namespace: str) -> None:
    apply(cluster, namespace, deployment())
    done = cluster.kubectl("delete", "-n", namespace, "-f", "-", input=json.dumps(deployment()))
    assert done.returncode == 0, done.stderr
    with pytest.raises(LookupError, match="not found"):
        cluster.get("deployment", "decode", namespace)


def test_the_condition_form_never_sees_a_condition_of_a_parent(cluster: Cluster, namespace: str) -> None:
    apply(cluster, namespace, route())
    cluster.pretend_ready("httproute", "llm", namespace)
    code, said = wait(cluster, namespace, "httproute/llm", "condition=Accepted", seconds=2)
    assert code == 1
    assert "timed out waiting for the condition" in said


def test_the_index_form_fails_at_once_where_there_is_no_parent_yet(cluster: Cluster, namespace: str) -> None:
    apply(cluster, namespace, route())
    status = json.dumps({"status": {"parents": []}})
    patch = ("patch", "httproute", "llm", "--subresource=status", "--type=merge", "-p", status)
    assert cluster.kubectl(*patch, "-n", namespace).returncode == 0
    form = 'jsonpath={.status.parents[0].conditions[?(@.type=="Accepted")].status}=True'
    code, said = wait(cluster, namespace, "httproute/llm", form)
    assert code == 1
    assert "array index out of bounds" in said


@pytest.mark.parametrize("by", [BY_NAME, '@.controllerName=="istio.io/gateway-controller"'])
@pytest.mark.parametrize("kind", ["Accepted", "ResolvedRefs"])
def test_the_filter_form_waits_for_a_parent(cluster: Cluster, namespace: str, kind: str, by: str) -> None:
    apply(cluster, namespace, route())
    form = f"{parent_condition(kind, by=by)}=True"
    code, said = wait(cluster, namespace, "httproute/llm", form, seconds=2)
    assert code == 1, "no controller has spoken yet"
    cluster.pretend_ready("httproute", "llm", namespace)
    code, said = wait(cluster, namespace, "httproute/llm", form)
    assert code == 0, said


def test_a_pool_is_accepted_only_once_a_route_refers_to_it(cluster: Cluster, namespace: str) -> None:
    apply(cluster, namespace, pool())
    what, form = "inferencepool.inference.networking.k8s.io/green", f"{parent_condition('Accepted')}=True"
    cluster.pretend_ready("inferencepool", "green", namespace)
    assert wait(cluster, namespace, what, form, seconds=2)[0] == 1
    apply(cluster, namespace, route())
    cluster.pretend_ready("inferencepool", "green", namespace)
    code, said = wait(cluster, namespace, what, form)
    assert code == 0, said


def test_only_a_wait_for_the_generation_tells_a_stale_status(cluster: Cluster, namespace: str) -> None:
    apply(cluster, namespace, route())
    cluster.pretend_ready("httproute", "llm", namespace)
    apply(cluster, namespace, route(backendRefs=[pool_ref("blue", 0), pool_ref("green", 100)]))
    naive = f"{parent_condition('ResolvedRefs')}=True"
    assert wait(cluster, namespace, "httproute/llm", naive)[0] == 0, "the old weights' status satisfies it"
    observed = parent_condition("ResolvedRefs", "observedGeneration").replace('"', r"\"")
    observed = observed.replace("{", "{{").replace("}", "}}")
    aware = f"""
      g=$(kubectl -n {namespace} get httproute/llm -o jsonpath='{{{{.metadata.generation}}}}')
      kubectl -n {namespace} wait httproute/llm --timeout={{}} --for="{observed}=$g"
    """
    stale = cluster.shell(aware.format("2s"))
    assert stale.returncode == 1, stale.stdout
    assert "timed out" in stale.stderr
    cluster.pretend_ready("httproute", "llm", namespace)
    fresh = cluster.shell(aware.format(f"{PATIENCE // 2}s"))
    assert fresh.returncode == 0, fresh.stderr
