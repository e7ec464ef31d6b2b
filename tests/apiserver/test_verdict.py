"""Where the API server's verdict lands: once an object, at the user's line or at the plan's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator import pipeline
from generator.apiserver.verdict import ROWS
from generator.model.findings import Finding, Rejected
from generator.model.manifests import Manifest
from generator.model.rollout import Rollout
from generator.pipeline import compile_plan, compile_plans
from generator.render.delivery import delivered
from generator.rules import CODES
from tests.oracles.cluster.definitions import permissive
from tests.support.small_plans import BLUE, GREEN, Object, blue_green, route, to_pool, version, written

Refused = Callable[..., tuple[Finding, ...]]

POOL = ("inference.networking.k8s.io", "v1", "InferencePool", "inferencepools", "Namespaced")
FILES = {"blue/all.yaml": version(BLUE), "green/all.yaml": version(GREEN)}


def plan(**spec: Any) -> Object:
    made = blue_green({"weight": 50}, {"weight": 100})
    made["spec"] |= spec
    return made


def routes(*rules: Object, **spec: Any) -> dict[str, list[Object]]:
    return FILES | {"routes/all.yaml": [route(*rules, **spec)]}


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Give the findings of a plan that is refused."""

    def run(
        files: dict[str, Any], made: Object | None = None, crds: tuple[str, ...] = ()
    ) -> tuple[Finding, ...]:
        path = written(tmp_path, made or plan(), files)
        with pytest.raises(Rejected) as raised:
            compile_plans([str(path)], crds)
        return raised.value.findings

    return run


def test_a_fault_of_the_user_is_told_once_at_its_line(refused: Refused) -> None:
    """The route is in every stage, each time with other weights."""
    rule = {"backendRefs": [to_pool(BLUE)], "timeouts": {"request": "5 minutes"}}
    (finding,) = refused(routes(rule))
    assert (finding.code.id, finding.place.source.name.rpartition("/")[2]) == ("RP404", "all.yaml")
    line = finding.place.source.text.split("\n")[finding.place.line - 1]
    assert line[finding.place.column - 1 :].startswith('"5 minutes"')


def test_what_rollplan_does_to_an_object_is_told_at_the_plan(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = delivered

    def spoil(item: Manifest) -> Manifest:
        return item.put(["*.*"], "spec", "hostnames") if item.kind == "HTTPRoute" else item

    def spoiled(rollout: Rollout) -> Rollout:
        made = planned(rollout)
        stages = [replace(stage, objects=tuple(map(spoil, stage.objects))) for stage in made.stages]
        return replace(made, stages=tuple(stages))

    monkeypatch.setattr(pipeline, "delivered", spoiled)
    (finding,) = refused(routes({"backendRefs": [to_pool(BLUE)]}))
    assert (finding.code.id, finding.place.source.name.rpartition("/")[2]) == ("RP404", "plan.yaml")
    (related,) = finding.related
    assert related.place.source.name.endswith("routes/all.yaml")


def test_an_object_that_no_stage_changes_is_judged_too(refused: Refused) -> None:
    files = routes({"backendRefs": [to_pool(BLUE)]})
    grant: Object = {"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant"}
    grant |= {"metadata": {"name": "a"}, "spec": {"from": [], "to": [{"group": "", "kind": "Service"}]}}
    (finding,) = refused(files | {"shared/a.yaml": [grant]}, plan(shared={"manifests": ["shared"]}))
    assert finding.code.id == "RP404"


def test_all_faults_of_all_objects_are_told_together(refused: Refused) -> None:
    rule = {"backendRefs": [to_pool(BLUE)], "timeouts": {"request": "x"}, "retries": 3}
    findings = refused(routes(rule, hostnames=["*"]))
    assert {finding.code.id for finding in findings} == {"RP401", "RP404"}
    assert len(findings) == 3


def test_kinds_without_a_schema_are_taken_as_they_are(tmp_path: Path) -> None:
    unknown = {"apiVersion": "example.com/v7", "kind": "Thing", "metadata": {"name": "a"}, "anything": [1]}
    files = routes({"backendRefs": [to_pool(BLUE)]}) | {"shared/a.yaml": [unknown]}
    compiled = compile_plan(written(tmp_path, plan(shared={"manifests": ["shared"]}), files))
    assert compiled.warnings == ()


def definition(*row: str, schema: Object | None = None) -> Object:
    made = permissive(*row)
    if schema:
        made["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema
    return made


STRICT = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
            "x-kubernetes-validations": [{"rule": "has(self.owner)", "message": "a pool has an owner"}],
        }
    },
}


@pytest.mark.parametrize("listed", [True, False])
def test_the_cluster_s_own_definitions_decide(refused: Refused, listed: bool) -> None:
    """A file of one definition, and the list that `kubectl get crd -o yaml` writes."""
    crd = definition(*POOL, schema=STRICT)
    crds = [{"apiVersion": "v1", "kind": "List", "items": [crd]}] if listed else [crd]
    made = plan()
    made["spec"]["target"]["crds"] = ["crds"]
    findings = refused(routes({"backendRefs": [to_pool(BLUE)]}) | {"crds/all.json": crds}, made)
    assert {finding.code.id for finding in findings} == {"RP408"}
    assert len(findings) == 2  # blue and green
    assert "a pool has an owner" in findings[0].message


@pytest.mark.parametrize("name", ["crds", "crds/all.json"])
def test_the_command_line_names_definitions_too(refused: Refused, tmp_path: Path, name: str) -> None:
    crds = tmp_path / "elsewhere" / "crds" / "all.json"
    crds.parent.mkdir(parents=True)
    crds.write_text(json.dumps(definition(*POOL, schema=STRICT)), encoding="utf-8")
    findings = refused(routes({"backendRefs": [to_pool(BLUE)]}), crds=(str(tmp_path / "elsewhere" / name),))
    assert {finding.code.id for finding in findings} == {"RP408"}


def test_definitions_that_are_not_there_are_a_finding(refused: Refused, tmp_path: Path) -> None:
    (finding,) = refused(routes({"backendRefs": [to_pool(BLUE)]}), crds=(str(tmp_path / "nowhere"),))
    assert finding.code.id == "RP201"


def test_definitions_replace_ours_and_add_to_them(tmp_path: Path) -> None:
    """A field that our schema does not know is fine where the cluster's definition has it."""
    item = route({"backendRefs": [to_pool(BLUE)], "future": {"a": 1}})
    path = written(tmp_path, plan(), FILES | {"routes/all.yaml": [item]})
    row = ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", "Namespaced")
    crds = tmp_path / "crds.json"
    crds.write_text(json.dumps(definition(*row)), encoding="utf-8")
    (compiled,) = compile_plans([str(path)], [str(crds)])
    assert compiled.warnings == ()


def test_each_row_has_a_code_and_a_mend() -> None:
    assert all(code in CODES and hint for code, hint in ROWS.values())
