"""What `diff` says of stages and rollouts: traffic first, each change once, the opposite on the way back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.cli.formats import DIFFERENCES
from generator.gitops.compare import Comparison, Side, compare, read_stage, read_tree
from generator.gitops.compare.model import ADDED, CHANGED, DELETED, REMOVED, SPARED
from generator.model.findings import Fault
from generator.render.files import render
from generator.resources import SCHEMAS
from tests.conftest import Rollplan
from tests.support.golden import Golden
from tests.support.paths import ROOT
from tests.support.random_plans import BRIEF, Case, blue_greens, loras
from tests.support.trees import EXAMPLES

SCHEMA = json.loads((SCHEMAS / "gitops/diff.schema.json").read_text(encoding="utf-8"))
MIRROR = {
    ADDED: REMOVED,
    REMOVED: ADDED,
    CHANGED: CHANGED,
    DELETED: SPARED,
    SPARED: DELETED,
    "reordered": "reordered",
}
Files = dict[str, str]


def side(files: Mapping[str, str], stage: str = "") -> Side:
    series = read_stage("a", files, f"stages/{stage}") if stage else read_tree("a", files)
    return Side(name=stage or "a", series=(series,))


def answer(comparison: Comparison) -> Any:
    """What machines get, after it was held against the schema."""
    content = json.loads(DIFFERENCES["json"](comparison))
    jsonschema.Draft7Validator(SCHEMA).validate(content)
    return content


@pytest.fixture(scope="module")
def blue_green(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return rendered(tmp_path_factory.mktemp("blue-green"), "blue-green")


def rendered(folder: Path, example: str, edit: Callable[[str], str] = lambda text: text) -> Files:
    """An example as it renders once its plan is edited."""
    from generator.pipeline import compile_plan, planned

    shutil.copytree(ROOT / "plans" / example, folder, dirs_exist_ok=True)
    plan = folder / "plan.yaml"
    plan.write_text(edit(plan.read_text()))
    return dict(planned(compile_plan(plan)).tree)


def opposite(content: Any) -> Any:
    """The same answer as it must be for the two sides in each other's place."""
    if isinstance(content, list):
        return [opposite(item) for item in content]
    if not isinstance(content, dict):
        return content
    turned = {key: opposite(value) for key, value in content.items()}
    if "before" in turned:
        turned["before"], turned["after"] = turned["after"], turned["before"]
    if "kind" in turned and "name" not in turned:
        turned["kind"] = MIRROR[turned["kind"]]
    if "change" in turned:
        turned["change"] = str(-Decimal(turned["change"]) + 0)
    return turned


def unordered(content: Any) -> Any:
    """An answer without the order of its lists, and without its sentence."""
    if isinstance(content, list):
        return sorted(
            (unordered(item) for item in content), key=lambda item: json.dumps(item, sort_keys=True)
        )
    if isinstance(content, dict):
        return {key: unordered(value) for key, value in content.items() if key != "verdict"}
    return content


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_rollout_does_not_differ_from_itself(tmp_path: Path, example: str) -> None:
    files = rendered(tmp_path, example)
    found = compare(side(files), side(dict(files)))
    assert found.same
    assert answer(found)["plans"] == []


@settings(BRIEF, max_examples=25)
@given(blue_greens() | loras(), st.data())
def test_laws_of_any_two_stages(case: Case, data: st.DataObject) -> None:
    files = render(case.rollout()).files
    folders = sorted({path.split("/")[1] for path in files if path.startswith("stages/")})
    one, other = (side(files, data.draw(st.sampled_from(folders))) for _ in range(2))
    there, back = answer(compare(one, other)), answer(compare(other, one))
    assert unordered(opposite(there)) == unordered(back)
    assert answer(compare(one, one))["same"]
    for plan in there["plans"]:
        for stage in plan["stages"]:
            rules: dict[tuple[str, Any], list[Any]] = {
                (json.dumps(row["object"]), row["rule"]): [] for row in stage["traffic"]
            }
            for row in stage["traffic"]:
                assert Decimal(row["change"]) == Decimal(row["after"] or 0) - Decimal(row["before"] or 0)
                if not row["copies"]:
                    rules[json.dumps(row["object"]), row["rule"]].append(row)
            for rows in rules.values():
                both = [row for row in rows if None not in (row["before"], row["after"])]
                assert not both or abs(sum((Decimal(row["change"]) for row in both), Decimal(0))) <= Decimal(
                    "0.1"
                ), "points are lost"


def test_a_move_of_five_points_is_two_rows_and_one_line(blue_green: Files) -> None:
    found = compare(side(blue_green, "05-weight-5"), side(blue_green, "06-weight-10"))
    (plan,) = answer(found)["plans"]
    (stage,) = plan["stages"]
    rows = [(row["backend"], row["before"], row["after"], row["change"]) for row in stage["traffic"]]
    assert rows == [("vllm-qwen3-32b", "95", "90", "-5"), ("vllm-qwen3-32b-new", "5", "10", "5")]
    assert stage["capacity"] == []
    (change,) = stage["objects"]
    assert change["kind"] == CHANGED
    assert {field["path"].rpartition(".")[2] for field in change["fields"]} == {"weight"}
    text = DIFFERENCES["text"](found)
    assert text.count("5 points of llm-route move from vllm-qwen3-32b to vllm-qwen3-32b-new") == 1


@pytest.mark.parametrize(("format_", "suffix"), [("text", "txt"), ("markdown", "md"), ("json", "json")])
def test_a_plan_with_other_weights_and_replicas_is_told_like_this(
    blue_green: Files, tmp_path: Path, golden: Golden, format_: str, suffix: str
) -> None:
    """The whole answer, for people to read."""
    other = rendered(tmp_path, "blue-green", lambda text: text.replace("weight: 5,", "weight: 8,"))
    path = "green/model/deployment-qwen3-32b-h200-decode.yaml"
    other = edited(other, path, "replicas: 6\n", "replicas: 4\n")
    golden.text(f"reports/diff.{suffix}", DIFFERENCES[format_](compare(side(blue_green), side(other))))


def test_what_a_new_version_adds(blue_green: Files) -> None:
    found = answer(compare(side(blue_green, "00-baseline"), side(blue_green, "01-deploy-model")))
    (stage,) = found["plans"][0]["stages"]
    assert stage["traffic"] == []
    (grown,) = stage["capacity"]
    assert grown["replicas"] == {"before": None, "after": 6}
    assert grown["accelerators"] == {"before": None, "after": 12}
    assert {change["kind"] for change in stage["objects"]} == {ADDED}


def test_what_a_cleanup_deletes(blue_green: Files) -> None:
    found = answer(compare(side(blue_green, "10-finalize"), side(blue_green, "11-cleanup")))
    kinds = [change["kind"] for change in found["plans"][0]["stages"][0]["objects"]]
    assert kinds.count(DELETED) == kinds.count(REMOVED) > 5


def test_another_weight_is_the_same_stage(blue_green: Files, tmp_path: Path) -> None:
    other = rendered(tmp_path, "blue-green", lambda text: text.replace("weight: 5,", "weight: 8,"))
    (plan,) = answer(compare(side(blue_green), side(other)))["plans"]
    assert [(stage["kind"], stage["before"], stage["after"]) for stage in plan["stages"]] == [
        (CHANGED, "05-weight-5", "05-weight-8")
    ]
    assert [row["change"] for row in plan["stages"][0]["traffic"]] == ["-3", "3"]


def test_a_new_stage_is_held_against_the_one_before_it(blue_green: Files, tmp_path: Path) -> None:
    line = "    - {weight: 50, "
    more = f"    - {{weight: 25, soak: 2h}}\n{line}"
    other = rendered(tmp_path, "blue-green", lambda text: text.replace(line, more))
    assert other.keys() != blue_green.keys(), "the plan is not as this test knows it"
    found = compare(side(blue_green), side(other))
    (plan,) = answer(found)["plans"]
    first, *later = [(stage["kind"], stage["before"], stage["after"]) for stage in plan["stages"]]
    assert first == (ADDED, "06-weight-10", "07-weight-25")
    assert later[0] == (CHANGED, "07-weight-50", "08-weight-50")
    assert all(not stage["objects"] for stage in plan["stages"][1:]), "a number is no difference of objects"
    assert "07-weight-25 (new), held against 06-weight-10" in DIFFERENCES["text"](found)
    back = answer(compare(side(other), side(blue_green)))
    assert unordered(opposite(answer(found))) == unordered(back)


def test_replicas_and_gates_of_a_plan_are_told(blue_green: Files, tmp_path: Path) -> None:
    other = rendered(tmp_path, "blue-green", lambda text: text.replace("soak: 24h", "soak: 1h"))
    (plan,) = answer(compare(side(blue_green), side(other)))["plans"]
    (stage,) = plan["stages"]
    assert stage["gate"] == [{"path": "soak", "kind": CHANGED, "before": "24h", "after": "1h"}]
    assert stage["objects"] == []


def edited(files: Files, path: str, old: str, new: str) -> Files:
    (known,) = [name for name in files if name.endswith(path)]
    assert old in files[known]
    return {**files, known: files[known].replace(old, new)}


def test_a_change_of_many_stages_is_shown_once(blue_green: Files) -> None:
    other = edited(
        blue_green, "green/model/deployment-qwen3-32b-h200-decode.yaml", "replicas: 6", "replicas: 4"
    )
    text = DIFFERENCES["text"](compare(side(blue_green), side(other)))
    assert text.count("6 → 4") == 2, "once as a workload, once as a field"
    assert "01-deploy-model and 10 more" in text


def test_new_pods_are_told(blue_green: Files) -> None:
    other = edited(
        blue_green,
        "blue/model/deployment-qwen3-32b-a100-decode.yaml",
        "image: ",
        "image: x/",
    )
    found = answer(compare(side(blue_green, "00-baseline"), side(other, "00-baseline")))
    (item,) = found["plans"][0]["stages"][0]["capacity"]
    assert item["podsReplaced"]


@pytest.mark.parametrize("value", ["three", "[1]", "{a: 1}", "null", "-1", "1.5", '"9"'])
def test_a_hand_edit_that_makes_no_sense_is_told_and_does_no_harm(blue_green: Files, value: str) -> None:
    for path, old in (
        ("green/model/deployment-qwen3-32b-h200-decode.yaml", "replicas: 6\n"),
        ("06-weight-10/httproute-llm-route.yaml", "weight: 10\n"),
    ):
        key, _, _ = old.partition(" ")
        other = edited(blue_green, path, old, f"{key} {value}\n")
        assert not compare(side(blue_green, "06-weight-10"), side(other, "06-weight-10")).same


def test_an_order_of_apply_is_told(blue_green: Files) -> None:
    path = "stages/06-weight-10/kustomization.yaml"
    head, *entries = blue_green[path].split("\n- ")
    other = {**blue_green, path: "\n- ".join([head, *(entry.strip() for entry in reversed(entries))]) + "\n"}
    found = compare(side(blue_green, "06-weight-10"), side(other, "06-weight-10"))
    (stage,) = answer(found)["plans"][0]["stages"]
    assert stage["reordered"]
    assert stage["objects"] == stage["traffic"] == []
    assert "applies in another order" in DIFFERENCES["text"](found)


def test_a_secret_is_compared_and_never_shown() -> None:
    one, other = (
        {"secret.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{token: {value}}}\n"}
        for value in ("aHVzaA==", "c2VjcmV0")
    )
    sides = [
        Side(name=name, series=(read_stage(name, files, ""),)) for name, files in (("a", one), ("b", other))
    ]
    found = compare(*sides)
    assert not found.same
    for reporter in DIFFERENCES.values():
        shown = reporter(found)
        assert "hidden" in shown
        assert "aHVzaA" not in shown
        assert "c2VjcmV0" not in shown


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("resources: [../../../outside]\n", "not in the tree"),
        ("resources: [/etc/passwd]\n", "not in the tree"),
        ("resources: [https://example.com/base]\n", "not in the tree"),
        ("resources: [.]\n", "lead in a circle"),
        ("resources: [../s]\n", "lead in a circle"),
        ("resources: []\nnamePrefix: a-\n", "no kustomization that rollplan renders"),
        ("resources: a\n", "no kustomization that rollplan renders"),
        ("[]\n", "no kustomization that rollplan renders"),
    ],
)
def test_a_kustomization_of_another_kind_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Fault, match=reason):
        read_stage("a", {"stages/s/kustomization.yaml": text}, "stages/s")


def test_one_stage_and_a_whole_rollout_are_no_pair(blue_green: Files) -> None:
    with pytest.raises(Fault, match="name one of its stages: 00-baseline"):
        compare(side(blue_green, "00-baseline"), side(blue_green))


def test_exit_codes_and_formats(rollplan: Rollplan, tmp_path: Path, cases: Path) -> None:
    assert rollplan("render", "plans/blue-green/plan.yaml", "--out", tmp_path / "out").returncode == 0
    stages = tmp_path / "out/qwen3-32b-h200/stages"
    same = rollplan("diff", stages / "05-weight-5", stages / "05-weight-5")
    assert (same.returncode, same.stdout, same.stderr) == (0, "nothing differs\n", "")
    for format_ in DIFFERENCES:
        other = rollplan("diff", stages / "05-weight-5", stages / "06-weight-10", "--format", format_)
        assert (other.returncode, other.stderr) == (1, "")
        assert "vllm-qwen3-32b-new" in other.stdout
    plan = rollplan("diff", "plans/blue-green/plan.yaml", stages.parent)
    assert (plan.returncode, plan.stdout) == (0, "nothing differs\n"), plan.stdout
    for words in ([stages], [stages, stages, stages], [stages, tmp_path / "no"], ["no-such:path", stages]):
        fault = rollplan("diff", *words)
        assert (fault.returncode, fault.stdout) == (2, "")
        assert fault.stderr
    refused = rollplan("diff", cases / "RP101-field/plan.yaml", stages.parent, "--format", "markdown")
    assert refused.returncode == 1
    assert "refused" in refused.stdout
    assert "RP101" in refused.stdout


def test_findings_that_are_new_are_shown(rollplan: Rollplan, tmp_path: Path) -> None:
    for name in ("one", "other"):
        shutil.copytree(ROOT / "plans/rolling-update", tmp_path / name)
    plan = tmp_path / "other/plan.yaml"
    plan.write_text(plan.read_text().replace("qwen3-32b-vllm-0-23", "on"))
    shown = rollplan("diff", "one/plan.yaml", "other/plan.yaml", "--format", "markdown", cwd=tmp_path)
    assert "#### Findings" in shown.stdout
    assert "RP011" in shown.stdout
    again = rollplan("diff", "other/plan.yaml", "other/plan.yaml", "--format", "markdown", cwd=tmp_path)
    assert "RP011" not in again.stdout


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_is_rendered_can_be_read(tmp_path: Path, example: str) -> None:
    """What `diff` sees is what is in the files."""
    assert read_tree(example, rendered(tmp_path, example)).stages
