"""Inference engines (vLLM, SGLang, TensorRT-LLM): how they start, name models and expose metrics.

Metric names, probe paths and arguments all differ (field/model-servers, field/metrics).
The names under which the endpoint picker knows engines are those of the label `llm-d.ai/engine-type`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DEFAULT = "vllm"
"""The engine that the endpoint picker assumes for a pod without the label."""

SERVER_PORT = 8000
"""The port on which vLLM answers when nobody says else."""

METRICS_PATH = "/metrics"
"""The default path of a server's metrics."""

SERVED_FLAG = "--served-model-name"
"""The flag with the names that requests can ask for."""

TTFT, ITL, QUEUE, RUNNING = "time-to-first-token", "inter-token-latency", "queue", "running"


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """One engine: `programs` are the words that start it, `image` a part of its images' names.

    With `several` it takes more than one served name; `folder_name` that a model in a folder is
    called as the last part of its path. `metrics` has its name of each number.
    """

    name: str
    title: str
    programs: tuple[tuple[str, ...], ...]
    image: str
    model_flags: frozenset[str]
    served_flag: str = SERVED_FLAG
    several: bool = False
    folder_name: bool = False
    probes: frozenset[str]
    metrics_path: str = METRICS_PATH
    metrics: Mapping[str, str]

    def serving_as(self, names: Sequence[str]) -> str:
        """Return the argument that makes the engine serve these names; to the first, if it takes but one."""
        if self.several and len(names) > 1:
            return f"{self.served_flag} {' '.join(names)}"
        return f"{self.served_flag}={names[0]}"


_TABLE = (
    Engine(
        name="vllm",
        title="vLLM",
        programs=(
            ("vllm", "serve"),
            ("vllm.entrypoints.openai.api_server",),
            ("vllm.entrypoints.cli.main", "serve"),
        ),
        image="vllm",
        model_flags=frozenset({"--model"}),
        several=True,
        probes=frozenset({"/health", "/v1/models", "/ping", "/version", "/load", "/metrics"}),
        metrics={
            TTFT: "vllm:time_to_first_token_seconds",
            ITL: "vllm:inter_token_latency_seconds",
            QUEUE: "vllm:num_requests_waiting",
            RUNNING: "vllm:num_requests_running",
        },
    ),
    Engine(
        name="sglang",
        title="SGLang",
        programs=(("sglang.launch_server",), ("sglang", "serve")),
        image="sglang",
        model_flags=frozenset({"--model-path", "--model"}),
        probes=frozenset(
            {"/health", "/health_generate", "/v1/models", "/get_model_info", "/model_info", "/metrics"}
        ),
        metrics={
            TTFT: "sglang:time_to_first_token_seconds",
            ITL: "sglang:inter_token_latency_seconds",
            QUEUE: "sglang:num_queue_reqs",
            RUNNING: "sglang:num_running_reqs",
        },
    ),
    Engine(
        name="trtllm-serve",
        title="TensorRT-LLM",
        programs=(("trtllm-serve", "serve"), ("trtllm-serve",)),
        image="tensorrt-llm",
        model_flags=frozenset(),
        served_flag="--served_model_name",
        folder_name=True,
        probes=frozenset({"/health", "/v1/models", "/version", "/metrics", "/prometheus/metrics"}),
        metrics_path="/prometheus/metrics",  # its /metrics holds no text that Prometheus reads
        metrics={
            TTFT: "trtllm_time_to_first_token_seconds",
            ITL: "trtllm_time_per_output_token_seconds",  # of a whole request: it has no other
            QUEUE: "trtllm_num_requests_waiting",
            RUNNING: "trtllm_num_requests_running",
        },
    ),
)

ENGINES = {engine.name: engine for engine in _TABLE}
"""Engine by the value of its label."""
