"""What the llm-d guides have people type into an editor is what the examples render, stage by stage."""

from typing import Any

import pytest
import yaml
from deepdiff import DeepDiff

from generator.pipeline import compile_plan, planned
from tests.support.paths import ROOT

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: llm-route
spec:
  parentRefs:
  - group: gateway.networking.k8s.io
    kind: Gateway
    name: inference-gateway
  rules:
  - backendRefs: [BACKENDS]
    matches:
    - path:
        type: PathPrefix
        value: /
"""
POOL = "{group: inference.networking.k8s.io, kind: InferencePool, name: NAME, weight: WEIGHT}"

REWRITE = """
apiVersion: llm-d.ai/v1alpha2
kind: InferenceModelRewrite
metadata:
  name: small-segment-lora-rewrite
spec:
  poolRef:
    group: inference.networking.k8s.io
    name: vllm-qwen3-32b
  rules:
  - matches:
    - model:
        type: Exact
        value: small-segment-lora
    targets: [TARGETS]
"""
ADAPTER = "{modelRewrite: NAME, weight: WEIGHT}"

# The fields that the guides leave to the API server, and that we write out.
ROUTE_DEFAULTS = {"root['metadata']['namespace']": "llm-d"}
REWRITE_DEFAULTS = ROUTE_DEFAULTS | {"root['spec']['poolRef']['kind']": "InferencePool"}


def weighted(form: str, weights: dict[str, int]) -> str:
    return ", ".join(form.replace("NAME", name).replace("WEIGHT", str(n)) for name, n in weights.items())


def route(**weights: int) -> dict[str, Any]:
    names = {"blue": "vllm-qwen3-32b", "green": "vllm-qwen3-32b-new"}
    named = {names[version]: weight for version, weight in weights.items()}
    made: dict[str, Any] = yaml.safe_load(ROUTE.replace("BACKENDS", weighted(POOL, named)))
    return made


def rewrite(**weights: int) -> dict[str, Any]:
    named = {f"small-segment-lora-{version}": weight for version, weight in weights.items()}
    made: dict[str, Any] = yaml.safe_load(REWRITE.replace("TARGETS", weighted(ADAPTER, named)))
    return made


def unweighted(rewrite: dict[str, Any]) -> dict[str, Any]:
    (target,) = rewrite["spec"]["rules"][0]["targets"]
    del target["weight"]
    return rewrite


GUIDE = {
    ("blue-green", "06-weight-10"): (route(blue=90, green=10), ROUTE_DEFAULTS),
    ("blue-green", "10-finalize"): (route(green=100), ROUTE_DEFAULTS),
    ("blue-green", "11-cleanup"): (route(green=100), ROUTE_DEFAULTS),
    ("lora-adapter", "00-baseline"): (unweighted(rewrite(v1=100)), REWRITE_DEFAULTS),
    ("lora-adapter", "02-weight-10"): (rewrite(v1=90, v2=10), REWRITE_DEFAULTS),
    ("lora-adapter", "03-weight-50"): (rewrite(v1=50, v2=50), REWRITE_DEFAULTS),
    ("lora-adapter", "04-weight-100"): (rewrite(v2=100), REWRITE_DEFAULTS),
}


def rendered(example: str, stage: str, kind: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The one object of a kind that stands in a stage's own folder, and its beta rules apart."""
    files = planned(compile_plan(ROOT / "plans" / example / "plan.yaml")).tree
    found = [
        yaml.safe_load(files[path]) for path in files if path.startswith(f"stages/{stage}/{kind.lower()}-")
    ]
    (item,) = found
    rules = item["spec"]["rules"]
    beta = [rule for rule in rules if rule.get("name", "").startswith("beta-")]
    item["spec"]["rules"] = [rule for rule in rules if rule not in beta]
    return item, beta


@pytest.mark.parametrize(("example", "stage"), GUIDE)
def test_stage_holds_the_object_of_the_guide(example: str, stage: str) -> None:
    guide, defaults = GUIDE[example, stage]
    ours, _ = rendered(example, stage, guide["kind"])
    difference = DeepDiff(guide, ours, verbose_level=2)
    assert difference.to_dict() == {"dictionary_item_added": defaults}


@pytest.mark.parametrize(
    ("stage", "beta_rules"), {"06-weight-10": 1, "10-finalize": 0, "11-cleanup": 0}.items()
)
def test_beta_rules_are_all_that_a_route_has_beyond_the_guide(stage: str, beta_rules: int) -> None:
    _, beta = rendered("blue-green", stage, "HTTPRoute")
    header = {"type": "Exact", "name": "x-rollout", "value": "green"}
    match = {"path": {"type": "PathPrefix", "value": "/"}, "headers": [header]}
    backends = route(green=100)["spec"]["rules"][0]["backendRefs"]
    assert beta == [{"name": "beta-0", "matches": [match], "backendRefs": backends}] * beta_rules
