"""Rolling updates and adapter rollouts that no example has: what the stages hold, or what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.model.findings import Rejected
from tests.support.small_plans import (
    BLUE,
    Files,
    Object,
    Tree,
    deployment,
    lora,
    rendered,
    rewrite,
    rolling,
    version,
)

HALF = {"weight": 50}
FULL = {"weight": 100}

Render = Callable[[Object, Files], Tree]
Refused = Callable[[Object, Files], list[str]]


@pytest.fixture
def render(tmp_path: Path) -> Render:
    return lambda plan, files: rendered(tmp_path, plan, files)


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Give the codes of what is wrong with a plan."""

    def codes(plan: Object, files: Files) -> list[str]:
        with pytest.raises(Rejected) as rejected:
            rendered(tmp_path, plan, files)
        return [finding.code.id for finding in rejected.value.findings]

    return codes


SIDECAR = {"name": "proxy", "image": "proxy:v1"}
MAIN, OTHER = ({"name": name, "image": "vllm/vllm-openai:v0.22.1"} for name in ("modelserver", "vllm"))
UPDATED = [
    ([MAIN, SIDECAR], {}, "modelserver"),
    ([SIDECAR, OTHER], {"container": "vllm"}, "vllm"),
    ([OTHER], {}, "vllm"),
]
REFUSED = [
    ([SIDECAR, OTHER], {}, "RP308"),
    ([MAIN], {"container": "vllm"}, "RP308"),
    ([MAIN], {"image": MAIN["image"]}, "RP310"),
]


def serving(*containers: Object) -> Files:
    return {"serving/all.yaml": [*version(BLUE)[:3], deployment("decode", {"app": BLUE}, *containers)]}


@pytest.mark.parametrize(("containers", "update", "changed"), UPDATED)
def test_a_rolling_update_changes_one_container(
    render: Render, containers: list[dict[str, str]], update: dict[str, str], changed: str
) -> None:
    tree = render(rolling(update={"image": "new:v2"} | update), serving(*containers))
    pod = tree.read("stages/01-update/deployment-decode.yaml")["spec"]["template"]["spec"]
    assert [c["name"] for c in pod["containers"] if c["image"] == "new:v2"] == [changed]


@pytest.mark.parametrize(("containers", "update", "code"), REFUSED)
def test_a_rolling_update_that_is_not_clear_is_refused(
    refused: Refused, containers: list[dict[str, str]], update: dict[str, str], code: str
) -> None:
    assert refused(rolling(update={"image": "new:v2"} | update), serving(*containers)) == [code]


def test_a_rolling_update_needs_to_know_which_of_two_deployments(render: Render, refused: Refused) -> None:
    files = {"serving/all.yaml": [*version(BLUE), deployment("prefill", {"app": BLUE}, MAIN)]}
    assert refused(rolling(), files) == ["RP307"]
    tree = render(rolling(workload="prefill"), files)
    assert "bundles/shared/model/deployment-blue-pool-decode.yaml" in tree
    assert "stages/01-update/deployment-prefill.yaml" in tree


def rule(model: str, *targets: dict[str, str], **fields: Any) -> Object:
    return {"matches": [{"model": {"value": model}}], "targets": list(targets)} | fields


def test_a_rewrite_that_is_there_is_edited_in_place(render: Render) -> None:
    other, own = rule("other", {"modelRewrite": "x"}), rule("alias", {"modelRewrite": "v1"})
    item = rewrite(other, own, name="all")
    item["metadata"]["labels"] = {"team": "a"}
    tree = render(lora(HALF, FULL, strategy={"rewrite": "all"}), {"serving/all.yaml": [*version(BLUE), item]})
    found = tree.read("stages/02-weight-50/inferencemodelrewrite-all.yaml")
    exact = [{"model": {"type": "Exact", "value": name}} for name in ("other", "alias")]
    targets = [{"modelRewrite": "v1", "weight": 50}, {"modelRewrite": "v2", "weight": 50}]
    assert found["metadata"]["labels"] == {"team": "a"}
    assert found["spec"]["rules"] == [
        {"matches": [exact[0]], "targets": [{"modelRewrite": "x"}]},
        {"matches": [exact[1]], "targets": targets},
    ]
    assert not any("alias-rewrite" in path for path in tree)


def test_an_alias_without_a_gateway_has_no_request_to_send_through_one(render: Render) -> None:
    tree = render(lora(HALF, FULL, target={"mode": "standalone"}), {"serving/all.yaml": version(BLUE)})
    assert tree.stages == [
        "00-baseline",
        "01-preload",
        "02-weight-50",
        "03-weight-100",
        "04-drain",
        "05-unload",
    ]
    assert "gateway" not in tree["README.md"]
