"""Routes as people have them: several, in other namespaces, with all that a route can say."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from generator.model.findings import Rejected
from generator.model.rollout import Stage
from tests.support.small_plans import (
    GREEN,
    Files,
    Object,
    blue_green,
    candidates,
    rollout,
    route,
    thing,
    to_pool,
    to_service,
    version,
    versions,
)

BLUE = "blue-pool"
VERSIONS = versions("blue", "green")
BETA = {"beta": {"header": {"name": "x-rollout", "value": "green"}}}
STEPS = ({"weight": 10}, {"weight": 100})
CHAT = {"backendRefs": [to_pool(BLUE)]}

Stages = Callable[..., dict[str, Stage]]


@pytest.fixture
def stages(tmp_path: Path) -> Stages:
    def run(made: Object, *objects: Object, files: Files = VERSIONS) -> dict[str, Stage]:
        found = rollout(tmp_path, made, {**files, "routes/all.yaml": list(objects)})
        return {stage.slug: stage for stage in found.stages}

    return run


def named(stage: Stage, name: str) -> Mapping[str, Any]:
    (item,) = (item for item in stage.objects if item.name == name)
    return item.data


def pools(stage: Stage, name: str) -> dict[str, int]:
    """The weights of the last rule of a route, by pool."""
    refs = named(stage, name)["spec"]["rules"][-1]["backendRefs"]
    return {ref["name"]: ref["weight"] for ref in refs}


TEAM = {"type": "RegularExpression", "name": "X-Team", "value": "a|b"}
SET_HEADER = {"set": [{"name": "x-a", "value": "1"}]}
ADD_HEADER = {"add": [{"name": "X-Gateway-Base-Model-Name", "value": "qwen"}]}
FILTERS = [
    {"type": "RequestHeaderModifier", "requestHeaderModifier": SET_HEADER},
    {"type": "URLRewrite", "urlRewrite": {"hostname": "models.example.com"}},
    {"type": "ExtensionRef", "extensionRef": {"group": "a.example", "kind": "Limit", "name": "slow"}},
]
REDIRECT = {"type": "RequestRedirect", "requestRedirect": {"statusCode": 301, "hostname": "b.example.com"}}
REAL = route(
    {
        "name": "completions",
        "matches": [
            {
                "path": {"type": "PathPrefix", "value": "/v1/chat/completions"},
                "method": "POST",
                "headers": [TEAM],
                "queryParams": [{"type": "Exact", "name": "debug", "value": "1"}],
            },
            {"path": {"type": "Exact", "value": "/v1/completions"}},
        ],
        "filters": FILTERS,
        "backendRefs": [
            to_pool(
                BLUE,
                weight=1,
                filters=[{"type": "RequestHeaderModifier", "requestHeaderModifier": ADD_HEADER}],
            )
        ],
        "timeouts": {"request": "300s", "backendRequest": "120s"},
    },
    {
        "name": "health",
        "matches": [{"path": {"type": "Exact", "value": "/healthz"}}],
        "backendRefs": [to_service("web")],
    },
    {
        "name": "old",
        "matches": [{"path": {"type": "PathPrefix", "value": "/old"}}],
        "filters": [REDIRECT],
    },
    hostnames=["models.example.com", "*.models.example.com"],
    parentRefs=[{"name": "gateway", "namespace": "infra", "sectionName": "https", "port": 443}],
)
REAL["metadata"] |= {"labels": {"team": "llm"}, "annotations": {"external-dns": "on"}}


def test_everything_that_a_route_has_is_kept_in_every_stage(stages: Stages) -> None:
    target = {"mode": "gateway", "gateway": {"name": "gateway", "namespace": "infra"}}
    found = stages(blue_green(BETA, *STEPS, target=target), deepcopy(REAL))
    today = named(found["baseline"], "llm-route")
    for stage in found.values():
        now = named(stage, "llm-route")
        assert now["metadata"] == today["metadata"]
        assert now["spec"] | {"rules": 0} == today["spec"] | {"rules": 0}
        rules = [rule for rule in now["spec"]["rules"] if not rule["name"].startswith("beta-")]
        for before, after in zip(today["spec"]["rules"], rules, strict=True):
            assert after | {"backendRefs": 0} == before | {"backendRefs": 0}
            filters = {json.dumps(ref.get("filters")) for ref in after.get("backendRefs", ())}
            assert filters == {json.dumps(ref.get("filters")) for ref in before.get("backendRefs", ())}


def test_a_beta_rule_clones_each_match_and_all_else(stages: Stages) -> None:
    twin, *others = named(stages(blue_green(BETA, *STEPS), deepcopy(REAL))["beta"], "llm-route")["spec"][
        "rules"
    ]
    own = others[0]
    header = {"type": "Exact", "name": "x-rollout", "value": "green"}
    assert [rule["name"] for rule in (twin, *others)] == ["beta-0", "completions", "health", "old"]
    assert twin["matches"] == [
        match | {"headers": [*match.get("headers", []), header]} for match in own["matches"]
    ]
    for field in ("filters", "timeouts"):
        assert twin[field] == own[field]


def test_routes_go_one_by_one_and_only_the_last_is_watched(stages: Stages) -> None:
    gates = [{"name": "errors", "promql": "e", "max": 1}]
    steps = ({"weight": 10, "soak": "1h", "gates": ["errors"]}, {"weight": 100})
    found = stages(blue_green(*steps, gates=gates), route(CHAT), route(CHAT, name="second"))
    first, second = found["weight-10-llm-route"], found["weight-10-second"]
    assert pools(first, "llm-route") == pools(second, "llm-route") == {BLUE: 90, GREEN: 10}
    assert (pools(first, "second"), pools(second, "second")) == ({BLUE: 100, GREEN: 0}, {BLUE: 90, GREEN: 10})
    assert (first.gate.soak, first.gate.metrics) == ("", ())
    assert (second.gate.soak, [gate.name for gate in second.gate.metrics]) == ("1h", ["errors"])
    assert "httproute/llm-route" in first.gate.checks[0].script
    assert first.title == "10 % of requests reach green (HTTPRoute llm-route, 1 of 2)"
    assert [split.backends[1].share for split in first.splits] == [Fraction(1, 10), 0]


def test_routes_go_together_where_the_plan_says_so(stages: Stages) -> None:
    made = blue_green(*STEPS, strategy={"routesShift": "together"})
    found = stages(made, route(CHAT), route(CHAT, name="second"))
    assert (
        pools(found["weight-10"], "llm-route") == pools(found["weight-10"], "second") == {BLUE: 90, GREEN: 10}
    )
    assert list(found)[3:] == ["attach", "weight-10", "weight-100", "drain", "finalize", "cleanup"]


def test_a_grpc_route_is_shifted_with_its_methods(stages: Stages) -> None:
    rule = {
        "matches": [
            {"method": {"service": "llm.Chat", "method": "Ask"}},
            {"headers": [{"name": "a", "value": "1"}]},
        ],
        "backendRefs": [to_pool(BLUE)],
    }
    grpc = thing(
        "gateway.networking.k8s.io/v1",
        "GRPCRoute",
        "llm-route",
        spec={"parentRefs": [{"name": "gateway"}], "rules": [rule]},
    )
    found = stages(blue_green(BETA, *STEPS), grpc)
    twin, own = named(found["weight-10"], "llm-route")["spec"]["rules"]
    assert pools(found["weight-10"], "llm-route") == {BLUE: 90, GREEN: 10}
    assert [match.get("method") for match in twin["matches"]] == [
        match.get("method") for match in own["matches"]
    ]
    assert all(match["headers"][-1]["name"] == "x-rollout" for match in twin["matches"])
    assert "grpcroute/llm-route" in found["beta"].gate.checks[0].script


def test_routes_are_shifted_wherever_they_stand(tmp_path: Path) -> None:
    shared = route(CHAT, name="second")
    files = VERSIONS | {"blue/route.yaml": [route(CHAT)], "shared/route.yaml": [shared]}
    made = blue_green(*STEPS, shared={"manifests": ["shared"]}, strategy={"routesShift": "together"})
    del made["spec"]["routes"]
    last = rollout(tmp_path, made, files).stages[-1]
    assert pools(last, "llm-route") == pools(last, "second") == {GREEN: 100}


def test_a_pool_of_the_same_name_elsewhere_is_another_one(stages: Stages) -> None:
    elsewhere = route({"backendRefs": [to_pool(BLUE)]}, name="second")
    elsewhere["metadata"]["namespace"] = "other"
    found = stages(blue_green(*STEPS), route(CHAT), elsewhere)
    assert pools(found["cleanup"], "second") == {BLUE: 1}


def test_a_wait_asks_the_gateway_that_a_route_attaches_to(stages: Stages) -> None:
    found = stages(blue_green(*STEPS), route(CHAT, parentRefs=[{"name": "edge"}]))
    assert 'parentRef.name=="edge"' in found["attach"].gate.checks[0].script


FAR = {"backendRefs": [to_pool(BLUE, namespace="llm-d")]}


def far(rule: dict[str, list[dict[str, str]]] = FAR) -> dict[str, Any]:
    item = route(rule)
    item["metadata"]["namespace"] = "front"
    return item


def grant(
    *names: str, source: str = "front", kind: str = "HTTPRoute", namespace: str = "llm-d"
) -> dict[str, Any]:
    """A grant for routes of a namespace to pools of these names; to all of them where there are none."""
    to = {"group": "inference.networking.k8s.io", "kind": "InferencePool"}
    spec = {
        "from": [{"group": "gateway.networking.k8s.io", "kind": kind, "namespace": source}],
        "to": [to | {"name": name} for name in names] or [to],
    }
    item = thing("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "grant", spec=spec)
    item["metadata"]["namespace"] = namespace
    return item


def granted(stage: Stage, name: str = "grant") -> list[str] | None:
    found = [item.data["spec"]["to"] for item in stage.objects if item.name == name]
    return [to.get("name") for to in found[0]] if found else None


@pytest.mark.parametrize("folder", ["blue", "shared"])
def test_a_grant_of_blue_follows_the_candidates(stages: Stages, folder: str) -> None:
    files = versions("blue", "a", "b") | {"shared/all.yaml": [thing("v1", "ConfigMap", "c")]}
    files |= {f"{folder}/grant.yaml": [grant(BLUE)]}
    made = blue_green(
        {"weights": {"a": 10, "b": 10}},
        {"promote": "b"},
        candidates=candidates("a", "b"),
        shared={"manifests": ["shared"]},
    )
    found = stages(made, far(), files=files)
    assert granted(found["deploy-model"]) == [BLUE]
    for slug in list(found)[2:-1]:
        assert granted(found[slug]) == [BLUE, "a-pool", "b-pool"], slug
    assert granted(found["cleanup"]) == ["b-pool"]
    refs = named(found["attach"], "llm-route")["spec"]["rules"][0]["backendRefs"]
    assert [(ref["namespace"], ref["name"]) for ref in refs] == [
        ("llm-d", BLUE),
        ("llm-d", "a-pool"),
        ("llm-d", "b-pool"),
    ]


def test_a_grant_of_all_pools_stays_as_it_is(stages: Stages) -> None:
    files = VERSIONS | {"blue/grant.yaml": [grant()]}
    found = stages(blue_green(*STEPS), far(), files=files)
    assert {json.dumps(named(stage, "grant")) for stage in found.values()} == {
        json.dumps(named(found["baseline"], "grant"))
    }


WRONG = {
    "none": [],
    "of another pool": [grant("other")],
    "of another namespace": [grant(BLUE, namespace="other")],
    "for other routes": [grant(BLUE, kind="GRPCRoute")],
    "for routes of another namespace": [grant(BLUE, source="back")],
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_reference_without_its_grant_is_refused(stages: Stages, wrong: str) -> None:
    files = VERSIONS | {"shared/all.yaml": [thing("v1", "ConfigMap", "c"), *WRONG[wrong]]}
    with pytest.raises(Rejected) as caught:
        stages(blue_green(*STEPS, shared={"manifests": ["shared"]}), far(), files=files)
    found = caught.value.findings
    assert {finding.code.id for finding in found} == {"RP325"}
    assert {finding.place.source.name.rpartition("/")[2] for finding in found} == {"all.yaml", "plan.yaml"}


def elsewhere(pool: str, namespace: str) -> list[dict[str, Any]]:
    return [item | {"metadata": item["metadata"] | {"namespace": namespace}} for item in version(pool)]


def test_green_in_a_namespace_of_its_own_needs_a_grant_of_its_own(stages: Stages) -> None:
    """A split by namespaces keeps selectors apart (contract I1 c)."""
    files = {"blue/all.yaml": version(BLUE), "green/all.yaml": elsewhere(GREEN, "llm-d-2")}
    with pytest.raises(Rejected) as caught:
        stages(blue_green(*STEPS), route(CHAT), files=files)
    (finding,) = caught.value.findings
    assert (finding.code.id, "namespace `llm-d-2`" in finding.message) == ("RP325", True)
    files["green/grant.yaml"] = [grant(GREEN, source="llm-d", namespace="llm-d-2")]
    found = stages(blue_green(*STEPS), route(CHAT), files=files)
    refs = named(found["weight-10"], "llm-route")["spec"]["rules"][0]["backendRefs"]
    assert list(refs[1].items())[2:] == [("namespace", "llm-d-2"), ("name", GREEN), ("weight", 10)]
    assert "namespace" not in refs[0]
    assert 'namespace="llm-d-2",name="green-pool"' in found["deploy-router"].gate.metrics[0].promql


def test_a_grant_of_nothing_but_blue_goes_with_blue(stages: Stages) -> None:
    files = {
        "blue/all.yaml": [*version(BLUE), grant(BLUE)],
        "green/all.yaml": [*elsewhere(GREEN, "front")],
    }
    found = stages(blue_green(*STEPS), far(), files=files)
    assert granted(found["finalize"]) == [BLUE]
    assert granted(found["cleanup"]) is None
    deleted = [item.name for deletion in found["cleanup"].deletions for item in deletion.objects]
    assert "grant" in deleted
    (ref,) = named(found["cleanup"], "llm-route")["spec"]["rules"][0]["backendRefs"]
    assert ref["name"] == GREEN
    assert "namespace" not in ref
