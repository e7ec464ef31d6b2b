"""Engines as manifests start them: which one it is, its model, and the names that it answers to."""

from __future__ import annotations

from typing import Any

import pytest

from generator.kubernetes.engines import ENGINES
from generator.kubernetes.model_servers import engine_of, servers_in
from generator.load import load_manifests
from generator.model.findings import value_of
from generator.model.manifests import Manifest, Origin, identity_of
from generator.model.source import Source
from generator.pipeline import Collector
from tests.support.paths import ROOT
from tests.support.small_plans import deployment


def workload(container: dict[str, Any], **labels: str) -> Manifest:
    data = deployment("server", {"app": "x", **labels}, {"name": "modelserver"} | container)
    return manifest(data)


def manifest(data: dict[str, Any]) -> Manifest:
    (document,) = value_of(load_manifests(Source(name="x.yaml", text="kind: X")))
    return Manifest(identity=identity_of(data), data=data, bundle="blue", origin=Origin(document=document))


def said(container: dict[str, Any]) -> tuple[str, str, tuple[str, ...]] | None:
    found = servers_in(workload(container))
    return (found[0].engine.name, found[0].model, found[0].names) if found else None


SCRIPT = """\
# vllm serve is below
find /dev/shm -type f -delete
exec vllm serve \\
  deepseek-ai/DeepSeek-R1 \\
  --port 8200 \\
  --kv_transfer_config '{"kv_role":"kv_both",
                         "x": 1}' --served-model-name r1 deepseek \\
  --max-num-seqs ${MAX_TOKENS}
  # --served-model-name later
"""
M = "Qwen/Qwen3-32B"


@pytest.mark.parametrize(
    ("container", "wanted"),
    [
        ({"image": "vllm/vllm-openai:v0.23.0", "args": [M]}, ("vllm", M, (M,))),
        ({"image": "vllm/vllm-openai:v0.23.0", "args": ["--model", M, "-tp=2"]}, ("vllm", M, (M,))),
        ({"image": "mine:v1", "command": ["vllm", "serve"], "args": [M]}, ("vllm", M, (M,))),
        ({"command": ["/opt/bin/vllm", "serve", M, "--served-model-name=a"]}, ("vllm", M, ("a",))),
        ({"command": ["vllm", "serve", M, "--served-model-name", "a", "b", "-x"]}, ("vllm", M, ("a", "b"))),
        (
            {"command": ["vllm", "serve", M, "--served-model-name=a", "--served_model_name=b"]},
            ("vllm", M, ("b",)),
        ),
        (
            {"command": ["/bin/bash", "-c"], "args": [SCRIPT]},
            ("vllm", "deepseek-ai/DeepSeek-R1", ("r1", "deepseek")),
        ),
        ({"command": ["sh", "-ec", "vllm serve 'unfinished"]}, ("vllm", "'unfinished", ("'unfinished",))),
        (
            {"command": ["python3", "-m", "sglang.launch_server"], "args": ["--model-path", M]},
            ("sglang", M, (M,)),
        ),
        (
            {"image": "lmsysorg/sglang:v0.5", "args": ["--model-path=/m", "--served-model-name=a"]},
            ("sglang", "/m", ("a",)),
        ),
        ({"command": ["trtllm-serve", M, "--host", "0.0.0.0"]}, ("trtllm-serve", M, (M,))),
        (
            {"command": ["trtllm-serve", "serve", "/models/qwen3/"]},
            ("trtllm-serve", "/models/qwen3/", ("qwen3",)),
        ),
        ({"command": ["trtllm-serve", "serve", M, "--served_model_name=a"]}, ("trtllm-serve", M, ("a",))),
        (
            {"command": ["vllm", "serve", "$(MODEL)"], "env": [{"name": "MODEL", "value": M}]},
            ("vllm", M, (M,)),
        ),
        ({"command": ["vllm", "serve", "$(MODEL)"]}, ("vllm", "", ())),
        ({"command": ["vllm", "serve", "--config=/etc/vllm.yaml"]}, ("vllm", "", ())),
        ({"command": ["vllm", "serve", M, "--served-model-name", "a", "$NAME"]}, ("vllm", M, ())),
        ({"image": "vllm/vllm-openai:v0.23.0", "command": ["/start"]}, None),
        ({"image": "example.com/server:v1", "args": [M]}, None),
    ],
)
def test_a_command_line_is_read(container: dict[str, Any], wanted: Any) -> None:
    assert said(container) == wanted


@pytest.mark.parametrize("name", ENGINES)
def test_a_label_tells_the_engine_where_the_command_does_not(name: str) -> None:
    server = {"image": "example.com/server:v1"}
    assert engine_of(workload(server, **{"llm-d.ai/engine-type": name})) is ENGINES[name]
    assert engine_of(workload(server, **{"llm-d.ai/engine-type": "other"})) is None
    assert engine_of(workload(server)) is None


def test_engines_differ_in_every_number() -> None:
    names = [name for engine in ENGINES.values() for name in engine.metrics.values()]
    assert len(names) == len(set(names)) == 4 * len(ENGINES)
    assert {"/health", "/v1/models"} <= set.intersection(*(set(engine.probes) for engine in ENGINES.values()))


@pytest.mark.parametrize("name", ["base-model", "blue-green", "leader-worker-set", "lora-adapter"])
def test_the_examples_run_vllm(name: str) -> None:
    found = Collector()
    items = [
        manifest(document.data)
        for path in (ROOT / "plans" / name).rglob("model-server.yaml")
        for document in found.collect(load_manifests(Source(name=path.name, text=path.read_text("utf-8"))))
    ]
    servers = [server for item in items for server in servers_in(item)]
    assert servers
    assert not found.all
    assert {server.engine.name for server in servers} == {"vllm"}
    assert all(server.model and server.names for server in servers)
