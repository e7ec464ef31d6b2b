"""Gates that ask in words: the query is in the engine's own names, of the new version's pods alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from generator.kubernetes.workloads import pod_pattern
from generator.model.durations import lasting, seconds
from generator.model.findings import Rejected
from generator.model.gates import MetricGate
from generator.model.manifests import Manifest
from generator.model.rollout import Rollout
from tests.kubernetes.test_engines import manifest
from tests.stages.test_replacement import NEW, SGLANG, TENSORRT, serving
from tests.support.small_plans import (
    BLUE,
    GREEN,
    Object,
    blue_green,
    lora,
    rolling,
    rollout,
    route,
    to_pool,
    version,
)

VLLM = {"image": "vllm/vllm-openai:v0.23.0"}
ARGS = {"sglang": ["--model-path", NEW]}
PICKER = rf'namespace="llm-d",pod=~"{GREEN}-epp-[a-z0-9]+-[a-z0-9]{{5}}"'
PODS = rf'namespace="llm-d",pod=~"{GREEN}-decode-[a-z0-9]+-[a-z0-9]{{5}}"'


def shifted(folder: Path, how: dict[str, str], *gates: Object, soak: str = "1h") -> Rollout:
    step = {"soak": soak, "gates": [gate["name"] for gate in gates]}
    plan = blue_green({"weight": 1} | step, {"weight": 100}, gates=list(gates))
    green = serving(GREEN, *ARGS.get(how.get("llm-d.ai/engine-type", ""), [NEW]), **how)
    path = "path: /prometheus/metrics"  # for the picker of TensorRT-LLM
    green[2]["spec"]["template"]["spec"]["containers"][0]["args"] = [path]
    files = {"blue/all.yaml": serving(BLUE, NEW), "green/all.yaml": green}
    return rollout(folder, plan, files | {"routes/all.yaml": [route({"backendRefs": [to_pool(BLUE)]})]})


def asked(found: Rollout, slug: str = "weight-1") -> tuple[MetricGate, ...]:
    (stage,) = [stage for stage in found.stages if stage.slug == slug]
    return stage.gate.metrics


@pytest.mark.parametrize(
    ("how", "names"),
    [
        (VLLM, "vllm:time_to_first_token_seconds vllm:inter_token_latency_seconds vllm:num_requests_waiting"),
        (
            SGLANG,
            "sglang:time_to_first_token_seconds sglang:inter_token_latency_seconds sglang:num_queue_reqs",
        ),
        (
            TENSORRT,
            "trtllm_time_to_first_token_seconds trtllm_time_per_output_token_seconds "
            "trtllm_num_requests_waiting",
        ),
    ],
)
def test_every_engine_is_asked_in_its_own_names(how: dict[str, str], names: str, tmp_path: Path) -> None:
    ttft, itl, queue = names.split()
    metrics = ("time-to-first-token", "inter-token-latency", "queue")
    gates: list[Object] = [{"name": metric, "metric": metric, "max": 1} for metric in metrics]
    gates[1] |= {"percentile": 99, "window": "90s"}
    assert [gate.promql for gate in asked(shifted(tmp_path, how, *gates))] == [
        f"histogram_quantile(0.95, sum by (le) (rate({ttft}_bucket{{{PODS}}}[5m])))",
        f"histogram_quantile(0.99, sum by (le) (rate({itl}_bucket{{{PODS}}}[90s])))",
        f"avg(sum by (pod) (avg_over_time({queue}{{{PODS}}}[5m])))",
    ]


def test_errors_are_asked_of_the_picker(tmp_path: Path) -> None:
    (gate,) = asked(shifted(tmp_path, VLLM, {"name": "errors", "metric": "errors", "max": 0.01}))
    failed, all_ = (
        f"sum(rate(llm_d_epp_request_{name}{{{PICKER}}}[5m]))" for name in ("error_total", "total")
    )
    assert gate.promql == f"({failed} or vector(0)) / {all_}"
    assert (gate.bound, gate.threshold) == ("max", 0.01)


@pytest.mark.parametrize(
    ("soak", "window"), [("1h", "1h"), ("90m", "90m"), ("1h30m5s", "5405s"), (None, "5m")]
)
def test_an_answer_needs_requests(soak: str | None, window: str, tmp_path: Path) -> None:
    """However many gates of a step ask for a sample, it is asked for once, over the step's soak."""
    gates: list[Object] = [
        {"name": "a", "metric": "errors", "max": 0.01, "minRequests": 50},
        {"name": "b", "promql": "up", "min": 1, "minRequests": 200},
        {"name": "c", "promql": "up", "min": 1},
    ]
    found = shifted(tmp_path, VLLM, *gates, soak=soak or "0s")
    *_, last = metrics = asked(found)
    assert [gate.name for gate in metrics] == ["a", "b", "c", "enough-requests"]
    assert last.promql == f"sum(increase(llm_d_epp_request_total{{{PICKER}}}[{window}]))"
    assert (last.bound, last.threshold) == ("min", 200)
    assert "enough-requests" not in [gate.name for gate in asked(found, "weight-100")]


def test_an_adapter_is_told_by_its_names(tmp_path: Path) -> None:
    """The engine's own numbers are of the whole instance; the picker's queue is of the whole pool."""
    gates = [
        {"name": metric, "metric": metric, "max": 1, "minRequests": 9}
        for metric in ("errors", "time-to-first-token", "inter-token-latency", "running")
    ]
    step = {"weight": 10, "gates": [gate["name"] for gate in gates]}
    found = rollout(
        tmp_path,
        lora(step, {"weight": 100}, gates=gates),
        {"serving/all.yaml": serving(BLUE, NEW, "--enable-lora", "--max-loras=2")},
    )
    *of_alias, running, enough = (gate.promql for gate in asked(found, "weight-10"))
    for query in (*of_alias, enough):
        assert 'model_name="alias",target_model_name="v2"' in query
        assert f'pod=~"{BLUE}-epp-' in query
    assert "llm_d_epp_request_ttft_seconds_bucket" in of_alias[1]
    assert "llm_d_epp_request_streaming_itl_seconds_bucket" in of_alias[2]
    assert "vllm:num_requests_running" in running
    assert "alias" not in running


def test_prefill_gives_no_first_token(tmp_path: Path) -> None:
    """It answers with one token, to decode: its latencies are not what clients see."""
    items = serving(BLUE, NEW, image="vllm/vllm-openai:v0.22.1")
    prefill = serving("prefill", NEW)[3]
    prefill["metadata"]["labels"] = {"llm-d.ai/role": "prefill"}
    prefill["spec"]["template"]["metadata"]["labels"] = {"app": BLUE, "llm-d.ai/role": "prefill"}
    prefill["spec"]["selector"] = {"matchLabels": {"app": BLUE}}
    plan = rolling(workload=f"{BLUE}-decode", gates=["ttft"])
    plan["spec"]["gates"] = [{"name": "ttft", "metric": "time-to-first-token", "max": 1}]
    found = rollout(tmp_path, plan, {"serving/all.yaml": [*items, prefill]})
    (gate,) = asked(found, "verify")
    assert f'pod=~"{BLUE}-decode-' in gate.promql
    assert "prefill" not in gate.promql


def test_an_engine_that_nobody_knows_is_a_finding(tmp_path: Path) -> None:
    gate = {"name": "ttft", "metric": "time-to-first-token", "max": 1}
    with pytest.raises(Rejected) as rejected:
        shifted(tmp_path, {"image": "example.com/server:v1"}, gate)
    assert [found.code.id for found in rejected.value.findings if found.is_error] == ["RP338"]
    assert shifted(tmp_path, {"image": "example.com/server:v1"}, {**gate, "metric": "errors"})


KINDS: dict[str, tuple[list[str], list[str]]] = {
    "Deployment": (["a-6d4cf56db6-x7x2p"], ["a-new-6d4cf56db6-x7x2p", "a-6d4cf56db6", "b-6d4cf56db6-x7x2p"]),
    "StatefulSet": (["a-0", "a-12"], ["a-new-0", "a-0-1", "a"]),
    "LeaderWorkerSet": (["a-0", "a-0-1"], ["a-new-0", "a-0-1-2", "a-0-x"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_pattern_meets_the_pods_of_one_workload(kind: str) -> None:
    def pattern(name: str) -> str:
        workload: Manifest = manifest({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}})
        return pod_pattern(workload)

    own, others = KINDS[kind]
    assert all(re.fullmatch(pattern("a"), pod) for pod in own)
    assert not any(re.fullmatch(pattern("a"), pod) for pod in others)
    assert not re.fullmatch(pattern("a.b"), own[0].replace("a", "axb", 1))


@pytest.mark.parametrize("said", ["1h", "90s", "5m", "1h30m", "1s", "26h"])
def test_durations_are_the_same_in_prometheus(said: str) -> None:
    written = lasting(seconds(said))
    assert re.fullmatch("[1-9][0-9]*[hms]", written)
    assert seconds(written) == seconds(said)


def test_questions_of_a_version_that_never_was(tmp_path: Path) -> None:
    """A gate that no step names is not asked: it may be about an engine that is not here."""
    plan: Any = rolling()
    plan["spec"]["gates"] = [{"name": "ttft", "metric": "time-to-first-token", "max": 1}]
    items = version(BLUE)
    items[3]["spec"]["template"]["spec"]["containers"][0]["image"] = "example.com/server:v1"
    assert rollout(tmp_path, plan, {"serving/all.yaml": items})
