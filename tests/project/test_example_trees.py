"""What is in a rendered example beside its goldens follows from the files that the goldens show."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from generator.cli import cli
from generator.emit import emit
from tests.project.test_example_manifests import read_source
from tests.render.test_published_schemas import published
from tests.support.golden import Golden
from tests.support.paths import ROOT
from tests.support.reviews import review
from tests.support.trees import CLUSTER_SCOPED, EXAMPLES, Object, listed, name, objects, stages, texts

WHOLE = {"blue-green", "lora-adapter"}
"""Examples whose every file is a golden; tests/project/test_examples.py has them."""

every_example = pytest.mark.parametrize("example", EXAMPLES)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Rendered examples, as the tests ask for them."""
    return {"": tmp_path_factory.mktemp("rendered")}


@pytest.fixture
def tree(trees: dict[str, Path], example: str) -> Path:
    """The rendered tree of an example."""
    if example not in trees:
        out = trees[""] / example
        cli.main(["render", str(ROOT / "plans" / example), "--out", str(out)], standalone_mode=False)
        (trees[example],) = out.iterdir()
    return trees[example]


def given(example: str) -> list[Object]:
    """Return the objects of the user's manifests, each in the plan's namespace."""
    folder = ROOT / "plans" / example
    plan = yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8"))
    parts = [plan["spec"], *(part for part in plan["spec"].values() if isinstance(part, dict))]
    paths = [path for part in parts for path in [*part.get("manifests", []), *part.get("routes", [])]]
    found = [item for path in paths for item in read_source(folder / path)]
    for item in found:
        if item["kind"] not in CLUSTER_SCOPED:
            item["metadata"].setdefault("namespace", plan["metadata"]["namespace"])
    return found


def machine(tree: Path, file: str = "rollout.json") -> Any:
    return json.loads((tree / file).read_text(encoding="utf-8"))


def identity(item: Object) -> dict[str, str]:
    """Return an object's identity as rollout.json writes it."""
    group, kind, namespace, own = name(item)
    return {"group": group, "kind": kind, **({"namespace": namespace} if namespace else {}), "name": own}


def shown(one: dict[str, str]) -> str:
    """Return an identity of rollout.json as runbooks and inventories write it."""
    kind = f"{one['kind']}.{one['group']}" if one["group"] else one["kind"]
    return f"{kind} {one['namespace']}/{one['name']}" if "namespace" in one else f"{kind} {one['name']}"


@pytest.mark.parametrize("example", sorted(set(EXAMPLES) - WHOLE))
def test_what_rollplan_adds_to_the_manifests_is_a_golden(example: str, tree: Path, golden: Golden) -> None:
    golden.tree(f"plans/{example}", review(texts(tree), given(example)))


@every_example
def test_every_manifest_of_the_user_is_in_a_bundle_or_a_stage(example: str, tree: Path) -> None:
    """But routes, whose weights the plan sets: a golden shows what becomes of them."""
    files = [path for path in tree.rglob("*.yaml") if path.name != "kustomization.yaml"]
    rendered = [item for path in files for item in objects(path)]
    assert [item for item in given(example) if item not in rendered and item["kind"] != "HTTPRoute"] == []


@every_example
def test_manifests_are_written_in_one_form(example: str, tree: Path) -> None:
    """Goldens compare texts alone where the user's manifest is not the same object."""
    for path in tree.rglob("*.yaml"):
        if path.name != "kustomization.yaml":
            assert path.read_text(encoding="utf-8") == "---\n".join(map(emit, objects(path))), path


@every_example
def test_git_attributes_are_those_of_every_tree(example: str, tree: Path) -> None:
    golden = ROOT / "golden/plans/blue-green/.gitattributes"
    assert (tree / ".gitattributes").read_bytes() == golden.read_bytes()


@every_example
def test_inventory_has_every_file_with_its_hash_and_its_object(example: str, tree: Path) -> None:
    entries = machine(tree, "inventory.json")["files"]
    assert [*entries] == sorted(set(texts(tree)) - {"inventory.json"})
    for path, entry in entries.items():
        assert entry["sha256"] == hashlib.sha256((tree / path).read_bytes()).hexdigest(), path
        manifest = (
            path.endswith(".yaml") and not path.endswith("kustomization.yaml") and "/delete/" not in path
        )
        assert ("object" in entry) == manifest
        if manifest:
            (item,) = objects(tree / path)
            assert entry["object"] == shown(identity(item))


@every_example
def test_stages_for_machines_apply_what_their_kustomizations_list(example: str, tree: Path) -> None:
    before: dict[Any, Object] = {}
    for folder, stage in zip(stages(tree), machine(tree)["stages"], strict=True):
        files = [path.resolve() for path in listed(folder)]
        assert stage["name"] == folder.name
        assert stage["files"] == [path.relative_to(tree.resolve()).as_posix() for path in files]
        now = {name(item): item for item in objects(*files)}
        changed = [identity(item) for key, item in now.items() if before.get(key) != item]
        assert sorted(stage["apply"], key=str) == sorted(changed, key=str)
        before = now


@every_example
def test_rollback_for_machines_is_its_folder(example: str, tree: Path) -> None:
    back = machine(tree)["rollback"]
    files = sorted(path.relative_to(tree).as_posix() for path in (tree / "rollback").glob("*.yaml"))
    assert sorted(back["files"]) == files
    assert back["apply"] == [identity(item) for path in back["files"] for item in objects(tree / path)]


@every_example
def test_deletions_for_machines_are_their_files(example: str, tree: Path) -> None:
    described = machine(tree)
    deletions = [one for part in (*described["stages"], described["rollback"]) for one in part["delete"]]
    files = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("delete/*.yaml"))
    assert sorted(deletion["file"] for deletion in deletions) == files
    for deletion in deletions:
        assert deletion["objects"] == [identity(item) for item in objects(tree / deletion["file"])]


@every_example
def test_splits_for_machines_are_the_weights_of_the_manifests(example: str, tree: Path) -> None:
    for folder, stage in zip(stages(tree), machine(tree)["stages"], strict=True):
        found = {str(identity(item)): item for item in objects(*listed(folder))}
        for split in stage["splits"]:
            rules = found[str(split["object"])]["spec"]["rules"]
            (rule,) = [
                one for at, one in enumerate(rules) if split["rule"] in (f"rules[{at}]", one.get("name"))
            ]
            backends = {
                one.get("name") or one.get("modelRewrite"): one.get("weight", 1)
                for one in [*rule.get("backendRefs", []), *rule.get("targets", [])]
            }
            assert {one["name"]: one["weight"] for one in split["backends"]} == backends
            total = sum(one["weight"] for one in split["backends"])
            for one in split["backends"]:
                assert float(one["percent"]) == pytest.approx(100 * one["weight"] / total, abs=0.001)


@every_example
def test_instructions_and_figures_for_machines_are_those_for_people(example: str, tree: Path) -> None:
    """The runbook is a golden of every example: what it shows is held to the byte."""
    runbook = (tree / "README.md").read_text(encoding="utf-8")
    described = machine(tree)
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in runbook.splitlines()}
    parts = runbook.split("\n## ")
    for stage in described["stages"]:
        (part,) = [one for one in parts if one.startswith(f"{stage['name']}\n")]
        for one in [*stage["actions"], *stage["gate"]["checks"]]:
            assert one["script"] in part
            assert one["title"].lower() in part.lower()
        for check in (check for deletion in stage["delete"] for check in deletion["checks"]):
            assert check["script"] in part
            assert check["title"].startswith("the pods of ")
        for metric in stage["gate"]["metrics"]:
            assert metric["promql"] in part
        assert stage["gate"]["soak"] in part
        assert stage["title"].lower() in part.lower()
        applied = [shown(one) for one in stage["apply"]]
        assert re.findall(r"^- `(\S+ \S+)`$", part.partition("### ")[0], re.MULTILINE) in (applied, [])
        row, used = rows[stage["name"]], stage["accelerators"]
        peak = f" ({used['peak']})" if used["peak"] != used["settled"] else ""
        assert f"| {used['settled']}{peak} |" in row
        assert all(str(count) in row for count in stage["replicas"].values())
        assert stage["rollback"] in row
    for check in described["rollback"]["checks"]:
        assert check["script"] in runbook
    assert [stage["final"] for stage in described["stages"]][:-1] == [False] * (len(described["stages"]) - 1)


@every_example
@pytest.mark.parametrize("kind", ["rollout", "inventory"])
def test_files_for_machines_fit_their_schemas(example: str, tree: Path, kind: str) -> None:
    jsonschema.Draft7Validator(published(kind)).validate(machine(tree, f"{kind}.json"))
