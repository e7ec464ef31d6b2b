"""Two plans render the tree under golden/, to the byte; every plan renders again to nothing at all.

tests/project/test_example_trees.py holds the trees of the others.
"""

import json
import os
from pathlib import Path

import pytest

from generator.cli.formats import FINDINGS
from tests.conftest import Rollplan
from tests.support.golden import Golden
from tests.support.trees import EXAMPLES, stages, texts

every_example = pytest.mark.parametrize("example", EXAMPLES)


@pytest.fixture
def rendered(example: str, rollplan: Rollplan, tmp_path: Path) -> Path:
    """Render an example, and give the one folder that came of it."""
    run = rollplan("render", f"plans/{example}/plan.yaml", "--out", tmp_path / "rendered")
    assert (run.returncode, run.stderr.count("\n")) == (0, 1), run.stderr
    (folder,) = (tmp_path / "rendered").iterdir()
    return folder


def snapshot(folder: Path) -> dict[Path, tuple[int, int, int, int]]:
    """Everything that a backup or a GitOps engine could notice of a folder and all below it."""
    status = {path: path.lstat() for path in (folder, *folder.rglob("*"))}
    return {path: (s.st_mode, s.st_ino, s.st_mtime_ns, s.st_size) for path, s in status.items()}


def test_each_example_has_its_goldens_and_no_golden_is_left_over(golden: Golden) -> None:
    assert EXAMPLES
    golden.only("plans", EXAMPLES)
    golden.only("stages", (f"{example}.txt" for example in EXAMPLES))


def test_no_other_golden_is_left_over(golden: Golden) -> None:
    """The tests that hold these name each of them."""
    golden.only("", ["accepted", "delivery", "findings", "plans", "reports", "stages", "together"])
    golden.only("accepted", (f"{format_}.txt" for format_ in FINDINGS))
    golden.only("delivery", ["argo-cd", "flux"])
    golden.only("reports", ["diff.json", "diff.md", "diff.txt"])
    golden.only("together", ["RP553.txt", "RP554.txt"])


@pytest.mark.parametrize("example", ["blue-green", "lora-adapter"])
def test_tree(example: str, rendered: Path, golden: Golden) -> None:
    golden.tree(f"plans/{example}", texts(rendered))


@every_example
def test_stage_table(example: str, rollplan: Rollplan, golden: Golden) -> None:
    run = rollplan("stages", f"plans/{example}/plan.yaml")
    assert (run.returncode, run.stderr) == (0, "")
    golden.text(f"stages/{example}.txt", run.stdout)


@every_example
def test_stages_for_machines_are_the_stages_on_the_disk(
    example: str, rollplan: Rollplan, rendered: Path
) -> None:
    run = rollplan("stages", f"plans/{example}/plan.yaml", "--format", "json")
    assert (run.returncode, run.stderr) == (0, "")
    (rollout,) = json.loads(run.stdout)["rollouts"]
    assert [stage["name"] for stage in rollout["stages"]] == [folder.name for folder in stages(rendered)]
    assert rollout == json.loads((rendered / "rollout.json").read_text(encoding="utf-8"))
    for path in (deletion["file"] for stage in rollout["stages"] for deletion in stage["delete"]):
        assert (rendered / path).is_file()


@every_example
def test_rendering_again_touches_nothing(example: str, rollplan: Rollplan, rendered: Path) -> None:
    for path in (rendered.parent, *rendered.parent.rglob("*")):
        os.utime(path, ns=(0, 1_000_000_000), follow_symlinks=False)
    before = snapshot(rendered.parent)
    run = rollplan("render", f"plans/{example}/plan.yaml", "--out", rendered.parent)
    assert (run.returncode, run.stderr) == (0, f"{rendered}: nothing to write\n")
    assert snapshot(rendered.parent) == before
