"""Several plans at once: owned objects, shifted traffic, shared budgets; and folders that mean plans."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.model.findings import Rejected, Severity
from generator.pipeline import compile_plans
from tests.conftest import Rollplan
from tests.support.cases import case
from tests.support.golden import Golden
from tests.support.paths import ROOT
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
    version,
    written,
)

RULE = {"matches": [{"model": {"value": "alias"}}], "targets": [{"modelRewrite": "v1"}]}

LISTENERS = [{"name": "http", "port": 80, "protocol": "HTTP"}]


def named(plan: Object, name: str, **target: object) -> Object:
    plan["metadata"]["name"] = name
    plan["spec"]["target"] |= target
    return plan


def shift(folder: Path, name: str, blue: str = BLUE, green: str = GREEN, **more: Any) -> Path:
    """A blue-green plan from one pool to another; `to` is the name of its route."""
    plan = named(blue_green({"weight": 10}, {"weight": 100}), name, **more.pop("target", {}))
    plan["spec"] |= {
        "blue": {"pool": blue, "manifests": ["blue"]},
        "green": {"pool": green, "manifests": ["green"]},
    }
    plan["spec"] |= more.pop("spec", {})
    files: dict[str, list[Object] | str] = {
        "blue/all.yaml": [*version(blue), *more.pop("extra", [])],
        "green/all.yaml": [*version(green), *more.pop("copies", [])],
        "routes/all.yaml": [route({"backendRefs": [to_pool(blue)]}, name=str(more.pop("to", "llm-route")))],
    }
    return written(folder / name, plan, files)


def ramp(folder: Path, name: str, **target: object) -> Path:
    files: dict[str, list[Object] | str] = {"serving/all.yaml": [*version(BLUE), rewrite(RULE)]}
    return written(folder / name, named(lora({"weight": 50}, {"weight": 100}), name, **target), files)


def found(*plans: Path) -> list[tuple[str, Severity]]:
    try:
        every = [finding for one in compile_plans(map(str, plans)) for finding in one.warnings]
    except Rejected as rejected:
        every = list(rejected.findings)
    return [(finding.code.id, finding.severity) for finding in every]


def codes(*plans: Path) -> list[str]:
    return [code for code, _ in found(*plans)]


def test_plans_with_nothing_in_common_go_together(tmp_path: Path) -> None:
    first = shift(tmp_path, "first")
    second = shift(tmp_path, "second", "other-blue", "other-green", to="other-route")
    assert codes(first, second) == []


def test_two_plans_that_own_an_object_are_refused(tmp_path: Path, rollplan: Rollplan, golden: Golden) -> None:
    shift(tmp_path, "first")
    shift(tmp_path, "second", "other-blue", GREEN, to="other-route")
    done = rollplan("validate", "first/plan.yaml", "second/plan.yaml", cwd=tmp_path)
    assert done.returncode == 1
    golden.text("together/RP553.txt", done.stdout)
    assert "RP553" in done.stdout


def test_what_two_plans_do_to_an_object_is_accepted_for_that_object(tmp_path: Path) -> None:
    first = shift(tmp_path, "first")
    second = shift(tmp_path, "second", "other-blue", GREEN)
    with pytest.raises(Rejected) as rejected:
        compile_plans(map(str, (first, second)))
    about = {finding.code.id: finding.about for finding in rejected.value.findings}
    assert about["RP553"] == "Deployment/green-pool-decode"
    assert about["RP554"] == "HTTPRoute/llm-route"


def test_two_plans_that_shift_one_route_are_refused(
    tmp_path: Path, rollplan: Rollplan, golden: Golden
) -> None:
    shift(tmp_path, "first")
    shift(tmp_path, "second", "other-blue", "other-green")
    done = rollplan("validate", "first", "second", cwd=tmp_path)
    assert done.returncode == 1
    golden.text("together/RP554.txt", done.stdout)
    assert "RP554" in done.stdout
    assert "RP553" not in done.stdout


def test_an_alias_that_shifts_may_not_change_its_pool_meanwhile(tmp_path: Path) -> None:
    """The pool leaves with its rewrite while the alias is between two adapters (contract I21)."""
    copy = rewrite(RULE, name="alias-rewrite-green", pool=GREEN)
    blue_green_plan = shift(tmp_path, "pools", extra=[rewrite(RULE)], copies=[copy])
    assert set(codes(ramp(tmp_path, "adapters"), blue_green_plan)) >= {"RP553", "RP554"}


def test_an_object_that_both_only_read_is_no_matter(tmp_path: Path) -> None:
    gateway = thing(
        "gateway.networking.k8s.io/v1",
        "Gateway",
        "gateway",
        spec={"gatewayClassName": "istio", "listeners": LISTENERS},
    )
    first = shift(tmp_path, "first", extra=[gateway])
    second = shift(tmp_path, "second", "other-blue", "other-green", to="other-route", extra=[gateway])
    assert codes(first, second) == []
    other = gateway | {"spec": {"gatewayClassName": "gke-l7-rilb", "listeners": LISTENERS}}
    third = shift(tmp_path, "third", "third-blue", "third-green", to="third-route", extra=[other])
    assert codes(first, third) == ["RP553"]


def test_plans_for_different_clusters_never_meet(tmp_path: Path) -> None:
    first, second = ramp(tmp_path, "first", cluster="fra-1"), ramp(tmp_path, "second", cluster="fra-2")
    assert codes(first, second) == []
    third = ramp(tmp_path, "third", cluster="fra-2")
    assert set(codes(second, third)) == {"RP554"}


def test_a_later_plan_can_accept_that_it_follows(tmp_path: Path) -> None:
    accept = {"accept": [{"rule": "RP554", "reason": "it begins when the first is over"}]}
    first, second = (
        shift(tmp_path, "first"),
        shift(tmp_path, "second", "other-blue", "other-green", spec=accept),
    )
    assert found(first, second) == [("RP554", Severity.ACCEPTED)]
    assert found(second) == [], "alone, nobody can tell whether it is needed"
    third = shift(tmp_path, "third", "third-blue", "third-green", to="third-route")
    assert found(second, third) == [("RP556", Severity.WARNING)]


def budgeted(folder: Path, name: str, budget: Object, where: str, **more: Any) -> Path:
    """A rolling update of 2 replicas with 4 accelerators each, and one more replica for its time."""
    server = {
        "name": "modelserver",
        "image": "vllm/vllm-openai:v0.22.1",
        "resources": {"limits": {"nvidia.com/gpu": "4"}},
    }
    objects = [item for item in version(name) if item["metadata"]["name"] != f"{name}-decode"]
    plan = named(rolling(), name, **({"budget": budget} if where == "target" else {}))
    plan["spec"]["pool"] = name
    files: dict[str, list[Object] | str] = {
        "serving/all.yaml": [*objects, deployment(f"{name}-decode", {"app": name}, server)]
    }
    return written(folder / name, plan, files)


@pytest.mark.parametrize(("accelerators", "wanted"), [(24, []), (23, ["RP555"])])
def test_plans_share_a_budget_by_its_name(tmp_path: Path, accelerators: int, wanted: list[str]) -> None:
    """Each holds 12 at its peak: 2 replicas of 4, and a third one while it surges."""
    budget = {"name": "fra-1", "accelerators": accelerators}
    plans = [budgeted(tmp_path, name, budget, "target") for name in ("first", "second")]
    assert codes(*plans) == wanted
    assert codes(plans[0]) == []


def test_budgets_of_other_names_are_not_added(tmp_path: Path) -> None:
    plans = [
        budgeted(tmp_path, name, {"name": name, "accelerators": 12}, "target") for name in ("first", "second")
    ]
    assert codes(*plans) == []


def test_capacity_may_name_the_budget_or_give_a_number_of_its_own(tmp_path: Path) -> None:
    for budget, wanted in (("12", "RP316"), ("16", ""), ("{name: a, accelerators: 12}", "RP555")):
        folder = tmp_path / (wanted or "fits")
        case("RP555-cluster").write(folder)
        text = (folder / "plan.yaml").read_text(encoding="utf-8")
        text = "\n".join(line for line in text.splitlines() if "budget" not in line)
        text = text.replace("type: blue-green", f"type: blue-green\n    capacity: {{budget: {budget}}}")
        (folder / "plan.yaml").write_text(text, encoding="utf-8")
        assert codes(folder / "plan.yaml") == ([wanted] if wanted else [])


def test_a_folder_means_its_plan(rollplan: Rollplan) -> None:
    by_folder = rollplan("stages", "plans/blue-green/")
    assert (by_folder.returncode, by_folder.stdout) == (
        0,
        rollplan("stages", "plans/blue-green/plan.yaml").stdout,
    )


def test_a_folder_without_a_plan_is_a_fault_in_one_sentence(rollplan: Rollplan, tmp_path: Path) -> None:
    done = rollplan("validate", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("rollplan: cannot read ")


def test_the_examples_go_together(rollplan: Rollplan) -> None:
    plans = sorted(str(path) for path in (ROOT / "plans").iterdir())
    done = rollplan("validate", *plans)
    assert (done.returncode, done.stdout) == (0, "")
