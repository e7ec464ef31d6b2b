"""kubectl builds every stage of every example, and reads what the folders to apply and delete hold."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from deepdiff import DeepDiff

from generator.disk import write
from generator.pipeline import compile_plan, planned
from tests.support.paths import ROOT
from tests.support.patience import PATIENCE
from tests.support.trees import EXAMPLES, Name, by_name, listed, name, objects, stages

BUILDERS = {"kubectl": ["kubectl", "kustomize"], "kustomize": ["kustomize", "build"]}
BUILD = next((command for tool, command in BUILDERS.items() if shutil.which(tool)), None)
needs_builder = pytest.mark.kustomize
needs_kubectl = pytest.mark.oracle("kubectl")


@pytest.fixture(scope="module", params=EXAMPLES)
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An example's rendered folder."""
    out = tmp_path_factory.mktemp("rendered")
    plan = planned(compile_plan(ROOT / "plans" / request.param / "plan.yaml"))
    write(out, [plan], version="0")
    return out / plan.name


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def read_by_kubectl(*arguments: str) -> list[dict[str, Any]]:
    """What kubectl would act on, without a cluster: it annotates, prints and forgets the objects."""
    text = run("kubectl", "annotate", "--local", *arguments, "a=b", "-o", "json")
    decoder, found = json.JSONDecoder(), []
    while text := text.lstrip():
        item, end = decoder.raw_decode(text)
        text = text[end:]
        item["metadata"].pop("annotations")
        found.append(item)
    return found


@needs_builder
def test_each_stage_builds_to_exactly_what_its_files_hold_in_their_order(tree: Path) -> None:
    for stage in stages(tree):
        assert BUILD
        built, written = list(yaml.safe_load_all(run(*BUILD, str(stage)))), objects(*listed(stage))
        assert [name(item) for item in built] == [name(item) for item in written] != []
        assert DeepDiff(by_name(written), by_name(built)) == {}, stage.name


def test_each_stage_holds_what_came_before_with_what_it_applies_and_without_what_it_deletes(
    tree: Path,
) -> None:
    def names(identities: Any) -> set[Name]:
        return {(x["group"], x["kind"], x.get("namespace", ""), x["name"]) for x in identities}

    rollout = json.loads((tree / "rollout.json").read_text(encoding="utf-8"))
    alive: dict[Name, dict[str, Any]] = {}
    for folder, stage in zip(stages(tree), rollout["stages"], strict=True):
        now = by_name(objects(*listed(folder)))
        gone = names(x for deletion in stage["delete"] for x in deletion["objects"])
        changed = {name for name, item in now.items() if alive.get(name) != item}
        assert changed == names(stage["apply"])
        assert set(alive) - set(now) == gone
        assert set(map(name, objects(*sorted(folder.glob("delete/*"))))) == gone
        alive = now


def test_every_manifest_takes_part_and_no_other_file_can_be_applied(tree: Path) -> None:
    used = {path.resolve() for stage in stages(tree) for path in listed(stage)}
    apart = {*tree.glob("rollback/**/*"), *tree.glob("stages/*/delete/*"), *tree.rglob("kustomization.yaml")}
    assert {path for path in tree.rglob("*.yaml") if path not in apart} == used


def test_the_way_back_is_read_without_what_it_later_deletes(tree: Path) -> None:
    assert [*(tree / "rollback").rglob("kustomization.yaml")] == []
    files = sorted((tree / "rollback").glob("*.yaml"))
    first = by_name(objects(*listed(stages(tree)[0])))
    assert set(map(name, objects(*files))) <= set(first)
    assert files


@needs_kubectl
def test_kubectl_reads_the_way_back(tree: Path) -> None:
    files = sorted((tree / "rollback").glob("*.yaml"))
    assert DeepDiff(objects(*files), read_by_kubectl("-f", str(tree / "rollback"))) == {}


@needs_kubectl
def test_kubectl_reads_each_deletion_in_its_order(tree: Path) -> None:
    for file in (*tree.glob("stages/*/delete/*"), *tree.glob("rollback/delete/*")):
        written = objects(file)
        assert read_by_kubectl("-f", str(file)) == written != []
        for item in written:
            assert set(item) == {"apiVersion", "kind", "metadata"}
            assert {"name"} <= set(item["metadata"]) <= {"name", "namespace"}
