"""Inference engines (vLLM, SGLang, TensorRT-LLM): how they start, name models and expose metrics.

Metric names, probe paths and arguments all differ (field/model-servers, field/metrics).
The names under which the endpoint picker knows engines are those of the label `llm-d.ai/engine-type`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.kubernetes.pods import pod_templates
from generator.kubernetes.workloads import container_paths, main_container
from generator.model.manifests import Manifest
from generator.model.source import Path

ENGINE_LABEL = "llm-d.ai/engine-type"
DEFAULT = "vllm"
"""The engine that the endpoint picker assumes for a pod without the label."""

METRICS_PATH = "/metrics"
"""The default path of a server's metrics."""

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
    served_flag: str
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
        programs=(("vllm", "serve"), ("vllm.entrypoints.openai.api_server",)),
        image="vllm",
        model_flags=frozenset({"--model"}),
        served_flag="--served-model-name",
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
        served_flag="--served-model-name",
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A container that serves: the engine in it, the model, the names that it answers to, and its place.

    `model` and `names` are empty where the manifest does not say them.
    """

    engine: Engine
    model: str
    names: tuple[str, ...]
    path: Path


def servers_in(workload: Manifest) -> tuple[Server, ...]:
    """Return what a workload's serving containers run; a container whose engine is not known is left out."""
    name = main_container(workload)
    paths = container_paths(workload)[name] if name else ()
    found = ((path, workload.get(*path)) for path in paths)
    return tuple(server for path, container in found if (server := _server(container, path)))


def engine_of(workload: Manifest) -> Engine | None:
    """Return the engine of a workload: the one that its command starts, or else that of its pods' label."""
    started = [server.engine for server in servers_in(workload)]
    labelled = (
        str(workload.get(*path, "metadata", "labels", ENGINE_LABEL)) for path in pod_templates(workload)
    )
    return next(iter(started), None) or next((ENGINES[name] for name in labelled if name in ENGINES), None)


def _server(container: Mapping[str, Any], path: Path) -> Server | None:
    started = _started(_words(container)) or _by_image(container)
    if started is None:
        return None
    engine, arguments = started
    model = _model(engine, arguments)
    names = tuple(_values(arguments, engine.served_flag)) or _own_name(engine, model)
    return Server(
        engine=engine,
        model=model if _is_known(model) else "",
        names=names if all(map(_is_known, names)) else (),
        path=path,
    )


def _own_name(engine: Engine, model: str) -> tuple[str, ...]:
    if engine.folder_name and model.startswith("/"):
        return (model.rstrip("/").rpartition("/")[2],)
    return (model,)


def _by_image(container: Mapping[str, Any]) -> tuple[Engine, list[str]] | None:
    """Find the engine that an image starts by itself; a command of the manifest's own takes its place."""
    image = str(container.get("image", "")).lower()
    engine = next((engine for engine in _TABLE if engine.image in image), None)
    return (engine, _words(container)) if engine and not container.get("command") else None


def _started(words: Sequence[str]) -> tuple[Engine, list[str]] | None:
    """Find the program that a command line starts, and return its arguments."""
    names = [word.rpartition("/")[2] for word in words]
    for engine in _TABLE:
        for program in engine.programs:
            for start in range(len(names) - len(program) + 1):
                if tuple(names[start : start + len(program)]) == program:
                    return engine, list(words[start + len(program) :])
    return None


def _model(engine: Engine, arguments: Sequence[str]) -> str:
    """Return the model: the value of its flag, or the first argument if that is no flag."""
    flagged = [value for flag in sorted(engine.model_flags) for value in _values(arguments, flag)]
    positional = [word for word in arguments[:1] if not word.startswith("-")]
    return next(iter([*flagged, *positional]), "")


def _values(arguments: Sequence[str], flag: str) -> list[str]:
    """Return the values of a flag, written with `=` or as the words after it; the last use counts."""
    found: list[str] = []
    for place, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name.replace("_", "-") != flag.replace("_", "-"):
            continue
        found = [value] if equals else list(_plain(arguments[place + 1 :]))
    return found


def _plain(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        if word.startswith("-"):
            return
        yield word


def _is_known(text: str) -> bool:
    """Return whether a text says all of itself; what a variable holds, only the pod knows."""
    return bool(text) and "$" not in text


def _words(container: Mapping[str, Any]) -> list[str]:
    """Return the words of a container's command line, with literal variables filled in and scripts read."""
    given = [str(word) for key in ("command", "args") for word in container.get(key) or ()]
    values = {entry["name"]: str(entry["value"]) for entry in container.get("env") or () if "value" in entry}
    words: list[str] = []
    for before, word in zip(["", *given], given, strict=False):
        words += _script(word) if re.fullmatch(r"-[a-z]*c", before) else [word]
    return [_VARIABLE.sub(lambda match: values.get(match["name"], match[0]), word) for word in words]


_VARIABLE = re.compile(r"\$(?P<open>[({])?(?P<name>\w+)(?(open)[)}])")


def _script(text: str) -> list[str]:
    """Return the words of a shell script, as far as they can be told without running it."""
    lines = text.replace("\\\n", " ")
    try:
        return shlex.split(lines, comments=True)
    except ValueError:
        return lines.split()
