"""Rules that stay with blue for a while or for good, and what else names blue: copies, other kinds (I7)."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from generator.model.findings import Rejected
from generator.model.rollout import Stage
from tests.support.patience import PATIENCE
from tests.support.small_plans import (
    GREEN,
    Object,
    blue_green,
    candidates,
    rendered,
    rollout,
    route,
    thing,
    to_pool,
    to_service,
    versions,
)

BLUE = "blue-pool"
VERSIONS = versions("blue", "green")
CHAT = {"name": "chat", "backendRefs": [to_pool(BLUE)]}
OLD = {
    "name": "old",
    "matches": [{"path": {"type": "PathPrefix", "value": "/old"}}],
    "backendRefs": [to_pool(BLUE, weight=3), to_service("cache")],
}
COPY = {"type": "RequestMirror", "requestMirror": {"backendRef": to_pool(BLUE), "percent": 5}}
COPYING = {"name": "web", "filters": [COPY], "backendRefs": [to_service("web")]}
FOLLOW: Object = {"capacity": {"policy": "follow-weight"}}
STEPS = ({"weight": 50}, {"weight": 100})

Stages = Callable[..., dict[str, Stage]]


def pin(**fields: int | str) -> Object:
    return {"route": "llm-route", "reason": "old clients"} | fields


def plan(*pins: Object, steps: Sequence[Object] = STEPS, **strategy: Any) -> Object:
    return blue_green(*steps, strategy={"pins": list(pins)} | strategy if pins else strategy)


@pytest.fixture
def stages(tmp_path: Path) -> Stages:
    """The stages of a plan by slug, for routes with these rules or these objects."""

    def run(made: Object, *items: Object) -> dict[str, Stage]:
        objects = [item if "kind" in item else route(item) for item in items]
        found = rollout(tmp_path, made, VERSIONS | {"routes/all.yaml": objects})
        return {stage.slug: stage for stage in found.stages}

    return run


def rule(stage: Stage, name: str, route: str = "llm-route") -> dict[str, Any]:
    (item,) = (item for item in stage.objects if item.name == route)
    return next(rule for rule in item.data["spec"]["rules"] if rule.get("name") == name)


def weights(stage: Stage, name: str) -> dict[str, int]:
    return {ref["name"]: ref["weight"] for ref in rule(stage, name)["backendRefs"]}


def bundles(stage: Stage) -> set[str]:
    return {item.bundle for item in stage.objects}


@pytest.mark.parametrize("where", [{"rule": "old"}, {"index": 1}])
def test_a_pinned_rule_is_untouched_until_all_else_has_moved(stages: Stages, where: Object) -> None:
    found = stages(plan(pin(**where)), route(CHAT, OLD))
    today = rule(found["baseline"], "old")
    for slug in ("attach", "weight-50", "weight-100"):
        assert rule(found[slug], "old") == today
    assert weights(found["weight-50"], "chat") == {BLUE: 50, GREEN: 50}
    assert weights(found["release"], "old") == {BLUE: 0, GREEN: 300, "cache": 100}
    assert weights(found["finalize"], "old") == {GREEN: 300, "cache": 100}
    assert list(found)[-4:] == ["release", "drain", "finalize", "cleanup"]
    assert "rule old of HTTPRoute llm-route (old clients)" in found["release"].title or where == {"index": 1}
    assert bundles(found["cleanup"]) == {"green", "routes"}


def test_a_rule_that_is_pinned_for_good_keeps_blue(stages: Stages) -> None:
    found = stages(plan(pin(rule="old", until="forever")), route(CHAT, OLD))
    assert list(found)[-2:] == ["weight-100", "finalize"]
    assert weights(found["finalize"], "chat") == {GREEN: 100}
    assert rule(found["finalize"], "old") == rule(found["baseline"], "old")
    assert bundles(found["finalize"]) == {"blue", "green", "routes"}
    assert "but for rule old of HTTPRoute llm-route (old clients)" in found["finalize"].title


def test_losers_go_even_where_blue_stays(tmp_path: Path) -> None:
    made = blue_green(
        {"weights": {"a": 10, "b": 10}},
        {"promote": "b"},
        candidates=candidates("a", "b"),
        strategy={"pins": [pin(rule="old", until="forever")]},
    )
    files = versions("blue", "a", "b") | {"routes/all.yaml": [route(CHAT, OLD)]}
    *_, drain, _, cleanup = rollout(tmp_path, made, files).stages
    assert [gate.name for gate in drain.gate.metrics] == ["drained-a"]
    assert bundles(cleanup) == {"blue", "b", "routes"}
    assert cleanup.title == "a is deleted"


def test_a_whole_route_is_pinned_without_a_rule(stages: Stages) -> None:
    second = route(CHAT, OLD, name="second")
    found = stages(plan(pin(route="second")), route(CHAT), second)
    both = [item.data for item in found["weight-100"].objects if item.name == "second"]
    assert both == [item.data for item in found["baseline"].objects if item.name == "second"]
    (moved,) = (item for item in found["cleanup"].objects if item.name == "second")
    assert BLUE not in str(moved.data)


def test_beta_users_of_a_pinned_rule_stay_there(stages: Stages) -> None:
    beta = {"beta": {"header": {"name": "x-rollout", "value": "green"}}}
    tight = CHAT | {"name": "tight", "matches": [{"headers": [{"name": "x-team", "value": "a"}]}]}
    found = stages(plan(pin(rule="tight"), steps=(beta, *STEPS)), route(CHAT, tight))
    assert [ref["name"] for ref in rule(found["beta"], "beta-1")["backendRefs"]] == [BLUE]
    assert [ref["name"] for ref in rule(found["beta"], "beta-0")["backendRefs"]] == [GREEN]
    assert weights(found["release"], "beta-1") == {BLUE: 0, GREEN: 100}


@pytest.mark.parametrize("pins", [[pin(rule="old")], [pin(rule="old", until="forever")]])
def test_blue_does_not_shrink_under_requests_that_no_weight_counts(
    stages: Stages, pins: list[Object]
) -> None:
    found = stages(plan(*pins, **FOLLOW), route(CHAT, OLD))
    replicas = {
        item.get("spec", "replicas")
        for slug, stage in found.items()
        for item in stage.objects
        if item.name == "blue-pool-decode"
    }
    assert replicas == {2}


def test_copies_of_requests_to_blue_go_to_green_before_blue_drains(stages: Stages) -> None:
    found = stages(plan(), route(CHAT, COPYING))

    def copied(slug: str) -> Any:
        return rule(found[slug], "web")["filters"][0]["requestMirror"]["backendRef"]["name"]

    assert [copied(slug) for slug in ("baseline", "weight-100", "release", "finalize")] == [
        BLUE,
        BLUE,
        GREEN,
        GREEN,
    ]
    assert found["release"].title == "what no weight moves goes to green: copies of requests"
    assert "green" in bundles(found["release"])


def test_a_filter_of_a_backend_moves_too(stages: Stages) -> None:
    backend = to_service("web", filters=[COPY])
    found = stages(plan(), route(CHAT, {"name": "web", "backendRefs": [backend]}))
    assert BLUE not in str(rule(found["finalize"], "web"))
    assert rule(found["weight-100"], "web") == rule(found["baseline"], "web")


TCP = thing(
    "gateway.networking.k8s.io/v1alpha2",
    "TCPRoute",
    "tcp",
    spec={"parentRefs": [{"name": "gateway"}], "rules": [{"backendRefs": [to_pool(BLUE, port=8000)]}]},
)
AI = thing(
    "aigateway.envoyproxy.io/v1alpha1",
    "AIGatewayRoute",
    "ai",
    spec={"rules": [{"matches": [], "backendRefs": [to_pool(BLUE)]}]},
)


@pytest.mark.parametrize("item", [TCP, AI], ids=lambda item: item["kind"])
@pytest.mark.parametrize("folder", ["routes", "shared", "blue"])
def test_a_route_of_another_kind_is_refused_wherever_it_stands(
    tmp_path: Path, item: dict[str, Any], folder: str
) -> None:
    files = VERSIONS | {"routes/all.yaml": [route(CHAT)], "shared/all.yaml": [thing("v1", "ConfigMap", "c")]}
    files |= {f"{folder}/other.yaml": [item]}
    with pytest.raises(Rejected) as caught:
        rollout(tmp_path, blue_green(shared={"manifests": ["shared"]}), files)
    (finding,) = caught.value.findings
    assert finding.code.id == "RP324"
    named = f"{item['kind']} `{item['metadata']['name']}`"
    assert finding.message.startswith(f"rule 0 of {named} refers to `{BLUE}`")


@pytest.mark.parametrize("item", [TCP, AI], ids=lambda item: item["kind"])
def test_a_route_of_another_kind_moves_at_once_when_it_is_pinned(
    stages: Stages, item: dict[str, Any]
) -> None:
    name = item["metadata"]["name"]
    found = stages(plan(pin(kind=item["kind"], route=name)), route(CHAT), item)

    def backends(stage: Stage) -> Any:
        (route,) = (other for other in stage.objects if other.name == name)
        return route.data["spec"]["rules"][0]["backendRefs"]

    states = {slug: backends(stage) for slug, stage in found.items()}
    assert states["weight-100"] == item["spec"]["rules"][0]["backendRefs"]
    assert states["release"] == states["cleanup"] == [states["baseline"][0] | {"name": GREEN}]
    waits = "".join(check.script for check in found["release"].gate.checks)
    assert ("tcproute/tcp" in waits, "aigatewayroute" in waits) == (item is TCP, False)


def test_a_route_in_the_manifests_of_green_is_no_second_one(tmp_path: Path) -> None:
    twin = route({"backendRefs": [to_pool(GREEN)]}, name="green-route")
    files = VERSIONS | {"routes/all.yaml": [route(CHAT)], "green/route.yaml": [twin]}
    with pytest.raises(Rejected) as caught:
        rollout(tmp_path, plan(), files)
    (finding,) = caught.value.findings
    assert finding.code.id == "RP303"


@pytest.mark.oracle("kubectl")
def test_stages_with_pins_build(tmp_path: Path) -> None:
    files = VERSIONS | {"routes/all.yaml": [route(CHAT, OLD, COPYING), route(CHAT, name="second"), AI]}
    tree = rendered(tmp_path, plan(pin(rule="old"), pin(kind="AIGatewayRoute", route="ai")), files)
    for path, text in tree.items():
        (tmp_path / "out" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / path).write_text(text, encoding="utf-8")
    assert len(tree.stages) == 15
    for stage in tree.stages:
        command = ["kubectl", "kustomize", str(tmp_path / "out/stages" / stage)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False)
        assert (done.returncode, done.stderr) == (0, "")
