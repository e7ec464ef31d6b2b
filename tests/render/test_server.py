"""The API server takes every object that is rendered, and stores it as it stands in the file.

A default that is not written out would be drift for ever where a GitOps engine compares the two.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.oracles.cluster import Cluster, Object, published
from tests.support.runbooks import EXAMPLES, Example, Scene, compiled, identity, scene

EXACT = ("HTTPRoute", "InferencePool", "InferenceModelRewrite")
"""Kinds whose defaults are all written out; those of built-in kinds are too many to read."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_server_takes_every_object_as_it_stands(name: str, cluster: Cluster, tmp_path: Path) -> None:
    example = compiled(name, cluster.namespace(), tmp_path)
    objects = rendered(example)
    stored = cluster.would_store_all(objects, example.namespace)
    for ours, theirs in zip(objects, stored, strict=True):
        assert identity(ours) == identity(theirs)
        if ours["kind"] in EXACT and published():
            assert ours["spec"] == theirs["spec"]


def rendered(example: Example) -> list[Object]:
    """Every object under the stages, the bundles and the rollback, each state of it once."""
    paths = sorted(example.rendered.rglob("*.yaml"))
    texts = {
        path.read_text(encoding="utf-8"): None
        for path in paths
        if path.name != "kustomization.yaml" and path.parent.name != "delete"
    }
    assert texts
    return [yaml.safe_load(text) for text in texts]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_stage_is_all_there_once_applied(name: str, cluster: Cluster, tmp_path: Path) -> None:
    with scene(name, cluster, tmp_path) as set_up:
        is_no_surprise(set_up)
        applied, before = set[str](), set_up.stored()
        stages = set_up.example.data["stages"]
        for index, stage in enumerate(stages):
            own = set_up.reach(index, applied)
            after = set_up.stored()
            assert set_up.must(f"kubectl diff -k stages/{stage['name']}") == ""
            again = f"-f {' -f '.join(own)}" if index + 1 < len(stages) else f"-k stages/{stage['name']}"
            assert unchanged(set_up.must(f"kubectl apply {again}"))
            assert set_up.stored() == after
            if index and "weight-" in stages[index - 1]["name"] and "weight-" in stage["name"]:
                only_weights_differ(stage, before, after)
            before = after


def is_no_surprise(set_up: Scene) -> None:
    """Ask that the baseline adds to what serves today at most objects of its own, and changes nothing."""
    baseline, served = set_up.example.rollout.stages[0].objects, set_up.stored()
    shown = set_up.must("kubectl diff -k stages/00-baseline || test $? -eq 1")
    differing = re.findall(rf"^diff -u -N \S+\.{set_up.world.namespace}\.(\S+) ", shown, re.MULTILINE)
    assert (
        set(differing) == {item.name for item in baseline if identity(item) not in served} or not published()
    )


def unchanged(said: str) -> bool:
    """Say whether kubectl changed nothing; a budget's selector it sends each time, as it knows no merge."""
    lines = [line for line in said.splitlines() if not line.startswith("poddisruptionbudget.")]
    assert lines
    return all(line.endswith(" unchanged") for line in lines)


def only_weights_differ(stage: Object, before: dict[str, Object], after: dict[str, Object]) -> None:
    """Ask that a stage changed nothing but the weights of its splits, each object in one step."""
    changed = {name for name in after if before[name] != after[name]}
    assert changed == {identity(split["object"]) for split in stage["splits"]}
    for name in changed:
        assert after[name]["metadata"]["generation"] == before[name]["metadata"]["generation"] + 1
        assert without_weights(after[name]) == without_weights(before[name])


def without_weights(item: Object) -> Object:
    """Give the specification with the names of its backends alone; a target of weight 0 is left out."""
    rules = [
        {
            key: [ref["name"] for ref in value] if key == "backendRefs" else value
            for key, value in rule.items()
        }
        | {"targets": ()}
        for rule in item["spec"]["rules"]
    ]
    spec: Object = item["spec"] | {"rules": rules}
    return spec
