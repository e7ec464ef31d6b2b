"""Examples are proved safe; with a single fault in their stages they are refused, by the code that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from generator.model.findings import Finding
from generator.model.gates import Gate
from generator.model.manifests import Manifest
from generator.model.rollout import Deletion, Rollout, Stage
from generator.pipeline import Collector, compile_plan
from generator.proof import proved
from tests.support.paths import ROOT
from tests.support.trees import EXAMPLES

Mutate = Callable[[Rollout], Rollout]
BLUE, GREEN = "vllm-qwen3-32b", "vllm-qwen3-32b-new"


@cache
def example(name: str) -> Rollout:
    return compile_plan(ROOT / "plans" / name / "plan.yaml").rollout


def verdict(rollout: Rollout) -> tuple[Finding, ...]:
    found = Collector()
    found.collect(proved(rollout))
    return found.all


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_no_counterexample(name: str) -> None:
    rollout = example(name)
    assert verdict(rollout) == ()
    assert rollout.proof is not None
    assert rollout.proof.transitions == len(rollout.stages) - 1
    assert rollout.proof.rollbacks == rollout.proof.transitions
    assert rollout.proof.states > rollout.proof.transitions


def at(slug: str, change: Callable[[Stage], Stage]) -> Mutate:
    """Change one stage."""

    def mutate(rollout: Rollout) -> Rollout:
        assert slug in [stage.slug for stage in rollout.stages]
        stages = tuple(change(stage) if stage.slug == slug else stage for stage in rollout.stages)
        return replace(rollout, stages=stages)

    return mutate


def since(slug: str, change: Callable[[Stage], Stage]) -> Mutate:
    """Change a stage and all that follow."""

    def mutate(rollout: Rollout) -> Rollout:
        first = [stage.slug for stage in rollout.stages].index(slug)
        stages = (change(stage) if n >= first else stage for n, stage in enumerate(rollout.stages))
        return replace(rollout, stages=tuple(stages))

    return mutate


def without(*slugs: str) -> Mutate:
    """Leave stages out: what they change, the next one changes."""

    def mutate(rollout: Rollout) -> Rollout:
        assert {*slugs} <= {stage.slug for stage in rollout.stages}
        return replace(rollout, stages=tuple(stage for stage in rollout.stages if stage.slug not in slugs))

    return mutate


def swapped(one: str, other: str) -> Mutate:
    def mutate(rollout: Rollout) -> Rollout:
        stages = list(rollout.stages)
        a, b = ([stage.slug for stage in stages].index(slug) for slug in (one, other))
        stages[a], stages[b] = stages[b], stages[a]
        return replace(rollout, stages=tuple(stages))

    return mutate


def ungated(stage: Stage) -> Stage:
    return replace(stage, gate=Gate())


def lacking(kind: str, name: str) -> Callable[[Stage], Stage]:
    """Forget an object: an engine that prunes deletes it."""

    def change(stage: Stage) -> Stage:
        left = tuple(item for item in stage.objects if (item.kind, item.name) != (kind, name))
        assert len(left) == len(stage.objects) - 1
        return replace(stage, objects=left)

    return change


def deleting(kind: str, name: str) -> Callable[[Stage], Stage]:
    """Delete an object while the stage still lists it, as a careless hand would."""

    def change(stage: Stage) -> Stage:
        gone = tuple(item for item in stage.objects if (item.kind, item.name) == (kind, name))
        assert len(gone) == 1
        return replace(stage, deletions=(*stage.deletions, Deletion(title="hand", objects=gone)))

    return change


def put(kind: str, name: str, value: Any, *path: str | int) -> Callable[[Stage], Stage]:
    def change(stage: Stage) -> Stage:
        assert any((item.kind, item.name) == (kind, name) for item in stage.objects)
        return replace(stage, objects=tuple(_put(stage.objects, kind, name, value, path)))

    return change


def _put(
    objects: Iterable[Manifest], kind: str, name: str, value: Any, path: tuple[str | int, ...]
) -> Iterable[Manifest]:
    return (item.put(value, *path) if (item.kind, item.name) == (kind, name) else item for item in objects)


def back(**fields: Callable[[Any], Any]) -> Mutate:
    """Change fields of the rollback."""

    def mutate(rollout: Rollout) -> Rollout:
        changed = {name: change(getattr(rollout.rollback, name)) for name, change in fields.items()}
        return replace(rollout, rollback=replace(rollout.rollback, **changed))

    return mutate


def nothing(_: Any) -> tuple[()]:
    return ()


def backwards(items: tuple[Any, ...]) -> tuple[Any, ...]:
    return items[::-1]


def unwaited(removals: tuple[Deletion, ...]) -> tuple[Deletion, ...]:
    return tuple(replace(removal, checks=()) for removal in removals)


def at_once(removals: tuple[Deletion, ...]) -> tuple[Deletion, ...]:
    return (Deletion(title="all", objects=tuple(item for removal in removals for item in removal.objects)),)


def ref(index: int, *path: str | int) -> tuple[str | int, ...]:
    return ("spec", "rules", index, "backendRefs", *path)


WEIGHT = ("HTTPRoute", "llm-route")
EPP = ("Deployment", f"{GREEN}-epp")
SERVER = ("Deployment", "qwen3-32b-h200-decode")
OLD = ("Deployment", "qwen3-32b-a100-decode")
LABELS = ("spec", "template", "metadata", "labels")
IMAGE = ("spec", "template", "spec", "containers", 0, "image")
CHAT = ("Deployment", "support-chat-decode")
CHAT_GREEN = ("Deployment", "support-chat-qwen3-decode")

BLUE_GREEN: dict[str, tuple[str, Mutate]] = {
    "pool and route in one stage": ("RP560", without("deploy-router")),
    "pool after its route": ("RP560", swapped("deploy-router", "beta")),
    "pool after its weight": ("RP560", swapped("deploy-router", "weight-1")),
    "everything in one stage": ("RP560", without("deploy-model", "deploy-router", "beta")),
    "servers after the weight": ("RP561", swapped("deploy-model", "weight-1")),
    "servers nobody waited for": ("RP561", at("deploy-model", ungated)),
    "servers with the router": ("RP561", without("deploy-model")),
    "picker nobody waited for": ("RP561", at("deploy-router", ungated)),
    "pool nobody saw accepted": ("RP561", at("beta", ungated)),
    "weight without a beta or weight 0": ("RP561", without("beta")),
    "finalize and cleanup in one stage": ("RP560", without("finalize")),
    "cleanup before finalize": ("RP560", swapped("finalize", "cleanup")),
    "cleanup instead of weight 100": ("RP560", swapped("weight-100", "cleanup")),
    "no drain": ("RP564", without("drain")),
    "drain nobody watched": ("RP564", at("drain", ungated)),
    "drain before the last weight": ("RP564", swapped("drain", "weight-50")),
    "picker deleted while weighted": ("RP561", at("weight-10", deleting(*EPP))),
    "picker's service deleted while weighted": ("RP560", at("weight-10", deleting("Service", EPP[1]))),
    "pool deleted while weighted": ("RP560", at("weight-50", deleting("InferencePool", GREEN))),
    "blue's pool deleted while weighted": ("RP560", at("weight-50", deleting("InferencePool", BLUE))),
    "servers deleted while weighted": ("RP561", at("weight-50", deleting(*SERVER))),
    "blue's servers deleted with the last weight": ("RP561", at("weight-100", deleting(*OLD))),
    "blue's servers deleted at weight 0, not drained": ("RP564", at("drain", deleting(*OLD))),
    "picker forgotten": ("RP561", at("weight-5", lacking(*EPP))),
    "service forgotten": ("RP560", at("weight-5", lacking("Service", EPP[1]))),
    "pool forgotten": ("RP560", at("weight-5", lacking("InferencePool", GREEN))),
    "route forgotten": ("RP560", at("weight-5", lacking(*WEIGHT))),
    "route deleted with blue": ("RP560", at("cleanup", deleting(*WEIGHT))),
    "policy forgotten": ("RP561", at("weight-5", lacking("DestinationRule", EPP[1]))),
    "policy never there": ("RP561", since("weight-5", lacking("DestinationRule", EPP[1]))),
    "servers' account forgotten": ("RP566", at("finalize", lacking("ServiceAccount", SERVER[1]))),
    "picker's settings forgotten": ("RP566", at("weight-5", lacking("ConfigMap", EPP[1]))),
    "all weights 0": (
        "RP560",
        at(
            "weight-1",
            lambda stage: put(*WEIGHT, 0, *ref(1, 1, "weight"))(put(*WEIGHT, 0, *ref(1, 0, "weight"))(stage)),
        ),
    ),
    "pool misspelt": ("RP560", at("weight-1", put(*WEIGHT, "vllm-qwen3-32b-neu", *ref(1, 1, "name")))),
    "picker's service misspelt": (
        "RP560",
        since(
            "deploy-router", put("InferencePool", GREEN, f"{BLUE}-epp-2", "spec", "endpointPickerRef", "name")
        ),
    ),
    "picker scaled to 0": ("RP561", since("deploy-router", put(*EPP, 0, "spec", "replicas"))),
    "servers scaled to 0": ("RP561", since("weight-10", put(*SERVER, 0, "spec", "replicas"))),
    "blue scaled to 0 at weight 50": ("RP561", at("weight-50", put(*OLD, 0, "spec", "replicas"))),
    "blue shrinks before its weight fell": ("RP565", at("weight-5", put(*OLD, 4, "spec", "replicas"))),
    "green's pods carry blue's labels": (
        "RP562",
        since("deploy-model", put(*SERVER, {"app": BLUE, "llm-d.ai/role": "decode"}, *LABELS)),
    ),
    "green's pool selects blue's pods": (
        "RP562",
        since(
            "deploy-router",
            put("InferencePool", GREEN, {"llm-d.ai/role": "decode"}, "spec", "selector", "matchLabels"),
        ),
    ),
    "blue's pool selects nobody": (
        "RP561",
        at("weight-5", put("InferencePool", BLUE, {"app": "nobody"}, "spec", "selector", "matchLabels")),
    ),
    "picker restarts while weighted": ("RP561", at("weight-10", put(*EPP, "epp:v9", *IMAGE))),
    "green restarts all at once": (
        "RP561",
        at(
            "weight-10",
            lambda stage: put(*SERVER, "vllm:v9", *IMAGE)(
                put(*SERVER, {"type": "Recreate"}, "spec", "strategy")(stage)
            ),
        ),
    ),
    "no way back": ("RP562", back(objects=nothing)),
    "way back that deletes the picker first": ("RP564", back(removals=backwards)),
    "way back that waits for nothing": ("RP564", back(removals=unwaited)),
    "way back that deletes all at once": ("RP564", back(removals=at_once)),
    "way back that leaves half on green": (
        "RP562",
        back(objects=lambda objects: tuple(_put(objects, *WEIGHT, 50, ref(0, 1, "weight")))),
    ),
    "way back to a pool that is not there": (
        "RP560",
        back(objects=lambda objects: tuple(_put(objects, *WEIGHT, "nowhere", ref(0, 0, "name")))),
    ),
}

CAPACITY: dict[str, tuple[str, Mutate]] = {
    "green grows with its weight": ("RP565", without("scale-50")),
    "green grows after its weight": ("RP565", swapped("scale-50", "weight-50")),
    "growth nobody waited for": ("RP565", at("scale-50", ungated)),
    "blue shrinks too far": ("RP565", at("scale-100", put(*CHAT, 2, "spec", "replicas"))),
    "blue shrinks too early": ("RP565", at("scale-50", put(*CHAT, 4, "spec", "replicas"))),
    "green shrinks": ("RP565", since("finalize", put(*CHAT_GREEN, 2, "spec", "replicas"))),
    "aliases forgotten": (
        "RP563",
        at("weight-5", lacking("InferenceModelRewrite", "support-chat-qwen3-aliases")),
    ),
    "aliases never there": (
        "RP563",
        since("deploy-router", lacking("InferenceModelRewrite", "support-chat-qwen3-aliases")),
    ),
    "alias to a model that nobody has": (
        "RP563",
        since(
            "deploy-router",
            put(
                "InferenceModelRewrite",
                "support-chat-qwen3-aliases",
                "gone",
                "spec",
                "rules",
                0,
                "targets",
                0,
                "modelRewrite",
            ),
        ),
    ),
    "rewrites of another pool": (
        "RP563",
        since(
            "deploy-router",
            put("InferenceModelRewrite", "support-chat-qwen3-aliases", "x", "spec", "poolRef", "name"),
        ),
    ),
    "way back without blue's replicas, at once": (
        "RP561",
        back(objects=lambda objects: tuple(_put(objects, *CHAT, 0, ("spec", "replicas")))),
    ),
}

DISAGGREGATED: dict[str, tuple[str, Mutate]] = {
    "prefill and decode change in place": (
        "RP562",
        at(
            "weight-50",
            lambda stage: put("Deployment", "gpt-oss-120b-v2-prefill", "vllm:v9", *IMAGE)(
                put("Deployment", "gpt-oss-120b-v2-decode", "vllm:v9", *IMAGE)(stage)
            ),
        ),
    ),
    "prefill is deleted": ("RP561", at("weight-50", deleting("Deployment", "gpt-oss-120b-v2-prefill"))),
    "prefill nobody waited for": (
        "RP561",
        at(
            "deploy-model",
            lambda stage: replace(stage, gate=replace(stage.gate, checks=stage.gate.checks[:1])),
        ),
    ),
    "health check forgotten": ("RP561", at("weight-10", lacking("HealthCheckPolicy", "gpt-oss-120b-v2"))),
    "timeouts forgotten": ("RP561", at("weight-10", lacking("GCPBackendPolicy", "gpt-oss-120b-v2"))),
}

ALIAS = ("InferenceModelRewrite", "small-segment-lora-rewrite")
TARGETS = ("spec", "rules", 0, "targets")
ADAPTERS: dict[str, tuple[str, Mutate]] = {
    "no preload": ("RP563", without("preload")),
    "preload nobody looked at": ("RP563", at("preload", ungated)),
    "preload after the weight": ("RP563", swapped("preload", "weight-10")),
    "no drain": ("RP564", without("drain")),
    "drain nobody watched": ("RP564", at("drain", ungated)),
    "unload before 100": ("RP563", swapped("unload", "weight-50")),
    "rewrite forgotten": ("RP563", at("weight-50", lacking(*ALIAS))),
    "rewrite deleted at the end": ("RP563", at("unload", deleting(*ALIAS))),
    "target misspelt": (
        "RP563",
        at("weight-50", put(*ALIAS, "small-segment-lora-v3", *TARGETS, 1, "modelRewrite")),
    ),
    "no way back": ("RP562", back(objects=nothing)),
}

QWEN = ("Deployment", "qwen3-32b-decode")
ROLLING: dict[str, tuple[str, Mutate]] = {
    "all pods at once": ("RP561", since("update", put(*QWEN, {"type": "Recreate"}, "spec", "strategy"))),
    "all pods may be away": (
        "RP561",
        since("update", put(*QWEN, "100%", "spec", "strategy", "rollingUpdate", "maxUnavailable")),
    ),
    "picker changes too": ("RP561", since("update", put("Deployment", f"{BLUE}-epp", "epp:v9", *IMAGE))),
    "pods leave the pool": ("RP561", since("update", put(*QWEN, {"app": "other"}, *LABELS))),
    "fewer replicas": ("RP565", since("update", put(*QWEN, 2, "spec", "replicas"))),
    "no way back": ("RP562", back(objects=nothing)),
}

CONFIGURATION = ("spec", "rolloutStrategy", "rollingUpdateConfiguration")
GROUPS: dict[str, tuple[str, Mutate]] = {
    "all groups at once": (
        "RP561",
        lambda rollout: without("partition-3", "partition-2", "partition-1")(
            since(
                "partition-0",
                put("LeaderWorkerSet", "deepseek-r1", 4, *CONFIGURATION, "maxUnavailable"),
            )(rollout)
        ),
    ),
    "no way back": ("RP562", back(objects=nothing)),
}

MUTANTS = {
    "blue-green": BLUE_GREEN,
    "base-model": CAPACITY,
    "gke-disaggregated": DISAGGREGATED,
    "lora-adapter": ADAPTERS,
    "rolling-update": ROLLING,
    "leader-worker-set": GROUPS,
}


@pytest.mark.parametrize(
    ("name", "what"),
    [pytest.param(name, what, id=f"{name}-{what}") for name in MUTANTS for what in MUTANTS[name]],
)
def test_a_mutant_is_refused_by_the_code_that_fits(name: str, what: str) -> None:
    code, mutate = MUTANTS[name][what]
    found = verdict(mutate(example(name)))
    assert code in {finding.code.id for finding in found}, [(one.code.id, one.message) for one in found]
