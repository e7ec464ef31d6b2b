"""Promotion: what becomes live, what is refused, and that nothing but `live/` is written."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from generator.disk import read_tree, write
from generator.gitops.promotion import (
    MARKER,
    Index,
    LiveStage,
    Refused,
    StageEntry,
    live_stage,
    promote,
    read_index,
)
from generator.model.findings import Fault
from generator.pipeline import compile_plan, planned
from tests.conftest import Rollplan
from tests.support.command import in_process
from tests.support.paths import ROOT
from tests.support.runbooks import EXAMPLES


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give the rendered blue-green example."""
    return render("blue-green", tmp_path)


def render(example: str, out: Path) -> Path:
    compiled = compile_plan(ROOT / "plans" / example / "plan.yaml")
    write(out, [planned(compiled)], version="1.0")
    return out / compiled.rollout.plan.name


def names(tree: Path) -> list[str]:
    return [stage["name"] for stage in json.loads((tree / "rollout.json").read_text())["stages"]]


def live(tree: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (tree / "live").iterdir()}


def others(tree: Path) -> dict[str, str]:
    return {path: text for path, text in read_tree(tree).items() if not path.startswith("live/")}


def run(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str]:
    code, out, err = in_process(capsys, *args)
    assert out == ""
    return code, err


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_stage_of_every_example_goes_live_in_order(
    example: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = render(example, tmp_path)
    before = others(tree)
    stages = json.loads((tree / "rollout.json").read_text())["stages"]
    for stage in stages:
        confirm = ["--confirm-cleanup"] if stage["final"] else []
        assert run(capsys, "promote", tree, stage["name"], *confirm)[0] == 0
        flat = live(tree)
        assert flat.pop(MARKER) == f"{stage['name']}\n"
        assert flat.pop("kustomization.yaml").count("\n- ") == len(flat)
        assert flat == {Path(path).name: (tree / path).read_text() for path in stage["files"]}
    assert others(tree) == before


def test_promoting_twice_touches_nothing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "promote", tree, "00")
    was = (tree / "live").stat()
    code, said = run(capsys, "promote", tree, "baseline")
    assert (code, said) == (0, f"{tree}/live: 00-baseline, as before\n")
    assert (tree / "live").stat().st_ino == was.st_ino


def test_a_weight_promotion_is_two_weights_and_the_marker(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "promote", tree, "05", "--skip-to")
    before = live(tree)
    assert run(capsys, "promote", tree, "06")[0] == 0
    changed = {name for name, text in live(tree).items() if text != before[name]}
    assert changed == {MARKER, "httproute-llm-route.yaml"}
    lines = zip(
        before["httproute-llm-route.yaml"].splitlines(),
        live(tree)["httproute-llm-route.yaml"].splitlines(),
        strict=True,
    )
    assert [(old.strip(), new.strip()) for old, new in lines if old != new] == [
        ("weight: 95", "weight: 90"),
        ("weight: 5", "weight: 10"),
    ]


@pytest.mark.parametrize(
    ("start", "wanted", "says"),
    [
        ("", "01", "01-deploy-model skips 00-baseline"),
        ("03", "06", "06-weight-10 skips 04-weight-1, 05-weight-5"),
        ("10", "11", "use --confirm-cleanup to confirm it"),
        ("11", "07", "what served before is gone since 11-cleanup"),
        ("03", "weight-11", "did you mean 04-weight-1?"),
        ("03", "nowhere", "there are 00-baseline, "),
    ],
)
def test_what_is_refused_writes_nothing(
    tree: Path, capsys: pytest.CaptureFixture[str], start: str, wanted: str, says: str
) -> None:
    if start:
        run(capsys, "promote", tree, start, "--skip-to", "--confirm-cleanup")
    before = read_tree(tree)
    code, said = run(capsys, "promote", tree, wanted)
    assert code == 1
    assert says in said
    assert read_tree(tree) == before


def test_a_leap_tells_its_risk(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "promote", tree, "03", "--skip-to")
    code, said = run(capsys, "promote", tree, "06", "--skip-to")
    assert code == 0
    assert said.startswith("warning: 06-weight-10 skips 04-weight-1, 05-weight-5: ")


@pytest.mark.parametrize("wanted", ["00", "03", "09"])
def test_back_to_any_earlier_stage(tree: Path, capsys: pytest.CaptureFixture[str], wanted: str) -> None:
    run(capsys, "promote", tree, "10", "--skip-to")
    assert run(capsys, "promote", tree, wanted)[0] == 0
    assert live(tree)[MARKER].startswith(wanted)


def test_from_cleanup_one_stage_back(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "promote", tree, "11", "--skip-to", "--confirm-cleanup")
    assert run(capsys, "promote", tree, "10")[0] == 0


def test_the_rollback_keeps_everything_and_moves_the_traffic(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "promote", tree, "07", "--skip-to")
    before = live(tree)
    assert run(capsys, "rollback", tree)[0] == 0
    after = live(tree)
    route = "httproute-llm-route.yaml"
    assert after.pop(MARKER) == "rollback from 07-weight-50\n"
    assert after.pop(route) == (tree / "rollback" / route).read_text()
    assert after == {name: text for name, text in before.items() if name not in {MARKER, route}}
    # from there the weights start anew
    assert run(capsys, "promote", tree, "07")[0] == 1
    assert run(capsys, "promote", tree, "04")[0] == 0


@pytest.mark.parametrize(("start", "says"), [("", "nothing to roll back"), ("11", "roles swapped")])
def test_no_rollback_where_it_would_not_help(
    tree: Path, capsys: pytest.CaptureFixture[str], start: str, says: str
) -> None:
    if start:
        run(capsys, "promote", tree, start, "--skip-to", "--confirm-cleanup")
    code, said = run(capsys, "rollback", tree)
    assert code == 1
    assert says in said


@pytest.mark.parametrize("path", ["stages/06-weight-10/httproute-llm-route.yaml", "rollout.json"])
@pytest.mark.parametrize("damage", ["edit", "delete"])
def test_what_the_plan_does_not_render_is_never_promoted(
    tree: Path, capsys: pytest.CaptureFixture[str], path: str, damage: str
) -> None:
    if damage == "edit":
        text = (tree / path).read_text()
        (tree / path).write_text(text.replace("90", "91"))
    else:
        (tree / path).unlink()
    code, said = run(capsys, "promote", tree, "00")
    assert code == 1
    assert path in said
    assert not (tree / "live").exists()


def test_a_directory_that_is_no_rendered_plan(tmp_path: Path, rollplan: Rollplan) -> None:
    done = rollplan("promote", tmp_path, "00")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not the rendered directory of a plan" in done.stderr


def test_a_live_directory_with_something_else_in_it_is_left_alone(tree: Path, rollplan: Rollplan) -> None:
    (tree / "live" / "mine").mkdir(parents=True)
    done = rollplan("promote", tree, "00")
    assert done.returncode == 2
    assert "move it away" in done.stderr
    assert (tree / "live" / "mine").is_dir()


def test_a_link_in_the_place_of_live_is_not_followed(tree: Path, tmp_path: Path, rollplan: Rollplan) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tree / "live").symlink_to(elsewhere)
    assert rollplan("promote", tree, "00").returncode == 2
    assert not list(elsewhere.iterdir())


def test_rendering_again_keeps_what_is_live(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "promote", tree, "00")
    before = live(tree)
    render("blue-green", tmp_path)
    assert live(tree) == before


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"stages": [{"splits": []}]}', '{"stages": 1}'])
def test_a_rollout_of_another_format_is_a_fault(text: str) -> None:
    with pytest.raises(Fault, match="not in the format of this rollplan"):
        read_index(text, "rollout.json")


def test_a_stage_that_is_no_more_counts_as_nowhere() -> None:
    stage = StageEntry(name="00-baseline", files=(), moves=False, final=False)
    index = Index(stages=(stage,), rollback=())
    assert live_stage(index, {MARKER: "07-gone\n"}) == LiveStage(number=None)
    assert live_stage(index, {}) == LiveStage(number=None)
    with pytest.raises(Refused, match="no stage is called"):
        promote(index, {}, {}, "07", skip=False, confirmed=False)


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.kustomize
def test_what_is_live_is_applied_in_the_order_of_its_stage(
    example: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = render(example, tmp_path)
    for stage in names(tree):
        run(capsys, "promote", tree, stage, "--confirm-cleanup")
        built = [
            subprocess.run(["kubectl", "kustomize", place], check=True, capture_output=True, cwd=tree).stdout
            for place in ("live", f"stages/{stage}")
        ]
        assert built[0] == built[1]
