"""Command lines in every spelling that programs take: whoever reads one finds the same in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.kubernetes.commands import Arguments, arguments_of, flag_of, with_flags, with_values
from generator.kubernetes.containers import Container
from generator.kubernetes.model_servers import adapter_directory, servers_in
from generator.kubernetes.router import endpoint_selector
from generator.kubernetes.workloads import elects_leader
from generator.model.manifests import Manifest
from generator.pipeline import compile_plan
from generator.proof.pods import models
from generator.stages.green.follow import follow
from tests.kubernetes.test_engines import manifest
from tests.support.paths import ROOT
from tests.support.small_plans import deployment

SERVE = ["vllm", "serve", "org/m"]


def vllm(args: list[str], command: list[str] | None = None, **more: Any) -> Manifest:
    image = "vllm/vllm-openai:v0.23.0"
    server = {"name": "modelserver", "image": image, "command": command or SERVE, "args": args} | more
    return manifest(deployment("server", {"app": "x"}, server))


def script(text: str, **more: Any) -> Manifest:
    return vllm([text], ["/bin/bash", "-ec"], **more)


def variable(name: str, value: str) -> dict[str, Any]:
    return {"env": [{"name": name, "value": value}]}


SERVERS = {
    "equals": vllm(["--served-model-name=a", "--max-loras=4", "--enable-lora", "--lora-modules=v1=/v1"]),
    "two words": vllm(
        ["--served-model-name", "a", "--max-loras", "4", "--lora-modules", "v1=/v1", "--enable-lora"]
    ),
    "underscores": vllm(["--served_model_name=a", "--max_loras=4", "--enable_lora", "--lora_modules=v1=/v1"]),
    "underscores, two words": vllm(
        ["--served_model_name", "a", "--max_loras", "4", "--lora_modules", "v1=/v1", "--enable_lora"]
    ),
    "mixed": vllm(["--served_model-name", "a", "--max-loras=4", "--enable-lora", "--lora_modules", "v1=/v1"]),
    "all in the command": vllm(
        [],
        [*SERVE, "--served-model-name", "a", "--max-loras", "4", "--enable-lora", "--lora-modules", "v1=/v1"],
    ),
    "a value in the next list": vllm(
        ["a", "--max-loras=4", "--enable-lora", "--lora-modules=v1=/v1"], [*SERVE, "--served_model_name"]
    ),
    "the last one counts": vllm(
        [
            "--served-model-name=b",
            "--max-loras=1",
            "--no-enable-lora",
            "--lora-modules=v0=/v0",
            "--served_model_name",
            "a",
            "--max_loras",
            "4",
            "--enable-lora",
            "--lora-modules",
            "v1=/v1",
        ]
    ),
    "adapters in JSON": vllm(
        ["--served-model-name=a", "--max-loras=4", "--enable-lora", "--lora-modules", '{"name": "v1"}']
    ),
    "the model's flag": vllm(
        ["--served-model-name=a", "--max-loras=4", "--enable-lora", "--lora-modules=v1=/v1"],
        ["python3", "-m", "vllm.entrypoints.openai.api_server", "--model", "org/m"],
    ),
    "a variable": vllm(
        ["--served-model-name=$(NAME)", "--max-loras=4", "--enable-lora", "--lora-modules=v1=/v1"],
        **variable("NAME", "a"),
    ),
    "a script": script(
        "set -e # --max-loras=1\nexec vllm serve org/m \\\n  --served-model-name a --max-loras=4 \\\n"
        "  --enable-lora --lora-modules 'v1=/v1'\n"
    ),
    "a script of several commands": script(
        "sleep 1 && vllm serve \\\n org/m --served_model_name 'a' --max-loras 4 --enable-lora "
        "--lora-modules v1=/v1; echo --max-loras=1 --no-enable-lora"
    ),
    "a script's variable": script(
        'exec vllm serve "org/m" --served-model-name "${NAME}" --max-loras=4 \\\n'
        "--enable-lora --lora-modules v1=/v1",
        **variable("NAME", "a"),
    ),
    "a script's arguments": vllm(
        ["--served-model-name=a", "--max-loras=4", "--enable-lora", "--lora-modules", "v1=/v1"],
        ["sh", "-c", 'exec vllm serve org/m "$@"', "vllm"],
    ),
    "a shell behind another program": vllm(
        ["exec vllm serve org/m --served-model-name a --max-loras=4 --enable-lora --lora-modules v1=/v1"],
        ["tini", "--", "/bin/bash", "-o", "pipefail", "-c"],
    ),
}


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_every_reader_finds_the_same_of_a_server(server: Manifest) -> None:
    path = ("spec", "template", "spec", "containers", 0)
    one = Container(workload=server, path=path, data=server.get(*path))
    assert (one.is_vllm, one.model, one.served, one.modules) == (
        True,
        "org/m",
        frozenset("a"),
        frozenset({"v1"}),
    )
    assert (one.flag("--max-loras"), one.arguments.is_on("--enable-lora")) == ("4", True)
    assert [(found.engine.name, found.model, found.names) for found in servers_in(server)] == [
        ("vllm", "org/m", ("a",))
    ]
    assert models(server) == {"a", "v1"}


SPELLINGS = {
    "equals": ["--served-model-name=Qwen/Qwen3-32B"],
    "two words": ["--served-model-name", "Qwen/Qwen3-32B"],
    "underscores": ["--served_model_name=Qwen/Qwen3-32B"],
    "underscores, two words": ["--served_model_name", "Qwen/Qwen3-32B"],
    "several": ["--served-model-name", "Qwen/Qwen3-32B", "chat"],
    "twice": ["--served-model-name=chat", "--served_model_name=Qwen/Qwen3-32B"],
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_plan_holds_in_every_spelling(tmp_path: Path, spelling: list[str]) -> None:
    example = ROOT / "plans" / "lora-adapter"
    for file in (file for file in example.rglob("*") if file.is_file()):
        path = tmp_path / file.relative_to(example)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"        - {word}\n" for word in spelling)
        path.write_text(
            file.read_text("utf-8").replace("        - --served-model-name=Qwen/Qwen3-32B\n", lines), "utf-8"
        )
    wanted, found = (compile_plan(folder / "plan.yaml") for folder in (example, tmp_path))
    assert [one.code for one in found.warnings] == [one.code for one in wanted.warnings]
    assert [stage.gate for stage in found.rollout.stages] == [stage.gate for stage in wanted.rollout.stages]


def picker(*args: str, **more: Any) -> Manifest:
    return manifest(
        deployment("epp", {"epp": "x"}, {"name": "epp", "image": "epp", "args": list(args)} | more)
    )


PICKERS = {
    "equals": picker("--pool-name=blue", "--ha-enable-leader-election", "--endpoint-selector=app=x,b=y"),
    "two words": picker(
        "--pool-name", "blue", "--endpoint-selector", "app=x,b=y", "--ha-enable-leader-election"
    ),
    "one dash": picker("-pool-name=blue", "-ha-enable-leader-election=true", "-endpoint-selector=app=x,b=y"),
    "one dash, two words": picker(
        "-pool-name", "blue", "-endpoint-selector", "app=x,b=y", "-ha-enable-leader-election=1"
    ),
    "old names": picker("--poolName", "blue", "--endpointSelector=app=x,b=y", "--haEnableLeaderElection"),
    "the last one counts": picker(
        *(
            "--pool-name=other",
            "--pool-name",
            "blue",
            "--endpoint-selector",
            "c=z",
            "--endpoint-selector=app=x,b=y",
        ),
        *("--ha-enable-leader-election=false", "--ha-enable-leader-election=true"),
    ),
    "in the command": picker(
        "blue",
        "--ha-enable-leader-election=True",
        command=["/epp", "--endpoint-selector=app=x,b=y", "--pool-name"],
    ),
    "a variable": picker(
        *("--pool-name", "$(POOL)", "--endpoint-selector=app=x,b=y", "--ha-enable-leader-election"),
        **variable("POOL", "blue"),
    ),
    "a script": picker(
        "exec /epp -v 2 --pool-name 'blue' --endpoint-selector \"app=x,b=y\" --ha-enable-leader-election",
        command=["sh", "-c"],
    ),
}


@pytest.mark.parametrize("workload", PICKERS.values(), ids=PICKERS)
def test_every_reader_finds_the_same_of_a_picker(workload: Manifest) -> None:
    (container,) = workload.get("spec", "template", "spec", "containers")
    assert arguments_of(container).flag("--pool-name") == "blue"
    assert endpoint_selector(workload) == {"app": "x", "b": "y"}
    assert elects_leader(workload)
    followed = follow(workload, {("InferencePool", "blue"): "green"}, "llm-d")
    (container,) = followed.get("spec", "template", "spec", "containers")
    assert arguments_of(container).flag("--pool-name") == "green"
    assert endpoint_selector(followed) == {"app": "x", "b": "y"}
    moved = with_values(container, {"--endpoint-selector"}, lambda text: text.replace("b=y", "b=w"))
    assert arguments_of(moved).flag("--endpoint-selector") == "app=x,b=w"
    assert arguments_of(moved).flag("--pool-name") == "green"


@pytest.mark.parametrize(
    ("container", "wanted"),
    [
        ({"args": ["--inference-pool=llm-d/blue"]}, {"args": ["--inference-pool=llm-d/green"]}),
        ({"args": ["--inference-pool-name", "blue"]}, {"args": ["--inference-pool-name", "green"]}),
        (variable("INFERENCE_POOL", "llm-d/blue"), variable("INFERENCE_POOL", "llm-d/green")),
        (variable("INFERENCE_POOL_NAME", "blue"), variable("INFERENCE_POOL_NAME", "green")),
        ({"args": ["--config-file=blue", "blue"]}, {"args": ["--config-file=blue", "blue"]}),
        ({"args": ["--pool-name"]}, {"args": ["--pool-name"]}),
    ],
)
def test_a_sidecar_follows_its_pool(container: Any, wanted: Any) -> None:
    workload = manifest(deployment("server", {"app": "x"}, {"name": "routing-proxy"} | container))
    (followed,) = follow(workload, {("InferencePool", "blue"): "green"}, "llm-d").get(
        "spec", "template", "spec", "containers"
    )
    assert followed == {"name": "routing-proxy"} | wanted


@pytest.mark.parametrize(
    ("word", "flag"),
    [
        ("--flag-name", "--flag-name"),
        ("--flag_name=a_b", "--flag-name"),
        ("-flag-name=x", "--flag-name"),
        ("--flagName", "--flag-name"),
        ("--no-flag-name", "--flag-name"),
        ("--no_flag_name", "--flag-name"),
        ("-tp", "--tensor-parallel-size"),
        ("-tp=2", "--tensor-parallel-size"),
        ("-c", "-c"),
        ("-1", "-1"),
        ("a_b", "a_b"),
        ("--", "--"),
    ],
)
def test_a_flag_has_one_spelling(word: str, flag: str) -> None:
    assert flag_of(word) == flag


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["--a=1"], "1"),
        (["--a", "1"], "1"),
        (["--a", "-1"], "-1"),
        (["--a", "-.5"], "-.5"),
        (["--a", "-"], "-"),
        (["--a", ""], ""),
        (["--a="], ""),
        (["--a"], ""),
        (["--a", "--b"], ""),
        (["--a", "-b", "1"], ""),
        (["--a=1", "--a"], ""),
        (["--a=1", "--no-a"], None),
        (["--no-a", "--a=1"], "1"),
        (["--aa=1"], None),
        (["a", "1"], None),
    ],
)
def test_a_value_is_what_the_program_takes_for_it(words: list[str], value: str | None) -> None:
    assert Arguments(words=tuple(words)).flag("--a") == value


def test_a_flag_with_several_values_is_replaced_with_all_of_them() -> None:
    old = ["m", "--served-model-name", "a", "b", "--port=1"]
    assert with_flags(old, ["--served-model-name=c"]) == ["m", "--served-model-name=c", "--port=1"]
    assert with_flags(["-tp", "2", "m"], ["--tensor-parallel-size=4"]) == ["--tensor-parallel-size=4", "m"]
    assert with_flags(["--enable-lora", "m"], ["--no-enable-lora"]) == ["--no-enable-lora", "m"]


def test_what_follows_a_script_is_not_the_programs() -> None:
    container = {"command": ["sh", "-c", "exec vllm serve m"], "args": ["--max-loras=4"]}
    assert arguments_of(container).flag("--max-loras") is None


def test_a_name_that_only_the_pod_knows_leaves_open_what_a_server_answers_to() -> None:
    assert models(vllm(["--served-model-name=$(NAME)", "--lora-modules=v1=/v1"])) == frozenset()


def test_a_server_that_is_not_known_is_read_as_vllm() -> None:
    image = "ghcr.io/llm-d/llm-d-inference-sim:v0.5"
    sim = {"name": "sim", "image": image, "args": ["--model", "org/m", "--lora-modules", "v1=/v1", "v2=/v2"]}
    assert models(manifest(deployment("sim", {"app": "x"}, sim))) == {"org/m", "v1", "v2"}
    mute = {"name": "sim", "image": image, "command": ["/start", "org/m"]}
    assert models(manifest(deployment("sim", {"app": "x"}, mute))) == frozenset()


def test_the_directory_of_adapters_is_the_variables_or_the_default() -> None:
    assert adapter_directory(variable("VLLM_LORA_RESOLVER_CACHE_DIR", "/cache")) == "/cache"
    assert adapter_directory({}) == "/adapters"
