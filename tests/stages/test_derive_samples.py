"""Green from blue on bundles that the official charts and kustomizations render."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.pipeline import compile_plan, planned
from tests.support.derived import bundle, derived, faults, write_plan
from tests.support.paths import SHARED

SAMPLES = SHARED / "samples"
POOL = "vllm-qwen3-32b"
MODELS = {
    "optimized-baseline": "ms-optimized-baseline_modelserver_gpu_vllm_base",
    "pd-disaggregation": "ms-pd-disaggregation_modelserver_gpu_vllm_base",
    "wide-ep-lws": "ms-wide-ep-lws_modelserver_gpu_vllm_base",
}
ROUTERS = (
    "gw-agentgateway",
    "gw-gke",
    "gw-gke-gmp",
    "gw-gke-preferred",
    "gw-ha-objective",
    "gw-istio",
    "gw-istio-optimized-baseline",
    "gw-istio-route",
    "gw-none",
    "gw-none-mon-auth",
)
PAIRS = [*((router, "optimized-baseline") for router in ROUTERS)]
PAIRS += [("gw-istio", "pd-disaggregation"), ("gw-gke-preferred", "wide-ep-lws")]

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample bundles in {SAMPLES}")


def read(name: str) -> list[dict[str, Any]]:
    text = (SAMPLES / f"{name}.yaml").read_text(encoding="utf-8").replace(f"{POOL}-new", POOL)
    return [document for document in yaml.safe_load_all(text) if document]


def sample(router: str, model: str) -> list[dict[str, Any]]:
    """Put a router before model servers, as a values file of the guide does: by the guide's label."""
    objects = [*read(router), *read(MODELS[model]), *read("ms-recipes_modelserver_components_monitoring")]
    for item in objects:
        if item["kind"] == "InferencePool":
            item["spec"]["selector"]["matchLabels"] = {"llm-d.ai/guide": model}
    return objects


@pytest.mark.parametrize(("router", "model"), PAIRS)
def test_green_is_blue_under_other_names(router: str, model: str, tmp_path: Path) -> None:
    rollout = derived(tmp_path, sample(router, model), pool=POOL, green=f"{POOL}-new")
    assert faults(rollout) == []
    assert [item.name for item in bundle(rollout, "green") if item.kind == "InferencePool"] == [f"{POOL}-new"]


@pytest.mark.parametrize("model", MODELS)
def test_pool_catches_the_model_servers(model: str, tmp_path: Path) -> None:
    """Guard the oracle: without a pool that catches pods, most of its questions would be empty."""
    from tests.support.derived import caught, pod_labels, selectors

    rollout = derived(tmp_path, sample("gw-istio", model), pool=POOL, green="other")
    green = [item.data for item in bundle(rollout, "green")]
    [pool] = [item for item in green if item["kind"] == "InferencePool"]
    [selector] = selectors(pool)
    names = {
        item["metadata"]["name"] for item in green for labels in pod_labels(item) if caught(selector, labels)
    }
    assert names == {
        f"{item['metadata']['name']}-green"
        for item in read(MODELS[model])
        if item["kind"] in {"Deployment", "LeaderWorkerSet"}
    }


@pytest.mark.parametrize(
    ("blue_length", "green_length", "prefixed"),
    [
        (14, 40, True),
        (14, 41, True),
        (14, 60, False),
        (40, 40, False),
        (40, 41, True),
        (40, 60, True),
        (41, 41, False),
        (60, 41, False),
        (60, 60, False),
        (60, 61, True),
    ],
)
def test_names_fit(blue_length: int, green_length: int, prefixed: bool, tmp_path: Path) -> None:
    """The chart cuts a pool's name at 40 characters before `-epp`; names that start alike must differ."""
    blue = (POOL + "-" + "b" * 60)[:blue_length] if blue_length > len(POOL) else POOL
    green = (blue + "g" * 60 if prefixed else "green-" + "g" * 60)[:green_length]
    assert green != blue
    text = (SAMPLES / "gw-istio.yaml").read_text(encoding="utf-8")
    text = text.replace(f"{POOL}-new-epp", f"{blue[:40]}-epp").replace(f"{POOL}-new", blue)
    objects = [item for item in yaml.safe_load_all(text) if item] + read(MODELS["optimized-baseline"])
    for item in objects:
        if item["kind"] == "InferencePool":
            item["spec"]["selector"]["matchLabels"] = {"llm-d.ai/guide": "optimized-baseline"}
    rollout = derived(tmp_path, objects, pool=blue, green=green)
    assert faults(rollout) == []
    assert green in {item.name for item in bundle(rollout, "green") if item.kind == "InferencePool"}


@pytest.mark.parametrize("router", ROUTERS)
def test_blue_is_untouched(router: str, tmp_path: Path) -> None:
    """Green's coming changes nothing of blue: the same objects stand in a plan with a green of its own."""
    objects = sample(router, "optimized-baseline")
    rollout = derived(tmp_path, objects, pool=POOL, green="other")
    kept = {
        (item.kind, item.name): item
        for name in ("blue", "shared", "routes")
        for item in bundle(rollout, name)
    }
    for before in objects:
        after = kept.pop((before["kind"], before["metadata"]["name"]))
        if before["kind"] == "HTTPRoute":
            assert after.bundle == "routes"
            continue
        assert after.bundle == ("shared" if before["kind"] == "PodMonitor" else "blue")
        assert _without_defaults(after.data, before) == before
    assert {kind for kind, _ in kept} <= {"HTTPRoute"}


def _without_defaults(after: Any, before: Any) -> Any:
    """Take away what the canonical form has added: fields that the manifest does not have."""
    if isinstance(before, dict):
        return {key: _without_defaults(value, before[key]) for key, value in after.items() if key in before}
    if isinstance(before, list):
        return [_without_defaults(new, old) for new, old in zip(after, before, strict=True)]
    return after


@pytest.mark.kustomize
@pytest.mark.parametrize(
    ("router", "model"),
    [("gw-istio-optimized-baseline", "optimized-baseline"), ("gw-gke-preferred", "wide-ep-lws")],
)
def test_every_stage_builds(router: str, model: str, tmp_path: Path) -> None:
    path = write_plan(tmp_path, sample(router, model), pool=POOL, green=f"{POOL}-new")
    compiled = compile_plan(path)
    for name, text in planned(compiled).tree.items():
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_text(text, encoding="utf-8")
    for index, stage in enumerate(compiled.rollout.stages):
        folder = tmp_path / "out/stages" / compiled.rollout.directory(index)
        done = subprocess.run(
            ["kubectl", "kustomize", folder], capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        built = {(item["kind"], item["metadata"]["name"]): item for item in yaml.safe_load_all(done.stdout)}
        assert built == {(item.kind, item.name): dict(item.data) for item in stage.objects}


def test_a_release_s_route_is_never_deleted(tmp_path: Path) -> None:
    rollout = derived(tmp_path, sample("gw-istio-route", "optimized-baseline"), pool=POOL, green="other")
    deletions = [*rollout.rollback.removals, *(each for stage in rollout.stages for each in stage.deletions)]
    assert "HTTPRoute" not in {item.kind for deletion in deletions for item in deletion.objects}
    assert {item.kind for item in bundle(rollout, "routes")} == {"HTTPRoute"}
    assert all(any(item.kind == "HTTPRoute" for item in stage.objects) for stage in rollout.stages)
