"""What the table of gateways says of each version, and what a gateway that takes one pool a rule gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.kubernetes.gateways import IMPLEMENTATIONS, Splitting
from generator.pipeline import compile_plan
from tests.support.small_plans import (
    BLUE,
    GREEN,
    Object,
    blue_green,
    rendered,
    route,
    to_pool,
    to_service,
    version,
    written,
)

SOUND, FAULTY, CUTOVER, NONE = Splitting.SOUND, Splitting.FAULTY, Splitting.CUTOVER, Splitting.NONE


@pytest.mark.parametrize(
    ("provider", "gateway_version", "splitting"),
    [
        ("agentgateway", "1.1.0", SOUND),
        ("agentgateway", "", SOUND),
        ("envoy-ai-gateway", "0.7.0", CUTOVER),
        ("gke", "", SOUND),
        ("higress", "2.1.0", NONE),
        ("istio", "", FAULTY),
        ("istio", "1.28.9", FAULTY),
        ("istio", "1.29.2", FAULTY),
        ("istio", "1.29.8", FAULTY),
        ("istio", "1.29.9", SOUND),
        ("istio", "1.30.5", FAULTY),
        ("istio", "v1.30.6", SOUND),
        ("istio", "1.31.1", FAULTY),
        ("istio", "1.31.2", SOUND),
        ("istio", "1.32.0", SOUND),
        ("istio", "2.0", SOUND),
        ("kgateway", "2.1.4", NONE),
        ("kgateway", "2.2.0", NONE),
        ("kthena", "0.4.0", NONE),
        ("nginx-gateway-fabric", "2.2.9", NONE),
        ("nginx-gateway-fabric", "2.3.0", SOUND),
        ("nginx-gateway-fabric", "2.6.1", SOUND),
    ],
)
def test_a_version_splits_as_the_table_says(
    provider: str, gateway_version: str, splitting: Splitting
) -> None:
    assert IMPLEMENTATIONS[provider].behaviour(gateway_version).splitting is splitting


def test_kgateway_before_and_after_its_removal_is_told_apart() -> None:
    row = IMPLEMENTATIONS["kgateway"]
    assert "503" in row.behaviour("2.1.0").fault
    assert "any more" in row.behaviour("2.2.0").fault
    assert all("agentgateway" in one.fix for one in row.behaviours)


def test_every_row_has_a_source_and_every_fault_a_mend() -> None:
    for name, row in IMPLEMENTATIONS.items():
        assert row.name == name
        assert row.source
        assert all(one.fault and one.fix for one in row.behaviours)


def envoy(*steps: Object) -> Object:
    plan = blue_green(*steps)
    plan["spec"]["target"]["gateway"] |= {"provider": "envoy-ai-gateway", "version": "0.7.0"}
    return plan


def files(*rules: Object) -> dict[str, list[Object] | str]:
    refs = rules or ({"backendRefs": [to_pool(BLUE)]},)
    return {
        "blue/all.yaml": version(BLUE),
        "green/all.yaml": version(GREEN),
        "routes/all.yaml": [route(*refs)],
    }


def pools(item: Any) -> list[list[str]]:
    return [[ref["name"] for ref in rule["backendRefs"]] for rule in item["spec"]["rules"]]


def test_a_gateway_with_one_pool_a_rule_goes_over_at_once(tmp_path: Path) -> None:
    tree = rendered(
        tmp_path, envoy({"beta": {"header": {"name": "x", "value": "y"}}}, {"weight": 100}), files()
    )
    routes = {path: tree.read(path) for path in tree if "httproute" in path}
    assert all(len(refs) == 1 for item in routes.values() for refs in pools(item))
    beta = next(item for path, item in routes.items() if "beta" in path)
    assert pools(beta) == [[GREEN], [BLUE]]
    full = next(item for path, item in routes.items() if "weight-100" in path)
    assert pools(full) == [[GREEN], [GREEN]]
    assert pools(routes["rollback/httproute-llm-route.yaml"]) == [[BLUE]]


def test_backends_that_are_no_pools_stay(tmp_path: Path) -> None:
    rule = {"backendRefs": [to_pool(BLUE, weight=1), to_service("cache", weight=0)]}
    tree = rendered(tmp_path, envoy({"weight": 100}), files(rule))
    assert pools(tree.read("rollback/httproute-llm-route.yaml")) == [[BLUE, "cache"]]


def test_gateways_that_split_keep_both_pools_in_the_rule(tmp_path: Path) -> None:
    tree = rendered(tmp_path, blue_green({"weight": 100}), files())
    assert pools(tree.read("rollback/httproute-llm-route.yaml")) == [[BLUE, GREEN]]


def test_a_single_cutover_is_no_finding_there(tmp_path: Path) -> None:
    assert compile_plan(written(tmp_path, envoy({"weight": 100}), files())).warnings == ()
