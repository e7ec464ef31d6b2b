"""The guide's own words, taken literally: what is wrong with them is said, and the hints are all it takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.model.findings import Finding, Rejected
from generator.pipeline import compile_plans
from tests.support.cases import case
from tests.support.paths import SHARED
from tests.support.small_plans import blue_green, lora, written

SAMPLES = SHARED / "samples"
BLUE, GREEN = "vllm-qwen3-32b", "vllm-qwen3-32b-new"
GUIDE = {"llm-d.ai/guide": "optimized-baseline"}


def findings(plan: Path) -> tuple[Finding, ...]:
    try:
        return tuple(finding for one in compile_plans([str(plan)]) for finding in one.warnings)
    except Rejected as rejected:
        return rejected.findings


@pytest.fixture
def samples() -> Path:
    if not SAMPLES.is_dir():
        pytest.skip("the samples are not here")
    return SAMPLES


def overlay(samples: Path, pool: str, vendor: str) -> list[Any]:
    """A stock model server for a vendor's accelerators, with the router of the guide."""
    router = (samples / "gw-istio-optimized-baseline.yaml").read_text(encoding="utf-8").replace(GREEN, pool)
    server = (samples / "ms-optimized-baseline_modelserver_gpu_vllm_base.yaml").read_text(encoding="utf-8")
    server = server.replace("vendor: nvidia", f"vendor: {vendor}").replace("nvidia-gpu", f"{vendor}-gpu")
    server = server.replace("nvidia.com/gpu", f"{vendor}.com/gpu")
    objects = [*yaml.safe_load_all(router), *yaml.safe_load_all(server)]
    return [item for item in objects if pool == BLUE or item["kind"] != "HTTPRoute"]  # httpRoute.create=false


def stock(folder: Path, samples: Path) -> Path:
    plan = blue_green({"weight": 10, "soak": "1h"}, {"weight": 100, "soak": "24h"}, route={"name": "unused"})
    del plan["spec"]["route"]
    plan["spec"] |= {
        "blue": {"pool": BLUE, "manifests": ["blue"]},
        "green": {"pool": GREEN, "manifests": ["green"]},
    }
    gateway = {"name": "llm-d-inference-gateway", "provider": "istio", "version": "1.31.2"}
    plan["spec"]["target"]["gateway"] = gateway
    return written(
        folder,
        plan,
        {"blue/all.yaml": overlay(samples, BLUE, "nvidia"), "green/all.yaml": overlay(samples, GREEN, "amd")},
    )


def quoted(finding: Finding) -> Any:
    """Give the YAML that a hint has between its first backticks."""
    said = re.search(r"`([^`]+)`", finding.hint)
    assert said, finding.hint
    return yaml.safe_load(said[1])


def edited(path: Path, kind: str, change: Any) -> None:
    items = [*yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    for item in items:
        if item["kind"] == kind:
            change(item)
    path.write_text(yaml.safe_dump_all(items), encoding="utf-8")


def test_the_stock_overlays_are_refused_with_both_places(samples: Path, tmp_path: Path) -> None:
    """Both are labelled with the guide's name, and that is all that both pools select by (contract I1)."""
    found = findings(stock(tmp_path, samples))
    assert [finding.code.id for finding in found] == ["RP319", "RP319"]
    assert {finding.place.source.name.split("/")[-2] for finding in found} == {"blue", "green"}
    for finding in found:
        own, (other,) = finding.place.source.name, finding.related
        assert other.place.source.name != own
        assert "llm-d.ai/guide: optimized-baseline" in finding.message


def test_the_hints_mend_the_stock_overlays(samples: Path, tmp_path: Path) -> None:
    plan = stock(tmp_path, samples)
    for finding in findings(plan):
        said = quoted(finding)
        if "narrowBlue" in said:
            edited(plan, "RolloutPlan", lambda item, said=said: item["spec"]["strategy"].update(said))
        else:
            edited(
                tmp_path / "green/all.yaml",
                "InferencePool",
                lambda item, said=said: item["spec"]["selector"]["matchLabels"].update(said),
            )
    assert {finding.code.id for finding in findings(plan)} == {"RP530", "RP533"}
    assert not any(finding.is_error for finding in findings(plan))


def test_full_weight_and_helm_uninstall_straight_after_are_refused(tmp_path: Path) -> None:
    """90/10, 100, `helm uninstall` of the release that made the route (contract I3, I9)."""
    plan = case("RP502-route").write(tmp_path / "guide")
    text = plan.read_text(encoding="utf-8").replace("type: blue-green", "type: blue-green\n    drain: 0s")
    plan.write_text(text, encoding="utf-8")
    said = {finding.code.id: finding.message for finding in findings(plan)}
    assert set(said) == {"RP502", "RP522"}
    assert (
        "`helm uninstall chat-a100` would delete the live route, and every request would get 404"
        in said["RP502"]
    )
    assert "what still streams is cut off, and there is no way back" in said["RP522"]


def test_the_adapter_example_lacks_what_adapters_need(samples: Path, tmp_path: Path) -> None:
    """No flag, an emptyDir, half a minute to start, and nothing that waits for answers (contract I22)."""
    name = "ms-adapter-rollout-example.yaml"
    server = [*yaml.safe_load_all((samples / name).read_text(encoding="utf-8"))]
    router = [*yaml.safe_load_all((samples / "gw-none.yaml").read_text(encoding="utf-8"))]
    for item in router:
        if item["kind"] == "InferencePool":
            item["spec"]["selector"] = {"matchLabels": {"llm-d.ai/role": "decode"}}
    plan = lora({"weight": 50}, {"weight": 100})
    plan["spec"]["pool"] = GREEN
    found = findings(written(tmp_path, plan, {"serving/all.yaml": [*router, *server]}))
    assert {finding.code.id for finding in found} == {"RP530", "RP542", "RP549", "RP550"}
    assert all(finding.about == "Deployment/lora-adapter-rollout-decode" for finding in found)


def test_a_drain_takes_the_place_of_the_metric(tmp_path: Path) -> None:
    plan = case("RP522-default").write(tmp_path)
    text = plan.read_text(encoding="utf-8")
    for drain, soak, metrics in (("drain: 6m", "6m", 0), ("", "", 1)):
        plan.write_text(text.replace("drain: 1m", drain), encoding="utf-8")
        (one,) = compile_plans([str(plan)])
        (gate,) = (stage.gate for stage in one.rollout.stages if stage.slug == "drain")
        assert (gate.soak, len(gate.metrics)) == (soak, metrics)
