"""What green must bring to take over: names that clients know, copies for its pool, and priorities."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from deepdiff import DeepDiff
from hypothesis import given
from hypothesis import strategies as st

from generator.model.findings import Rejected
from generator.pipeline import compile_plan
from tests.support.random_plans import BRIEF, Case, blue_greens
from tests.support.small_plans import (
    BLUE,
    GREEN,
    Object,
    blue_green,
    rewrite,
    rollout,
    route,
    thing,
    to_pool,
    version,
    written,
)

HEADER = "x-llm-d-inference-objective"
ROUTES = {"routes/all.yaml": [route({"backendRefs": [to_pool(BLUE)]})]}
OLD, NEW = "Qwen/Qwen2.5-72B", "Qwen/Qwen3-32B"


def serving(pool: str, *args: str, image: str = "vllm/vllm-openai:v0.23.0", **labels: str) -> list[Object]:
    """A version whose server has these arguments, and whose pods have these labels."""
    items = version(pool)
    template = items[3]["spec"]["template"]
    template["spec"]["containers"][0] |= {"image": image, "args": list(args)}
    template["metadata"]["labels"] = template["metadata"]["labels"] | labels
    return items


def alias(name: str, pool: str, *names: str, target: str = NEW) -> Object:
    matches = [{"model": {"type": "Exact", "value": each}} for each in names]
    rule = ({"matches": matches} if names else {}) | {"targets": [{"modelRewrite": target}]}
    return rewrite(rule, name=name, pool=pool)


def objective(name: str, pool: str, priority: int = 10) -> Object:
    spec = {"priority": priority, "poolRef": {"name": pool}}
    return thing("llm-d.ai/v1alpha2", "InferenceObjective", name, spec=spec)


def codes(folder: Path, blue: list[Object], green: list[Object], **strategy: Any) -> list[str]:
    plan = blue_green({"weight": 10}, {"weight": 100})
    plan["spec"]["strategy"] |= strategy
    path = written(folder, plan, {"blue/all.yaml": blue, "green/all.yaml": green, **ROUTES})
    try:
        found = compile_plan(path).warnings
    except Rejected as rejected:
        found = rejected.findings
    return [one.code.id for one in found if one.code.id < "RP4"]


@pytest.mark.parametrize(
    ("blue", "green", "more", "wanted"),
    [
        ([OLD], [OLD], [], []),
        ([OLD], [NEW], [], ["RP330"]),
        ([OLD], [NEW, f"--served-model-name={OLD}"], [], []),
        ([OLD, "--served-model-name=chat"], [OLD], [], ["RP330"]),
        ([OLD, "--served-model-name", "a", "b"], [NEW, "--served-model-name=b"], [], ["RP330"]),
        ([OLD, "--served-model-name", "a", "b"], [NEW, "--served-model-name", "b", "a"], [], []),
        ([OLD], [NEW], [alias("old", GREEN, OLD)], []),
        ([OLD], [NEW], [alias("all", GREEN)], []),
        ([OLD], [NEW], [alias("old", "another-pool", OLD)], ["RP330"]),
        ([OLD], ["$(MODEL)"], [], []),
        (["$(MODEL)"], [NEW], [], []),
    ],
)
def test_green_answers_to_the_names_of_blue(
    blue: list[str], green: list[str], more: list[Object], wanted: list[str], tmp_path: Path
) -> None:
    assert codes(tmp_path, serving(BLUE, *blue), [*serving(GREEN, *green), *more]) == wanted


@pytest.mark.parametrize(
    ("blue", "green", "wanted"),
    [
        (alias("small", BLUE, "s"), [], ["RP331"]),
        (alias("small", BLUE, "s"), [alias("other", GREEN, "s", target="v2")], []),
        (alias("small", BLUE, "s", NEW), [alias("other", GREEN, "s")], []),
        (alias("small", BLUE, "s"), [alias("all", GREEN)], []),
        (alias("small", "another-pool", "s"), [], []),
        (objective("a", BLUE), [], ["RP331"]),
        (objective("a", BLUE), [objective("b", GREEN, 5)], ["RP331"]),
        (objective("a", BLUE), [objective("b", GREEN)], []),
        (objective("a", BLUE, 0), [], []),
    ],
)
def test_green_has_copies_of_its_own(
    blue: Object, green: list[Object], wanted: list[str], tmp_path: Path
) -> None:
    assert codes(tmp_path, [*serving(BLUE, NEW), blue], [*serving(GREEN, NEW), *green]) == wanted


SGLANG = {"image": "lmsysorg/sglang:v0.5.6", "llm-d.ai/engine-type": "sglang"}
TENSORRT = {"image": "nvcr.io/nvidia/tensorrt-llm/release:1.3.0", "llm-d.ai/engine-type": "trtllm-serve"}


def config(text: str) -> list[Object]:
    return [thing("v1", "ConfigMap", f"{GREEN}-epp", data={"plugins.yaml": text})]


@pytest.mark.parametrize(
    ("args", "how", "text", "wanted"),
    [
        (["--model-path", NEW], SGLANG, "", []),
        (["--model-path", NEW], {"image": SGLANG["image"]}, "", ["RP333"]),
        (["--model-path", NEW], {"image": SGLANG["image"]}, "  defaultEngine: sglang", []),
        (["--model-path", NEW], SGLANG, "  engineLabelKey: our/engine", ["RP333"]),
        (["--model-path", NEW], SGLANG | {"our/engine": "sglang"}, "engineLabelKey: our/engine", []),
        ([NEW], TENSORRT, "", ["RP333"]),
        ([NEW], TENSORRT, "path: /prometheus/metrics", []),
    ],
)
def test_the_picker_follows_the_engine(
    args: list[str], how: dict[str, str], text: str, wanted: list[str], tmp_path: Path
) -> None:
    green = serving(GREEN, *args, **how)
    picker = green[2]["spec"]["template"]["spec"]
    picker["volumes"] = [{"name": "config", "configMap": {"name": f"{GREEN}-epp"}}]
    assert codes(tmp_path, serving(BLUE, NEW), [*green, *config(text)]) == wanted


def test_one_engine_asks_for_nothing(tmp_path: Path) -> None:
    """What is wrong with blue today is not this rollout's doing."""
    blue = serving(BLUE, "--model-path", NEW, image=SGLANG["image"])
    green = serving(GREEN, "--model-path", NEW, image=SGLANG["image"])
    assert codes(tmp_path, blue, green) == []


@pytest.mark.parametrize(
    ("images", "wanted"),
    [
        (("vllm:v1", "proxy:v1"), []),
        (("vllm:v2", "proxy:v1"), ["RP334"]),
        (("vllm:v2", "proxy:v2"), []),
        (("vllm:v1", "proxy:v2"), []),
    ],
)
def test_the_sidecar_changes_with_the_engine(
    images: tuple[str, str], wanted: list[str], tmp_path: Path
) -> None:
    def with_sidecar(items: list[Object], image: str) -> list[Object]:
        pod = items[3]["spec"]["template"]["spec"]
        pod["initContainers"] = [{"name": "routing-proxy", "image": image, "restartPolicy": "Always"}]
        return items

    blue = with_sidecar(serving(BLUE, NEW, image="vllm:v1"), "proxy:v1")
    green = with_sidecar(serving(GREEN, NEW, image=images[0]), images[1])
    assert codes(tmp_path, blue, green) == wanted


@pytest.mark.parametrize(
    ("blue", "choice", "wanted", "said"),
    [
        ({"a": 10}, None, [], "green-a"),
        ({"a": 10}, {"name": "a"}, [], "green-a"),
        ({"a": 10}, {"name": "b"}, ["RP331"], ""),
        ({"a": 10}, {"clientHeader": "keep"}, [], ""),
        ({"a": 10, "b": -5}, None, ["RP332"], ""),
        ({"a": 10, "b": -5}, {"name": "b"}, [], "green-b"),
        ({"a": 10, "b": -5}, {"clientHeader": "keep"}, [], ""),
        ({}, None, [], ""),
        ({}, {"name": "a"}, ["RP331"], ""),
    ],
)
def test_priorities_go_along(
    blue: dict[str, int], choice: Any, wanted: list[str], said: str, tmp_path: Path
) -> None:
    old = [*serving(BLUE, NEW), *(objective(name, BLUE, rank) for name, rank in blue.items())]
    new = [*serving(GREEN, NEW), *(objective(f"green-{name}", GREEN, rank) for name, rank in blue.items())]
    strategy = {"objective": choice} if choice else {}
    assert codes(tmp_path, old, new, **strategy) == wanted
    if "RP331" in wanted:
        return
    for stage in compile_plan(tmp_path / "plan.yaml").rollout.stages:
        (found,) = [item for item in stage.objects if item.kind == "HTTPRoute"]
        for ref in found.get("spec", "rules", 0, "backendRefs"):
            assert headers(ref) == ([said] if said and ref["name"] == GREEN else [])


def headers(ref: Object) -> list[str]:
    """The values that a backendRef's filters set the header to."""
    modifiers = [
        item["requestHeaderModifier"] for item in ref.get("filters", ()) if "requestHeaderModifier" in item
    ]
    assert len(modifiers) <= 1, "the API takes one"
    return [
        each["value"] for item in modifiers for each in item.get("set", ()) if each["name"].lower() == HEADER
    ]


@pytest.mark.slow
@BRIEF
@given(blue_greens(), st.sampled_from([[], ["x-a"], [HEADER.title(), "x-a"]]))
def test_the_header_is_all_that_is_added(case: Case, taken: list[str]) -> None:
    """With objectives each stage is the stage without them, and the header where a new version is chosen."""
    said = case.plan["spec"].get("candidates", [])
    versions = {one["pool"]: one["name"] for one in said} or {GREEN: "green"}
    own = {"set": [{"name": name, "value": "theirs"} for name in taken], "remove": [HEADER, "x-b"]}
    modifier = {"type": "RequestHeaderModifier", "requestHeaderModifier": own}
    for ref in [ref for item in case.files["routes/all.yaml"] for ref in refs_of(item)]:
        ref["filters"] = [modifier] if taken else []
    plain = case.rollout()
    more = deepcopy(case.files)
    more["blue/all.yaml"].append(objective("a", BLUE))
    for pool, name in versions.items():
        more[f"{name}/all.yaml"].append(objective(f"of-{name}", pool))
    headed = Case(
        plan=case.plan, files=more, steps=case.steps, betas=case.betas, together=case.together
    ).rollout()
    assert [stage.splits for stage in headed.stages] == [stage.splits for stage in plain.stages]
    for before, after in zip(plain.stages, headed.stages, strict=True):
        for old, new in zip(routes_of(before), routes_of(after), strict=True):
            for ref in refs_of(new):
                chosen = versions.get(ref["name"]) if ref["kind"] == "InferencePool" else None
                assert headers(ref) == (
                    [f"of-{chosen}"] if chosen else ["theirs"] * (HEADER.title() in taken)
                )
            assert without_ours(new) == without_ours(old)


def routes_of(stage: Any) -> list[Object]:
    return [dict(item.data) for item in stage.objects if item.kind == "HTTPRoute"]


def refs_of(found: Object) -> list[Object]:
    return [ref for rule in found["spec"]["rules"] for ref in rule.get("backendRefs") or ()]


def without_ours(found: Object) -> Object:
    """A route without what any filter says of the header, and without filters that then say nothing."""
    copy = deepcopy(found)
    for ref in refs_of(copy):
        for item in ref.get("filters") or ():
            settings = item["requestHeaderModifier"]
            for key, names in settings.items():
                settings[key] = [
                    name
                    for name in names
                    if (name["name"] if isinstance(name, dict) else name).lower() != HEADER
                ]
            item["requestHeaderModifier"] = {key: names for key, names in settings.items() if names}
        ref["filters"] = [item for item in ref.get("filters") or () if item["requestHeaderModifier"]]
    return copy


def test_weight_stages_differ_in_weights_alone(tmp_path: Path) -> None:
    plan = blue_green({"weight": 1}, {"weight": 50}, {"weight": 100})
    files = {
        "blue/all.yaml": [*serving(BLUE, NEW), objective("a", BLUE)],
        "green/all.yaml": [*serving(GREEN, NEW), objective("b", GREEN)],
        **ROUTES,
    }
    found = rollout(tmp_path, plan, files)
    shown = [routes_of(stage)[0] for stage in found.stages if stage.slug.startswith("weight")]
    for before, after in pairwise(shown):
        difference = DeepDiff(before, after)
        assert set(difference) == {"values_changed"}
        assert all(path.endswith("['weight']") for path in difference["values_changed"])
