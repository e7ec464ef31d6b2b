"""Every command of every runbook is run, top to bottom, and what it promises is then so in the API server."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from generator.stages.blue_green.parameters import BlueGreen
from generator.stages.lora_adapter.parameters import LoraAdapter
from generator.stages.rolling_update.strategy import RollingUpdate
from tests.oracles.cluster import Cluster, Object
from tests.oracles.world.controllers import OWNER, WORKLOADS
from tests.oracles.world.servers import ADAPTERS
from tests.support.runbooks import EXAMPLES, Scene, compiled, identity, scene

PROMTOOL = shutil.which("promtool")
SPLITTING = ("HTTPRoute", "InferenceModelRewrite")


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_command_does_what_it_promises(name: str, cluster: Cluster, tmp_path: Path) -> None:
    with scene(name, cluster, tmp_path) as set_up, set_up.world.controllers.working():
        stages = [stage["name"] for stage in set_up.example.data["stages"]]
        shown, before = [], set_up.stored()
        for part, blocks in groupby(set_up.example.blocks, key=lambda block: block.part):
            said = {block.text: set_up.must(block.text) for block in blocks if block.language == "sh"}
            if part in stages:
                shown.append(part)
                assert (f"kubectl apply -k stages/{part}\n" in said) == bool(stage_of(set_up, part)["apply"])
                after = set_up.stored()
                is_as_promised(set_up, stages.index(part), before, after)
                before = after
        # A stage without a command of its own is the one before it, longer.
        assert shown == [stage for stage in stages if stage in shown]
        assert all(not stage["apply"] or stage["name"] in shown for stage in set_up.example.data["stages"])


def stage_of(set_up: Scene, name: str) -> Object:
    return next(stage for stage in set_up.example.data["stages"] if stage["name"] == name)


def is_as_promised(
    set_up: Scene, index: int, before: Mapping[str, Object], stored: Mapping[str, Object]
) -> None:
    """Hold what is stored against a stage's snapshot and `rollout.json`, and what its strategy promises."""
    stage = set_up.example.data["stages"][index]
    assert set(stored) == {identity(item) for item in set_up.example.rollout.stages[index].objects}
    for split in stage["splits"]:
        weights = {backend["name"]: backend["weight"] for backend in split["backends"]}
        rules = stored[identity(split["object"])]["spec"]["rules"]
        rule = next(r for n, r in enumerate(rules) if split["rule"] in (r.get("name"), f"rules[{n}]"))
        assert split_of(rule) == weights
    changed = {
        name for name, item in stored.items() if name not in before or wanted(item) != wanted(before[name])
    }
    assert not index or changed == {identity(item) for item in stage["apply"]}
    strategy, slug = set_up.example.rollout.plan.type, stage["name"].partition("-")[2]
    if promise := PROMISES.get((strategy, slug)):
        promise(set_up)


def wanted(live: Object) -> Object:
    """A stored object without what its status brings along; its generation stays."""
    noise = {"managedFields", "resourceVersion"}
    metadata = {key: value for key, value in live["metadata"].items() if key not in noise}
    return {key: value for key, value in live.items() if key != "status"} | {"metadata": metadata}


def split_of(rule: Object) -> dict[str, int]:
    """The weights of a rule, by the name of its pool or adapter."""
    backends = rule["backendRefs"] if "backendRefs" in rule else rule["targets"]
    return {ref["name"] if "name" in ref else ref["modelRewrite"]: ref.get("weight", 1) for ref in backends}


def beta_reaches_green(set_up: Scene) -> None:
    parameters = BlueGreen.of(set_up.example.rollout.plan)
    request, pool = set_up.world.servers.passed[-1]
    beta = next(beta for beta in parameters.betas if request.headers[beta.name] == beta.value)
    (candidate,) = (one for one in parameters.candidates if one.name == beta.candidate)
    assert pool == candidate.pool.value


def blue_is_gone(set_up: Scene) -> None:
    owners = {pod["metadata"]["labels"][OWNER] for pod in set_up.world.api.all("Pod")}
    assert {f"deployment.apps/{owner}" for owner in owners} <= set(set_up.stored())


def template_of(workload: Object) -> Object:
    """The template of a workload's pods: of the workers, where they have a leader."""
    spec = workload["spec"]
    found: Object = spec["template"] if "template" in spec else spec["leaderWorkerTemplate"]["workerTemplate"]
    return found


def pods_run_the_new_image(set_up: Scene) -> None:
    assert new_pods(set_up) == (4, 4)


def one_group_is_new(set_up: Scene) -> None:
    """A group is a leader and a worker: both are new, and those of the other groups are not."""
    assert new_pods(set_up) == (2, 8)


def all_groups_are_new(set_up: Scene) -> None:
    assert new_pods(set_up) == (8, 8)


def new_pods(set_up: Scene) -> tuple[int, int]:
    """How many pods of the updated workload run the new image, and how many there are."""
    parameters = RollingUpdate.of(set_up.example.rollout.plan)
    assert parameters.workload is not None
    pods = set_up.world.api.running({OWNER: parameters.workload.value})
    new = parameters.update.fields["image"]
    return sum([each["image"] for each in pod["spec"]["containers"]] == [new] for pod in pods), len(pods)


def loaded(set_up: Scene) -> list[set[str]]:
    """The adapters of each model server."""
    (pool,) = set_up.world.api.all("InferencePool")
    pods = set_up.world.api.running(pool["spec"]["selector"]["matchLabels"])
    return [set_up.world.servers.loaded.get(pod["metadata"]["name"], set()) for pod in pods]


def every_pod_has_the_candidate(set_up: Scene) -> None:
    adapters = loaded(set_up)
    assert len(adapters) == 4
    assert all(LoraAdapter.of(set_up.example.rollout.plan).candidates[0].name in pod for pod in adapters)


def the_alias_is_answered(set_up: Scene) -> None:
    request, _ = set_up.world.servers.passed[-1]
    assert request.body["model"] == LoraAdapter.of(set_up.example.rollout.plan).alias.value


def the_stable_adapter_is_nowhere(set_up: Scene) -> None:
    parameters = LoraAdapter.of(set_up.example.rollout.plan)
    assert loaded(set_up) == [{parameters.candidates[0].name}] * 4
    files = [path.name for path in (set_up.world.servers.files / ADAPTERS).iterdir()]
    assert files == [parameters.candidates[0].name]


PROMISES: Mapping[tuple[str, str], Callable[[Scene], None]] = {
    ("blue-green", "beta"): beta_reaches_green,
    ("blue-green", "cleanup"): blue_is_gone,
    ("rolling-update", "update"): pods_run_the_new_image,
    ("rolling-update", "partition-3"): one_group_is_new,
    ("rolling-update", "partition-0"): all_groups_are_new,
    ("lora-adapter", "preload"): every_pod_has_the_candidate,
    ("lora-adapter", "weight-10"): the_alias_is_answered,
    ("lora-adapter", "unload"): the_stable_adapter_is_nowhere,
}
"""What a stage of a strategy promises beyond the objects and weights that are stored."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_way_back_leads_back_from_every_stage(name: str, cluster: Cluster, tmp_path: Path) -> None:
    with scene(name, cluster, tmp_path) as set_up, set_up.world.controllers.working():
        set_up.must("kubectl apply -k stages/00-baseline")
        start, applied = set_up.stored(), set[str]()
        back, give_up = set_up.example.way_back()
        for index in range(1, len(set_up.example.data["stages"]) - 1):
            set_up.reach(index, applied)
            for block in back:
                set_up.must(block.text)
            stored = set_up.stored()
            assert serving({key: stored[key] for key in start}) == serving(start)
        for block in give_up:
            set_up.must(block.text)
        if not give_up:
            set_up.must("kubectl apply -k stages/00-baseline")
        end = set_up.stored()
        assert {key: item.get("spec") for key, item in end.items()} == {
            key: item.get("spec") for key, item in start.items()
        }


def serving(stored: Mapping[str, Object]) -> Object:
    """What clients notice: the backends that get requests, by what is asked for, and the images there."""
    found: dict[Any, Any] = {}
    for key, item in stored.items():
        for rule in item["spec"]["rules"] if item["kind"] in SPLITTING else ():
            asked = json.dumps(rule["matches"], sort_keys=True)
            found[key, asked] = {name for name, weight in split_of(rule).items() if weight}
        if item["kind"] in WORKLOADS:
            found[key] = [each["image"] for each in template_of(item)["spec"]["containers"]]
    return found


@pytest.mark.kustomize
def test_what_machines_run_is_what_people_run(tmp_path: Path) -> None:
    for name in EXAMPLES:
        example = compiled(name, "elsewhere", tmp_path)
        shown = "".join(block.text for block in example.blocks)
        scripts = list(values(example.data, "script"))
        assert scripts or example.data["plan"]["strategy"] == "rolling-update"
        # A deletion waits for several workloads in one script.
        assert all(f"{script}\n" in shown or f"{script} &&\n" in shown for script in scripts)


def values(data: Any, key: str) -> Iterator[str]:
    if isinstance(data, dict):
        yield from ([data[key]] if key in data else ())
        data = list(data.values())
    for item in data if isinstance(data, list) else ():
        yield from values(item, key)


@pytest.mark.oracle("promtool")
@pytest.mark.parametrize("name", EXAMPLES)
def test_prometheus_reads_every_query(name: str, tmp_path: Path) -> None:
    example = compiled(name, "elsewhere", tmp_path)
    queries = [block.text for block in example.blocks if block.language != "sh"]
    assert {block.language for block in example.blocks} == {"sh", "promql"}
    assert promtool(queries, tmp_path) == 0
    assert promtool([*queries, "sum(rate(x[5m])"], tmp_path) == 1, "it would not have noticed"


def promtool(queries: list[str], tmp_path: Path) -> int:
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"groups": [{"name": "gates", "rules": rules}]}), encoding="utf-8")
    return subprocess.run(
        [str(PROMTOOL), "check", "rules", str(path)], capture_output=True, check=False
    ).returncode
