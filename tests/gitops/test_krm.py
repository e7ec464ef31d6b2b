"""rollplan as a KRM function: alone, and called by kustomize."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.gitops.krm import run
from generator.model.findings import Fault
from generator.pipeline import compile_plan
from tests.support.command import environment
from tests.support.paths import ROOT

EXAMPLE = ROOT / "plans" / "blue-green"
PATH = "config.kubernetes.io/path"


def plan(stage: str) -> dict[str, Any]:
    data = yaml.safe_load((EXAMPLE / "plan.yaml").read_text(encoding="utf-8"))
    data["metadata"]["annotations"] = {"rollplan.dev/stage": stage}
    assert isinstance(data, dict)
    return data


def items() -> list[dict[str, Any]]:
    """Give every object beside the plan, with the path it stands at, as kpt does."""
    found = []
    for path in sorted(EXAMPLE.rglob("*.yaml")):
        if path.name == "plan.yaml":
            continue
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            metadata = document["metadata"]
            metadata["annotations"] = {
                **metadata.get("annotations", {}),
                PATH: path.relative_to(EXAMPLE).as_posix(),
            }
            found.append(document)
    return found


def call(stage: str, given: list[dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    whole = {
        "apiVersion": "config.kubernetes.io/v1",
        "kind": "ResourceList",
        "items": given,
        "functionConfig": plan(stage),
    }
    text, good = run(yaml.safe_dump(whole))
    answer = yaml.safe_load(text)
    assert isinstance(answer, dict)
    return answer, good


def bare(item: dict[str, Any]) -> dict[str, Any]:
    annotations = {
        key: value
        for key, value in item["metadata"].get("annotations", {}).items()
        if "kubernetes.io/" not in key
    }
    metadata = {key: value for key, value in item["metadata"].items() if key != "annotations"}
    return {**item, "metadata": {**metadata, **({"annotations": annotations} if annotations else {})}}


def homes(given: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Give the path of each object."""
    return {(item["kind"], item["metadata"]["name"]): item["metadata"]["annotations"][PATH] for item in given}


def expected(stage: str) -> list[Any]:
    rollout = compile_plan(EXAMPLE / "plan.yaml").rollout
    (number,) = (index for index in range(len(rollout.stages)) if rollout.directory(index).endswith(stage))
    return [yaml.safe_load(yaml.safe_dump(dict(item.data))) for item in rollout.stages[number].objects]


@pytest.mark.parametrize("stage", ["00-baseline", "05-weight-5", "11-cleanup"])
def test_the_answer_is_the_stage(stage: str) -> None:
    answer, good = call(stage, items())
    assert good
    assert [bare(item) for item in answer["items"]] == expected(stage)
    assert "results" not in answer
    assert answer["functionConfig"] == plan(stage)


def test_an_object_goes_back_to_the_file_it_came_from() -> None:
    given = {
        (item["kind"], item["metadata"]["name"]): item["metadata"]["annotations"][PATH] for item in items()
    }
    answer, _ = call("05", items())
    back = {
        (item["kind"], item["metadata"]["name"]): item["metadata"]["annotations"][PATH]
        for item in answer["items"]
    }
    assert back == given


def test_what_the_plan_knows_nothing_of_passes_through() -> None:
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}, "data": {"a": "1"}}
    answer, _ = call("05", [*items(), other])
    assert answer["items"][-1] == other


def test_items_without_paths_name_their_bundle() -> None:
    given = items()
    for item in given:
        bundle = item["metadata"]["annotations"].pop(PATH).partition("/")[0]
        item["metadata"]["annotations"]["rollplan.dev/bundle"] = bundle
    answer, good = call("05", given)
    assert good, answer.get("results")
    assert len(answer["items"]) == len(given)


def test_findings_are_results_and_the_items_stay() -> None:
    given = [item for item in items() if item["kind"] != "InferencePool"]
    answer, good = call("05", given)
    assert not good
    assert answer["items"] == given
    severities = {result["severity"] for result in answer["results"]}
    assert severities == {"error"}
    assert any(result["message"].startswith("RP301: ") for result in answer["results"])
    assert all(result["file"]["path"] for result in answer["results"])


def test_nothing_for_a_path_is_a_result() -> None:
    answer, good = call(
        "05", [item for item in items() if not item["metadata"]["annotations"][PATH].startswith("green")]
    )
    assert not good
    assert "no item of the list stands for `green/`" in answer["results"][0]["message"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: 1",
        "kind: ResourceList",
        "kind: ResourceList\nfunctionConfig: 1",
        "[",
        "kind: ResourceList\n---\na: 1",
    ],
)
def test_what_is_no_resource_list_is_a_fault(text: str) -> None:
    with pytest.raises(Fault):
        run(text)


def test_a_stage_must_be_named() -> None:
    with pytest.raises(Fault, match="no stage is called"):
        call("somewhere", items())


def test_kustomize_calls_it(tmp_path: Path) -> None:
    kustomize = shutil.which("kustomize")
    if kustomize is None:
        pytest.skip("kustomize is not installed; kubectl's own runs no programs")
    program = tmp_path / "rollplan-krm"
    program.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from generator.cli import main; main()' krm\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    files = sorted({item["metadata"]["annotations"][PATH] for item in items()})
    for name in files:
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        documents = []
        for item in items():
            if item["metadata"]["annotations"][PATH] == name:
                item["metadata"]["annotations"] = {"rollplan.dev/bundle": name.partition("/")[0]}
                documents.append(item)
        target.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    config = plan("05")
    function = {"exec": {"path": "./rollplan-krm"}}
    config["metadata"]["annotations"]["config.kubernetes.io/function"] = yaml.safe_dump(function)
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    kustomization = {"resources": files, "transformers": ["plan.yaml"]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
    done = subprocess.run(
        [kustomize, "build", "--enable-alpha-plugins", "--enable-exec", "."],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    built = list(yaml.safe_load_all(done.stdout))
    assert len(built) == len(expected("05-weight-5"))
    (route,) = (item for item in built if item["kind"] == "HTTPRoute")
    assert [ref["weight"] for ref in route["spec"]["rules"][-1]["backendRefs"]] == [95, 5]
