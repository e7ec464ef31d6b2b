"""Objects of the old group are read, written as the cluster has them, and never both."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.kubernetes.old_apis import OLD
from generator.model.rollout import Rollout
from generator.pipeline import compile_plan
from tests.support.small_plans import (
    BLUE,
    GREEN,
    Object,
    Tree,
    blue_green,
    lora,
    rendered,
    rewrite,
    route,
    thing,
    version,
    written,
)

NEW = "inference.networking.k8s.io"
RULE = {"matches": [{"model": {"value": "alias"}}], "targets": [{"modelRewrite": "v1"}]}


def old_pool(name: str) -> Object:
    """A pool as Inference Extension v0.x had it."""
    extension = {"name": f"{name}-epp", "portNumber": 9002, "failureMode": "FailOpen"}
    spec = {"selector": {"app": name}, "targetPortNumber": 8000, "extensionRef": extension}
    return thing(f"{OLD}/v1alpha2", "InferencePool", name, spec=spec)


def old_version(name: str) -> list[Object]:
    return [old_pool(name), *version(name)[1:]]


def objective(name: str, pool: str) -> Object:
    spec = {"priority": 1, "poolRef": {"group": OLD, "kind": "InferencePool", "name": pool}}
    return thing(f"{OLD}/v1alpha2", "InferenceObjective", name, spec=spec)


def plan(inference: str, *steps: Object) -> Object:
    found = blue_green(*(steps or [{"weight": 10}, {"weight": 100}]))
    found["spec"]["target"]["apis"] = {"inferenceExtension": inference}
    return found


def files(group: str = OLD) -> dict[str, list[Object] | str]:
    ref = {"group": group, "kind": "InferencePool", "name": BLUE}
    return {
        "blue/all.yaml": [*old_version(BLUE), objective("urgent", BLUE)],
        "green/all.yaml": [*old_version(GREEN), objective("urgent-green", GREEN)],
        "routes/all.yaml": [route({"backendRefs": [ref]})],
    }


def pool(tree: Tree, name: str) -> Object:
    path = next(path for path in tree if path.endswith(f"inferencepool-{name}.yaml"))
    return dict(tree.read(path))


def groups(tree: Tree) -> set[str]:
    return {
        ref["group"]
        for path in tree
        if "httproute" in path
        for rule in tree.read(path)["spec"]["rules"]
        for ref in rule["backendRefs"]
    }


@pytest.mark.parametrize("group", [OLD, NEW])
def test_a_cluster_that_has_the_old_pool_gets_the_old_pool(tmp_path: Path, group: str) -> None:
    tree = rendered(tmp_path, plan("v1.3.0"), files(group))
    found = pool(tree, BLUE)
    assert found["apiVersion"] == f"{OLD}/v1alpha2"
    assert found["spec"] == {
        "selector": {"app": BLUE},
        "targetPortNumber": 8000,
        "extensionRef": {
            "group": "",
            "kind": "Service",
            "name": f"{BLUE}-epp",
            "portNumber": 9002,
            "failureMode": "FailOpen",
        },
    }
    assert groups(tree) == {OLD}


def test_a_cluster_without_it_gets_the_new_one(tmp_path: Path) -> None:
    tree = rendered(tmp_path, plan("v1.5.0"), files())
    found = pool(tree, BLUE)
    assert found["apiVersion"] == f"{NEW}/v1"
    assert found["spec"]["selector"] == {"matchLabels": {"app": BLUE}}
    assert found["spec"]["targetPorts"] == [{"number": 8000}]
    assert found["spec"]["endpointPickerRef"]["port"] == {"number": 9002}
    assert groups(tree) == {NEW}


def rollout(folder: Path, inference: str) -> Rollout:
    return compile_plan(written(folder, plan(inference), files())).rollout


@pytest.mark.parametrize(("inference", "group"), [("v1.3.0", OLD), ("v1.5.0", NEW)])
def test_identities_are_those_that_the_cluster_has(tmp_path: Path, inference: str, group: str) -> None:
    """Deletions and waits name what is there: the old pool is another object than the new one."""
    found = rollout(tmp_path, inference)
    gone = [
        item for part in found.stages[-1].deletions for item in part.objects if item.kind == "InferencePool"
    ]
    assert [item.identity.group for item in gone] == [group]
    scripts = [check.script for stage in found.stages for check in stage.gate.checks]
    (waiting,) = {script for script in scripts if f"inferencepool.{group}/{GREEN} " in script}
    assert (".status.parents[" in waiting) is (group == NEW), "the old kind called it `parent`"


@pytest.mark.parametrize(
    ("inference", "written_as", "codes"),
    [
        ("v1.5.0", f"{OLD}/v1alpha2", []),
        ("v1.6.0", "llm-d.ai/v1alpha2", ["RP559"]),
    ],
)
def test_an_old_rewrite_is_written_where_it_is_served(
    tmp_path: Path, inference: str, written_as: str, codes: list[str]
) -> None:
    """Its shape is the same in both groups; the endpoint picker reads the group that is installed."""
    item = rewrite(RULE)
    item["apiVersion"] = f"{OLD}/v1alpha2"
    found = lora({"weight": 50}, {"weight": 100})
    found["spec"]["target"]["apis"] = {"inferenceExtension": inference}
    path = written(tmp_path, found, {"serving/all.yaml": [*version(BLUE), item]})
    compiled = compile_plan(path)
    assert [finding.code.id for finding in compiled.warnings] == codes
    states = [item for stage in compiled.rollout.stages for item in stage.objects]
    assert {item.data["apiVersion"] for item in states if item.kind == "InferenceModelRewrite"} == {
        written_as
    }


def test_green_made_from_an_old_blue_is_old_too(tmp_path: Path) -> None:
    found = plan("v1.3.0")
    found["spec"]["green"] = {"pool": GREEN, "from": "blue"}
    tree = rendered(tmp_path, found, files())
    assert pool(tree, GREEN)["apiVersion"] == f"{OLD}/v1alpha2"
    assert pool(tree, GREEN)["spec"]["selector"] != {"app": BLUE}


def shared(*items: Object) -> tuple[Object, dict[str, list[Object] | str]]:
    """A plan with objects beside its versions, on a cluster that has old pools."""
    found = plan("v1.3.0")
    found["spec"]["shared"] = {"manifests": ["shared"]}
    return found, files() | {"shared/all.yaml": list(items)}


def test_a_grant_for_every_old_pool_stays_one(tmp_path: Path) -> None:
    """A grant without a name covers the pools of its group: the routes would lose theirs in another."""
    source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "front"}
    spec = {"from": [source], "to": [{"group": OLD, "kind": "InferencePool"}]}
    grant = thing("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "grant", spec=spec)
    tree = rendered(tmp_path, *shared(grant))
    path = next(path for path in tree if path.endswith("referencegrant-grant.yaml"))
    assert tree.read(path)["spec"]["to"] == [{"group": OLD, "kind": "InferencePool"}]


def test_a_new_pool_of_the_same_name_elsewhere_stays_new(tmp_path: Path) -> None:
    """Names are known in a namespace alone: the pool next door is another one."""
    other = {**version(BLUE)[0], "metadata": {"name": BLUE, "namespace": "other"}}
    ref = {"group": NEW, "kind": "InferencePool", "name": BLUE}
    own = route({"backendRefs": [ref]}, name="next-door")
    own["metadata"]["namespace"] = "other"
    tree = rendered(tmp_path, *shared(other, own))
    items = [tree.read(path) for path in tree if "pool-" in path or "route-" in path]
    pools = {
        (item["metadata"]["namespace"], item["apiVersion"])
        for item in items
        if item["kind"] == "InferencePool" and item["metadata"]["name"] == BLUE
    }
    assert pools == {("llm-d", f"{OLD}/v1alpha2"), ("other", f"{NEW}/v1")}
    next_door = [item for item in items if item["metadata"]["name"] == "next-door"]
    refs = [ref for item in next_door for rule in item["spec"]["rules"] for ref in rule["backendRefs"]]
    assert {ref["group"] for ref in refs} == {NEW}
