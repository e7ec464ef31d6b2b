"""Apply engines: each has its row and its folder, and what it cannot do in order becomes stages."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from generator.disk import read_tree, write
from generator.pipeline import Compiled, compile_plan, planned
from generator.render.delivery import ENGINES
from tests.support.golden import Golden
from tests.support.paths import ROOT
from tests.support.runbooks import EXAMPLES

DELIVERIES = {
    "argo-cd": "argoCD: {repoURL: 'ssh://git@git.example.com/rollouts.git', path: rendered/NAME}",
    "flux": "flux: {path: rendered/NAME, source: rollouts, branch: release}",
}
WORKLOADS = {"Deployment", "StatefulSet", "LeaderWorkerSet"}


def compiled(example: str, engine: str, folder: Path) -> Compiled:
    """Compile an example for another engine."""
    place = folder / example
    shutil.copytree(ROOT / "plans" / example, place)
    plan = place / "plan.yaml"
    text = plan.read_text(encoding="utf-8")
    name = yaml.safe_load(text)["metadata"]["name"]
    delivery = DELIVERIES[engine].replace("NAME", name)
    plan.write_text(text.replace("\nspec:", f"\nspec:\n  delivery: {{{delivery}}}", 1), encoding="utf-8")
    return compile_plan(plan)


def rendered(example: str, engine: str, folder: Path) -> dict[str, str]:
    write(folder / "out", [planned(compiled(example, engine, folder))], version="1.0")
    (place,) = (folder / "out").iterdir()
    return read_tree(place)


def test_each_engine_has_a_folder_and_each_folder_an_engine() -> None:
    folders = {path.name for path in (ROOT / "templates" / "render" / "delivery").iterdir()}
    assert folders == set(ENGINES) == {"kubectl", *DELIVERIES}
    shells = {
        name: {path.name for path in (ROOT / "templates" / "render" / "delivery" / name).glob("*.sh.j2")}
        for name in ENGINES
    }
    assert shells["argo-cd"] == shells["flux"] == shells["kubectl"]


@pytest.mark.parametrize("engine", DELIVERIES)
def test_golden(engine: str, tmp_path: Path, golden: Golden) -> None:
    tree = rendered("blue-green", engine, tmp_path)
    kept = {"README.md", *(path for path in tree if path.startswith("delivery/"))}
    (workload,) = (path for path in tree if path.endswith("/deployment-qwen3-32b-a100-decode.yaml"))
    golden.tree(f"delivery/{engine}", {path: tree[path] for path in (*kept, workload)})


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("engine", DELIVERIES)
def test_a_pruning_engine_deletes_in_stages(example: str, engine: str, tmp_path: Path) -> None:
    rollout = compiled(example, engine, tmp_path).rollout
    plain = compile_plan(ROOT / "plans" / example / "plan.yaml").rollout
    deleted = [deletion for stage in rollout.stages for deletion in stage.deletions]
    assert all(len(stage.deletions) <= 1 for stage in rollout.stages)
    assert [deletion.title for deletion in deleted] == [
        deletion.title for stage in plain.stages for deletion in stage.deletions
    ]
    for before, after in zip(rollout.stages, rollout.stages[1:], strict=False):
        gone = {item.identity for item in before.objects} - {item.identity for item in after.objects}
        assert gone == {item.identity for deletion in after.deletions for item in deletion.objects}
    assert len(plain.stages[-1].objects) == len(rollout.stages[-1].objects)


@pytest.mark.parametrize("example", EXAMPLES)
def test_argo_cd_applies_in_waves_and_asks_before_it_prunes_model_servers(
    example: str, tmp_path: Path
) -> None:
    rollout = compiled(example, "argo-cd", tmp_path).rollout
    asked = set()
    for stage in rollout.stages:
        for item in stage.objects:
            annotations = item.get("metadata", "annotations", default={})
            assert annotations["argocd.argoproj.io/sync-wave"].isdigit()
            if "Prune=confirm" in annotations.get("argocd.argoproj.io/sync-options", ""):
                asked.add(item.identity)
                assert item.kind in WORKLOADS
                template = item.get("spec", "template", default={})
                assert "argocd" not in json.dumps(template, default=dict)
    assert asked


def test_waves_follow_the_order_in_which_objects_must_exist(tmp_path: Path) -> None:
    rollout = compiled("blue-green", "argo-cd", tmp_path).rollout
    waves = {
        item.kind: int(item.get("metadata", "annotations", "argocd.argoproj.io/sync-wave"))
        for item in rollout.stages[-2].objects
    }
    order = ["ServiceAccount", "Service", "InferencePool", "DestinationRule", "Deployment", "HTTPRoute"]
    assert [waves[kind] for kind in order] == sorted({waves[kind] for kind in order})


def test_an_annotation_of_the_user_stays(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "plans" / "blue-green", tmp_path / "blue-green")
    manifest = tmp_path / "blue-green/blue/model-server.yaml"
    own = {"argocd.argoproj.io/sync-wave": "-3", "argocd.argoproj.io/sync-options": "Validate=false"}
    head, deployment = manifest.read_text(encoding="utf-8").split("kind: Deployment\nmetadata:\n")
    annotated = f"{head}kind: Deployment\nmetadata:\n  annotations: {json.dumps(own)}\n{deployment}"
    manifest.write_text(annotated, encoding="utf-8")
    plan = tmp_path / "blue-green/plan.yaml"
    delivery = DELIVERIES["argo-cd"].replace("NAME", "x")
    plan.write_text(plan.read_text().replace("\nspec:", f"\nspec:\n  delivery: {{{delivery}}}", 1))
    blue = next(
        item
        for item in compile_plan(plan).rollout.stages[0].objects
        if item.kind == "Deployment" and item.part == "model"
    )
    annotations = blue.get("metadata", "annotations")
    assert annotations["argocd.argoproj.io/sync-wave"] == "-3"
    assert annotations["argocd.argoproj.io/sync-options"] == "Validate=false,Delete=confirm,Prune=confirm"


@pytest.mark.parametrize("engine", DELIVERIES)
def test_no_file_to_delete_by_hand_is_left_where_the_engine_prunes(engine: str, tmp_path: Path) -> None:
    tree = rendered("blue-green", engine, tmp_path)
    assert not [path for path in tree if "/delete/" in path]
    assert '"file"' not in tree["rollout.json"]
    assert json.loads(tree["rollout.json"])["delivery"] == engine
    assert "kubectl apply -k" not in tree["README.md"]


@pytest.mark.kustomize
@pytest.mark.parametrize("example", EXAMPLES)
def test_what_a_stage_builds_is_what_it_holds(example: str, tmp_path: Path) -> None:
    """A deletion may leave half of a bundle alive, which no stage may name whole then."""
    one = compiled(example, "flux", tmp_path)
    write(tmp_path / "out", [planned(one)], version="1.0")
    (place,) = (tmp_path / "out").iterdir()
    for index, stage in enumerate(one.rollout.stages):
        folder = place / "stages" / one.rollout.directory(index)
        done = subprocess.run(["kubectl", "kustomize", folder], check=True, capture_output=True, text=True)
        built = {(item["kind"], item["metadata"]["name"]) for item in yaml.safe_load_all(done.stdout)}
        assert built == {(item.kind, item.name) for item in stage.objects}
