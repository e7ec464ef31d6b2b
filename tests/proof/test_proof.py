"""What the proof knows of Kubernetes, and how it tells what it found."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from generator.model.findings import Finding, Rejected
from generator.model.manifests import Manifest, Origin, identity_of
from generator.model.source import Document, Source
from generator.pipeline import Compiled, compile_plan
from generator.proof.pods import models, ready
from generator.proof.requests import RouteTable, requests_of
from generator.proof.state import ClusterState
from tests.support.small_plans import (
    BLUE,
    GREEN,
    Object,
    blue_green,
    deployment,
    lora,
    rewrite,
    rolling,
    route,
    thing,
    to_pool,
    to_service,
    version,
    written,
)

TO_BLUE = {"backendRefs": [to_pool(BLUE)]}
DOCUMENT = Document(source=Source(name="test", text=""), data={}, keys={}, values={})


def compiled(folder: Path, plan: Object | None = None, **files: list[Object]) -> Compiled:
    base = {"blue": version(BLUE), "green": version(GREEN), "routes": [route(TO_BLUE)]} | files
    paths = {f"{name}/all.yaml": items for name, items in base.items()}
    return compile_plan(written(folder, plan or blue_green({"weight": 10}, {"weight": 100}), paths))


def refused(folder: Path, plan: Object | None = None, **files: list[Object]) -> tuple[Finding, ...]:
    with pytest.raises(Rejected) as rejected:
        compiled(folder, plan, **files)
    return proofs(rejected.value.findings)


def proofs(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What the proof found; other rooms may have had a word too."""
    return tuple(found for found in findings if found.code.id.startswith("RP56"))


def manifest(item: Object) -> Manifest:
    data = item | {"metadata": item["metadata"] | {"namespace": "llm-d"}}
    return Manifest(identity=identity_of(data), data=data, bundle="shared", origin=Origin(document=DOCUMENT))


def test_the_message_names_what_is_applied_who_asks_and_what_they_get(tmp_path: Path) -> None:
    blue = [
        *version(BLUE),
        thing("v1", "Service", "direct", spec={"selector": {"app": BLUE}, "ports": [{"port": 80}]}),
    ]
    cache = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/direct"}}],
        "backendRefs": [to_service("direct")],
    }
    (found,) = refused(tmp_path, blue=blue, routes=[route(TO_BLUE, cache)])
    assert found.message == (
        "on the way to stage `08-cleanup`, with Service `direct` deleted, requests for `/direct` would get "
        "500: Service `direct`, to which they are sent, is not there"
    )
    assert [related.label for related in found.related] == ["Service `direct`", "HTTPRoute `llm-route`"]


def test_a_finding_stands_at_the_step_that_asks_for_the_stage(tmp_path: Path) -> None:
    green = deepcopy(version(GREEN))
    green[3]["spec"]["replicas"] = 0
    (found,) = refused(tmp_path, green=green)
    line = (tmp_path / "plan.yaml").read_text().splitlines()[found.place.line - 1]
    assert line[found.place.column - 1 :].startswith("10}")


def test_what_is_wrong_today_is_not_the_rollout_s_fault(tmp_path: Path) -> None:
    third = version("third")[0]
    plan = blue_green({"weight": 100}, shared={"manifests": ["shared"]})
    refs = [to_pool("third"), to_pool(BLUE), to_pool("nobody-s"), to_service("elsewhere")]
    proof = compiled(tmp_path, plan, shared=[third], routes=[route({"backendRefs": refs})]).rollout.proof
    assert proof is not None
    assert proof.states > 0


def test_narrowed_blue_stays_narrow_until_green_is_gone(tmp_path: Path) -> None:
    blue, green = deepcopy(version(BLUE)), deepcopy(version(GREEN))
    for (pool, _, _, server), tier in ((blue, "a100"), (green, "h200")):
        labels = {"app": "chat", "tier": tier}
        server["spec"]["template"]["metadata"]["labels"] = labels
        server["spec"]["selector"]["matchLabels"] = labels
        pool["spec"]["selector"]["matchLabels"] = {"app": "chat"} if tier == "a100" else labels
    plan = blue_green({"weight": 100})
    plan["spec"]["strategy"]["narrowBlue"] = {"tier": "a100"}
    rollout = compiled(tmp_path, plan, blue=blue, green=green).rollout
    assert [stage.slug for stage in rollout.stages][rollout.rollback.home] == "prepare"


def test_routes_that_shift_together_are_a_warning(tmp_path: Path) -> None:
    second = route({"matches": [{"path": {"value": "/b"}}]} | TO_BLUE, name="second")
    plan = blue_green({"weight": 10}, {"weight": 100}, strategy={"routesShift": "together"})
    (found,) = proofs(compiled(tmp_path, plan, routes=[route(TO_BLUE), second]).warnings)
    assert (found.code.id, found.message) == (
        "RP567",
        "stage `04-weight-10` divides requests anew in `llm-route`, `second`",
    )


def test_routes_that_compete_are_an_error(tmp_path: Path) -> None:
    """Of equal rules the oldest route's is used; with its beta rule, the younger route would be first."""
    beta = {"beta": {"header": {"name": "x", "value": "y"}}}
    routes = [route(TO_BLUE), route({"backendRefs": [to_service("other")]}, TO_BLUE, name="second")]
    found = refused(
        tmp_path, blue_green(beta, {"weight": 100}, strategy={"routesShift": "together"}), routes=routes
    )
    assert "RP562" in {one.code.id for one in found}
    assert any("kubectl takes another order" in one.hint for one in found)


def test_a_stage_of_very_many_workloads_is_a_warning(tmp_path: Path) -> None:
    def servers(pool: str) -> list[Object]:
        container = {"name": "modelserver", "image": "vllm:v1"}
        return [deployment(f"{pool}-{number}", {"app": pool}, container) for number in range(14)]

    plan = blue_green({"weight": 50}, {"weight": 100})
    plan["spec"]["strategy"]["capacity"] = {"policy": "follow-weight"}
    many = compiled(
        tmp_path, plan, blue=[*version(BLUE), *servers(BLUE)], green=[*version(GREEN), *servers(GREEN)]
    )
    assert {(found.code.id, found.about) for found in proofs(many.warnings)} == {("RP568", "Plan/plan")}


def test_an_adapter_is_known_before_it_gets_a_share(tmp_path: Path) -> None:
    rules = rewrite({"matches": [{"model": {"value": "alias"}}], "targets": [{"modelRewrite": "v1"}]})
    files: dict[str, Any] = {"serving/all.yaml": [*version(BLUE), rules]}
    proof = compile_plan(written(tmp_path, lora(), files)).rollout.proof
    assert proof is not None
    assert proof.transitions == 4


def test_a_picker_in_the_model_servers_pods_is_not_rolled(tmp_path: Path) -> None:
    pool, service, _, server = deepcopy(version(BLUE))
    service["spec"]["selector"] = {"app": BLUE}
    plan = rolling()
    plan["spec"]["accept"] = [{"rule": "RP515", "reason": "the proof shall tell what comes of it"}]
    with pytest.raises(Rejected) as rejected:
        compile_plan(written(tmp_path, plan, {"serving/all.yaml": [pool, service, server]}))
    assert [found.code.id for found in rejected.value.findings if found.is_error] == ["RP564"]


def updating(kind: str, replicas: int, **spec: Any) -> int:
    """How many of a workload's replicas surely answer while its image changes."""
    item = deployment("server", {"app": "x"}, {"name": "modelserver", "image": "v1"})
    item |= {"kind": kind, "spec": item["spec"] | {"replicas": replicas} | spec}
    after = deepcopy(item)
    after["spec"]["template"]["spec"]["containers"][0]["image"] = "v2"
    old, new = manifest(item), manifest(after)
    return ready(new, ClusterState(objects={new.identity: new}, settled={old.identity: old}))


def strategy(unavailable: int | str, surge: int | str) -> Object:
    return {"strategy": {"rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": surge}}}


@pytest.mark.parametrize(
    ("kind", "replicas", "spec", "left"),
    [
        ("Deployment", 4, {}, 3),
        ("Deployment", 1, {}, 1),
        ("Deployment", 4, strategy(0, 1), 4),
        ("Deployment", 4, strategy("50%", 0), 2),
        ("Deployment", 3, strategy("10%", "0%"), 2),
        ("Deployment", 3, {"strategy": {"type": "Recreate"}}, 0),
        ("StatefulSet", 3, {}, 2),
        ("StatefulSet", 3, {"updateStrategy": {"rollingUpdate": {"partition": 3}}}, 3),
        ("StatefulSet", 1, {}, 0),
    ],
)
def test_what_an_update_leaves(kind: str, replicas: int, spec: Object, left: int) -> None:
    assert updating(kind, replicas, **spec) == left


@pytest.mark.parametrize(
    ("command", "args", "names"),
    [
        ([], ["Qwen/Qwen3", "--tp=2"], {"Qwen/Qwen3"}),
        (
            ["vllm", "serve", "Qwen/Qwen3"],
            ["--served-model-name", "chat", "small", "--tp", "2"],
            {"chat", "small"},
        ),
        ([], ["--model=Qwen/Qwen3", "--lora-modules", "a=/x", "b=/y"], {"Qwen/Qwen3", "a", "b"}),
        (["/bin/sh", "-c"], ["exec vllm serve Qwen/Qwen3 --served-model-name=chat"], {"chat"}),
        ([], [], set()),
        (["python3", "/app/server.py"], [], set()),
    ],
)
def test_names_that_a_server_says(command: list[str], args: list[str], names: set[str]) -> None:
    container = {"name": "modelserver", "image": "v1", "command": command, "args": args}
    assert models(manifest(deployment("server", {"app": "x"}, container))) == names


def matching(path: str, kind: str = "PathPrefix", **more: Any) -> Object:
    return {"path": {"type": kind, "value": path}} | more


def test_the_better_match_takes_a_request() -> None:
    header = {"name": "X-A", "value": "1"}
    matches = [
        matching("/"),
        matching("/v1"),
        matching("/v1", headers=[header]),
        matching("/v1", "Exact"),
        matching("/v1", method="GET"),
        matching("/v12"),
        matching("/v1.*", "RegularExpression"),
    ]
    rules = [{"matches": [match], "backendRefs": [to_service(f"s{n}")]} for n, match in enumerate(matches)]
    item = manifest(route(*rules))
    router = RouteTable(oldest=frozenset())
    taken = []
    for request in requests_of(item, everyone=True):
        answer = router.answer([item], request)
        taken += [backend.name for backend, _ in answer.legs] if answer else []
    assert taken == [f"s{n}" for n in range(len(matches))]


def test_hosts_and_gateways_part_requests() -> None:
    one = manifest(route(TO_BLUE, name="one", hostnames=["a.example.com"]))
    wide = manifest(route({"backendRefs": [to_pool(GREEN)]}, name="wide", hostnames=["*.example.com"]))
    other = manifest(route({"backendRefs": [to_service("x")]}, name="other", parentRefs=[{"name": "theirs"}]))
    router, routes = RouteTable(oldest=frozenset()), [wide, other, one]
    found = {}
    for item in routes:
        (request,) = requests_of(item, everyone=True)
        answer = router.answer(routes, request)
        found[item.name] = [backend.name for backend, _ in answer.legs] if answer else []
    assert found == {"one": [BLUE], "wide": [GREEN], "other": ["x"]}


def test_of_equal_rules_the_older_route_s_is_used() -> None:
    old, new = (
        manifest(route(TO_BLUE, name="z")),
        manifest(route({"backendRefs": [to_pool(GREEN)]}, name="a")),
    )
    (request,) = requests_of(new, everyone=True)
    answer = RouteTable(oldest=frozenset({old.identity})).answer([new, old], request)
    assert answer is not None
    assert [backend.name for backend, _ in answer.legs] == [BLUE]
