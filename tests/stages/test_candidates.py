"""Blue against several candidates: weights, headers, gates, replicas, and who is left in the end."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.model.findings import Rejected
from generator.model.manifests import Identity
from generator.model.rollout import Rollout, Stage
from generator.model.weights import percent
from generator.pipeline import compile_plan
from tests.stages.test_capacity import model
from tests.stages.test_derive import router
from tests.support.derived import bundle, overlaps, stale_references, write_plan
from tests.support.small_plans import (
    Files,
    Object,
    Tree,
    blue_green,
    candidates,
    rendered,
    rollout,
    route,
    to_pool,
    to_service,
    versions,
)

TO_BLUE = {"backendRefs": [to_pool("blue-pool")]}
FILES: Files = {**versions("blue", "a", "b"), "routes/all.yaml": [route(TO_BLUE)]}
STEPS: list[Object] = [{"weights": {"a": 5, "b": 2.5}}, {"weights": {"b": 20}}, {"promote": "a"}]

Render = Callable[..., Tree]
Stages = Callable[..., dict[str, Stage]]
Make = Callable[..., Rollout]


def plan(*steps: Object, **more: list[Object]) -> Object:
    return blue_green(*(steps or STEPS), candidates=candidates("a", "b"), **more)


@pytest.fixture
def render(tmp_path: Path) -> Render:
    return lambda plan, files=FILES: rendered(tmp_path, plan, files)


@pytest.fixture
def stages(tmp_path: Path) -> Stages:
    """The stages of a plan by their slugs."""
    return lambda plan, files=FILES: {stage.slug: stage for stage in rollout(tmp_path, plan, files).stages}


def weights(tree: Tree, stage: str, rule: int = -1) -> dict[str, int]:
    rules = tree.read(f"stages/{stage}/httproute-llm-route.yaml")["spec"]["rules"]
    return {ref["name"]: ref["weight"] for ref in rules[rule]["backendRefs"]}


def test_stages_say_the_shares_and_every_pool_keeps_its_place(render: Render) -> None:
    tree = render(plan())
    assert tree.stages[3:] == [
        "03-attach",
        "04-weight-a-5-b-2-5",
        "05-weight-b-20",
        "06-weight-a-100",
        "07-drain",
        "08-finalize",
        "09-cleanup",
    ]
    assert [list(weights(tree, stage).values()) for stage in tree.stages[3:8]] == [
        [1000, 0, 0],
        [925, 50, 25],
        [800, 0, 200],
        [0, 1000, 0],
        [0, 1000, 0],
    ]
    assert weights(tree, "08-finalize") == {"a-pool": 1000}


def test_the_table_names_every_version(stages: Stages) -> None:
    found = stages(plan())
    (split,) = found["weight-a-5-b-2-5"].splits
    assert [(backend.version, percent(backend.share)) for backend in split.backends] == [
        ("blue", "92.5"),
        ("a", "5"),
        ("b", "2.5"),
    ]
    assert found["weight-b-20"].title == "20 % of requests reach b"
    assert found["deploy-model"].title == "a's and b's model servers start, without requests"


def test_blue_and_the_losers_drain_and_go_in_one_safe_order(render: Render, stages: Stages) -> None:
    found = stages(plan())
    assert [gate.name for gate in found["drain"].gate.metrics] == ["drained", "drained-b"]
    cleanup = found["cleanup"]
    assert [deletion.title for deletion in cleanup.deletions] == ["model servers", "pool", "endpoint picker"]
    names = [sorted(item.name for item in deletion.objects) for deletion in cleanup.deletions]
    assert names[:2] == [["b-pool-decode", "blue-pool-decode"], ["b-pool", "blue-pool"]]
    assert {item.bundle for item in cleanup.objects} == {"a", "routes"}


def test_the_winner_changes_only_what_comes_after_the_last_weights(tmp_path: Path) -> None:
    one, other = (
        rollout(tmp_path / name, plan(*STEPS[:-1], {"promote": name}), FILES).stages for name in ("a", "b")
    )

    def objects(stage: Stage) -> list[tuple[Identity, Mapping[str, Any]]]:
        return [(item.identity, item.data) for item in stage.objects]

    same = [objects(first) == objects(second) for first, second in zip(one, other, strict=True)]
    assert same == [True] * 6 + [False] * 4


def test_each_candidate_has_beta_users_of_its_own(render: Render) -> None:
    headers = [{"candidate": name, "name": "x-rollout", "value": name} for name in ("a", "b")]
    tree = render(plan({"beta": {"headers": headers}}, *STEPS))
    rules = tree.read("stages/03-beta/httproute-llm-route.yaml")["spec"]["rules"]
    assert [rule.get("name") for rule in rules] == ["beta-a-0", "beta-b-0", None]
    for rule, name in zip(rules, "ab", strict=False):
        assert rule["matches"][0]["headers"] == [{"type": "Exact", "name": "x-rollout", "value": name}]
        assert [(ref["name"], ref["weight"]) for ref in rule["backendRefs"]] == [(f"{name}-pool", 100)]
    assert "with x-rollout: a reach a and with x-rollout: b reach b" in tree["README.md"]


def test_copies_of_requests_go_to_every_candidate(render: Render) -> None:
    tree = render(plan({"mirror": {"percent": 10}}, *STEPS))
    (rule,) = tree.read("stages/04-mirror/httproute-llm-route.yaml")["spec"]["rules"]
    mirrors = [item["requestMirror"] for item in rule["filters"]]
    found = [(item["backendRef"]["name"], item["percent"]) for item in mirrors]
    assert found == [("a-pool", 10), ("b-pool", 10)]


def test_a_gate_is_asked_of_each_candidate_that_has_requests(stages: Stages) -> None:
    gates = [
        {"name": "errors", "promql": 'errors{service="{candidate}-epp"}', "max": 1},
        {"name": "all", "promql": 'all{pool="{blue}"}', "max": 1},
    ]
    asked = [step | {"gates": ["errors", "all"]} for step in STEPS]
    found = stages(plan(*asked, gates=gates))
    metrics = {slug: [gate.name for gate in stage.gate.metrics] for slug, stage in found.items()}
    assert metrics["weight-a-5-b-2-5"] == ["errors-a", "errors-b", "all"]
    assert metrics["weight-b-20"] == ["errors-b", "all"]
    assert [gate.promql for gate in found["weight-a-100"].gate.metrics] == [
        'errors{service="a-pool-epp"}',
        'all{pool="blue-pool"}',
    ]


def test_a_question_is_put_to_each_candidate_that_has_requests(stages: Stages) -> None:
    gates = [{"name": "errors", "metric": "errors", "max": 1, "minRequests": 5}]
    found = stages(plan(*(step | {"gates": ["errors"]} for step in STEPS), gates=gates))
    metrics = {gate.name: gate.promql for gate in found["weight-a-5-b-2-5"].gate.metrics}
    assert list(metrics) == ["errors-a", "errors-b", "enough-requests-a-pool", "enough-requests-b-pool"]
    for name, promql in metrics.items():
        pool = "a-pool" if "-a" in name else "b-pool"
        assert f'pod=~"{pool}-epp' in promql
    names = [gate.name for gate in found["weight-b-20"].gate.metrics]
    assert names == ["errors-b", "enough-requests"]


def test_one_candidate_is_what_green_is(tmp_path: Path) -> None:
    """The two spellings differ in the names that the plan gives, and in nothing else."""
    short = blue_green({"weight": 10}, {"weight": 100})
    long = blue_green({"weights": {"green": 10}}, {"promote": "green"}, candidates=candidates("green"))
    files = versions("blue", "green") | {"routes/all.yaml": [route(TO_BLUE)]}
    one, other = rendered(tmp_path / "short", short, files), rendered(tmp_path / "long", long, files)
    renamed = {
        path.replace("weight-green-", "weight-"): text.replace("weight-green-", "weight-")
        for path, text in other.items()
    }
    assert renamed == one


def test_a_pool_of_many_backends_gets_no_candidate_beyond_the_limit(tmp_path: Path) -> None:
    rule = {"backendRefs": [to_pool("blue-pool"), *(to_service(f"s{n}") for n in range(14))]}
    with pytest.raises(Rejected) as caught:
        rollout(tmp_path, plan(), {**FILES, "routes/all.yaml": [route(rule)]})
    assert "would have 17 backendRefs in a rule" in str(caught.value.findings)


DERIVED = [{"name": name, "pool": pool, "from": "blue"} for name, pool in [("a", "llm-a"), ("b", "other")]]


@pytest.fixture
def made_from_blue(tmp_path: Path) -> Make:
    """A rollout whose candidates are both made from blue; one has a pool with a name of its own."""

    def make(objects: list[Object], **strategy: Object) -> Rollout:
        steps = [{"weights": {"a": 10, "b": 20}}, {"weights": {"a": 50}}, {"promote": "a"}]
        path = write_plan(
            tmp_path, objects, pool="llm", green="", strategy={"steps": steps} | strategy, candidates=DERIVED
        )
        plan = json.loads(path.read_text(encoding="utf-8"))
        del plan["spec"]["green"]
        path.write_text(json.dumps(plan), encoding="utf-8")
        return compile_plan(path).rollout

    return make


def test_candidates_made_from_blue_are_told_apart_from_each_other(made_from_blue: Make) -> None:
    found = made_from_blue([*router(selector={"app": "llm"}), model(4)])
    assert overlaps(found) == []
    assert stale_references(found) == []
    names = {name: {item.name for item in bundle(found, name)} for name in ("a", "b")}
    assert names == {
        "a": {"llm-a", "llm-a-epp", "llm-a-decode"},
        "b": {"other", "other-epp", "other-decode"},
    }


def test_every_version_grows_before_its_share_and_shrinks_after_it(made_from_blue: Make) -> None:
    capacity = {"policy": "follow-weight", "perBlue": {"b": 2}}
    found = made_from_blue([*router(selector={"app": "llm"}), model(10)], capacity=capacity)

    def servers(stage: Stage) -> tuple[int | None, ...]:
        counts = {
            item.bundle: item.get("spec", "replicas")
            for item in stage.objects
            if item.kind == "Deployment" and item.part == "model"
        }
        return tuple(counts.get(name) for name in ("blue", "a", "b"))

    assert [(stage.slug, servers(stage)) for stage in found.stages[2:]] == [
        ("deploy-router", (10, 1, 1)),
        ("attach", (10, 1, 1)),
        ("weight-a-10-b-20", (10, 1, 1)),
        ("scale-a-50", (7, 5, 1)),
        ("weight-a-50", (7, 5, 1)),
        ("scale-a-100", (5, 10, 1)),
        ("weight-a-100", (5, 10, 1)),
        ("drain", (5, 10, 1)),
        ("finalize", (5, 10, 1)),
        ("cleanup", (None, 10, None)),
    ]
    assert found.stages[5].title == "a grows for 50 %, and blue shrinks to what it still answers"
