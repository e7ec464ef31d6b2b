"""Blue-green plans that no example has, and manifests in all their spellings: what the stages hold."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.support.small_plans import (
    BLUE,
    GREEN,
    Files,
    Object,
    Tree,
    blue_green,
    lora,
    rendered,
    route,
    thing,
    to_pool,
    to_service,
    version,
)

TO_BLUE = {"backendRefs": [to_pool(BLUE)]}
VERSIONS = {"blue/all.yaml": version(BLUE), "green/all.yaml": version(GREEN)}
BETA = {"beta": {"header": {"name": "x-beta", "value": "yes"}}}
HALF = {"weight": 50}
FULL = {"weight": 100}


Render = Callable[[Object, Files], Tree]


@pytest.fixture
def render(tmp_path: Path) -> Render:
    return lambda plan, files: rendered(tmp_path, plan, files)


def weights(tree: Tree, stage: str, name: str = "llm-route") -> dict[str, int]:
    """The weights in the last rule of a route, by backend."""
    rules = tree.read(f"stages/{stage}/httproute-{name}.yaml")["spec"]["rules"]
    return {ref["name"]: ref["weight"] for ref in rules[-1]["backendRefs"]}


def test_a_route_that_rollplan_makes(render: Render) -> None:
    made = {
        "name": "made",
        "hostnames": ["*.example.com", "a.b"],
        "pathPrefix": "/v1",
        "requestTimeout": "5m",
    }
    tree = render(blue_green(HALF, FULL, route=made), VERSIONS)
    expected = """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: made, namespace: llm-d}
        spec:
          parentRefs: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: llm-d, name: gateway}]
          hostnames: ["*.example.com", a.b]
          rules:
          - matches: [{path: {type: PathPrefix, value: /v1}}]
            backendRefs:
            - {group: inference.networking.k8s.io, kind: InferencePool, name: blue-pool, weight: 50}
            - {group: inference.networking.k8s.io, kind: InferencePool, name: green-pool, weight: 50}
            timeouts: {request: 5m}
    """
    assert tree.read("stages/04-weight-50/httproute-made.yaml") == yaml.safe_load(expected)
    assert weights(tree, "00-baseline", "made") == {BLUE: 100}


def test_a_made_route_is_asked_under_its_own_host_and_path(render: Render) -> None:
    made = {"name": "made", "hostnames": ["*.example.com"], "pathPrefix": "/v1"}
    tree = render(blue_green(BETA, FULL, route=made), VERSIONS)
    (smoke,) = (line for line in tree["README.md"].splitlines() if "http://$address" in line)
    assert '"http://$address/v1/models" \\' in smoke
    assert "-H 'Host: beta.example.com'" in tree["README.md"]


def test_stages_without_a_beta_step(render: Render) -> None:
    tree = render(blue_green(HALF, FULL), VERSIONS | {"routes/all.yaml": [route(TO_BLUE)]})
    names = "baseline deploy-model deploy-router attach weight-50 weight-100 drain finalize cleanup"
    assert tree.stages == [f"{index:02}-{name}" for index, name in enumerate(names.split())]
    assert weights(tree, "03-attach") == {BLUE: 100, GREEN: 0}


def test_fractions_of_a_percent_are_whole_weights(render: Render) -> None:
    steps = [{"weight": weight} for weight in (0.001, 0.5, 12.25, 100)]
    tree = render(blue_green(*steps), VERSIONS | {"routes/all.yaml": [route(TO_BLUE)]})
    assert tree.stages[4:8] == ["04-weight-0-001", "05-weight-0-5", "06-weight-12-25", "07-weight-100"]
    found = [weights(tree, stage)[GREEN] for stage in tree.stages[3:8]]
    assert found == [0, 1, 500, 12_250, 100_000]


def test_a_backend_of_its_own_keeps_its_part_of_the_rule(render: Render) -> None:
    rule = {"backendRefs": [to_service("cache", weight=1), to_pool(BLUE, weight=3)]}
    tree = render(blue_green(HALF, FULL), VERSIONS | {"routes/all.yaml": [route(rule)]})
    assert weights(tree, "04-weight-50") == {"cache": 100, BLUE: 150, GREEN: 150}
    assert weights(tree, "07-finalize") == {"cache": 100, GREEN: 300}


def test_two_routes_move_and_one_that_never_knew_blue_stays(render: Render) -> None:
    apart = route({"backendRefs": [to_service("web")]}, name="apart")
    files = {"routes/all.yaml": [route(TO_BLUE), route(TO_BLUE, name="second"), apart]}
    tree = render(blue_green(HALF, FULL, strategy={"routesShift": "together"}), VERSIONS | files)
    for name in ("llm-route", "second"):
        assert weights(tree, "04-weight-50", name) == {BLUE: 50, GREEN: 50}
        assert f"rollback/httproute-{name}.yaml" in tree
    assert (
        tree.read("bundles/shared/httproute-apart.yaml")["spec"]["rules"][0]["backendRefs"][0]["weight"] == 1
    )


def test_beta_users_of_another_rule_stay_there(render: Render) -> None:
    other = {"matches": [{"headers": [{"name": "model", "value": "b"}]}], "backendRefs": [to_service("b")]}
    tree = render(blue_green(BETA, FULL), VERSIONS | {"routes/all.yaml": [route(TO_BLUE, other)]})
    rules = tree.read("stages/03-beta/httproute-llm-route.yaml")["spec"]["rules"]
    headers = [[header["name"] for header in rule["matches"][0].get("headers", ())] for rule in rules]
    assert headers == [["x-beta"], ["model", "x-beta"], [], ["model"]]
    assert [rule["backendRefs"][0]["name"] for rule in rules] == [GREEN, "b", BLUE, "b"]


def test_a_gateway_in_another_namespace(render: Render) -> None:
    target = {"mode": "gateway", "gateway": {"name": "gateway", "namespace": "infra"}}
    tree = render(blue_green(BETA, FULL, target=target, route={"name": "made"}), VERSIONS)
    (parent,) = tree.read("stages/00-baseline/httproute-made.yaml")["spec"]["parentRefs"]
    assert (parent["name"], parent["namespace"]) == ("gateway", "infra")
    assert "kubectl -n infra get gateway/gateway " in tree["README.md"]


def test_shared_objects_live_through_all_stages(render: Render) -> None:
    shared = [thing("v1", "Namespace", "llm-d"), thing("v1", "ConfigMap", "chat", data={"on": "yes"})]
    files = {"shared/all.yaml": shared, "routes/all.yaml": [route(TO_BLUE)]}
    tree = render(blue_green(shared={"manifests": ["shared"]}), VERSIONS | files)
    listed = tree.read("bundles/shared/kustomization.yaml")["resources"]
    assert listed == ["namespace-llm-d.yaml", "configmap-chat.yaml"]
    for stage in tree.stages:
        assert tree.read(f"stages/{stage}/kustomization.yaml")["resources"][0] == "../../bundles/shared"
    assert "chat" not in "".join(text for path, text in tree.items() if "/delete/" in path)
    assert "namespace" not in tree.read("bundles/shared/namespace-llm-d.yaml")["metadata"]


SERVING = version(BLUE)
SPELLINGS: dict[str, Files] = {
    "one document a file": {f"serving/{n}.yaml": [item] for n, item in enumerate(SERVING)},
    "many documents in a file": {
        "serving/all.yml": "---\n"
        + "\n---\n".join(yaml.safe_dump(x, sort_keys=False) for x in SERVING)
        + "\n---\n"
    },
    "JSON": {f"serving/{n}.json": [item] for n, item in enumerate(SERVING)},
    "a List": {"serving/list.yaml": json.dumps({"apiVersion": "v1", "kind": "List", "items": SERVING})},
    "folders in any order": {f"serving/{9 - n}/a.yaml": [item] for n, item in enumerate(SERVING)},
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_manifests_mean_the_same_in_every_spelling(
    render: Render, spelling: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    expected = rendered(tmp_path_factory.mktemp("expected"), lora(), {"serving/all.yaml": SERVING})
    assert render(lora(), SPELLINGS[spelling]) == expected
