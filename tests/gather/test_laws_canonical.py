"""The canonical form of an object is a fixed point, and the objects that we make have it from the start."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.gather.canonical import canonical
from generator.load import load_manifests
from generator.model.findings import value_of
from generator.model.source import Source
from generator.model.target import Apis
from generator.templating import render_yaml
from tests.support.paths import ROOT
from tests.support.random_plans import FOREIGN, Case, blue_greens, loras
from tests.support.small_plans import NAMESPACE

APIS = Apis(gateway_api=(1, 5), inference_extension=(1, 5), router=(0, 9))
KINDS = [
    "HTTPRoute",
    "InferencePool",
    "InferenceModelRewrite",
    "InferenceObjective",
    "Deployment",
    "Namespace",
]
GROUPS = ["gateway.networking.k8s.io/v1", "inference.networking.k8s.io/v1", "llm-d.ai/v1alpha2", "v1"]
FIELDS = (
    "spec rules matches path headers backendRefs parentRefs poolRef targets selector weight metadata status"
)
KEYS = st.sampled_from(FIELDS.split())
VALUES = st.recursive(
    FOREIGN | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)


@st.composite
def anything(draw: st.DrawFn) -> dict[str, Any]:
    """An object of a kind that we know or do not, whose fields hold what they like."""
    item = draw(st.dictionaries(KEYS, VALUES))
    metadata = draw(
        st.dictionaries(
            st.sampled_from(["labels", "namespace", "creationTimestamp"]), st.none() | st.just("a")
        )
    )
    kind = {"kind": draw(st.sampled_from(KINDS)), "apiVersion": draw(st.sampled_from(GROUPS))}
    return item | kind | {"metadata": metadata | {"name": "a"}}


def manifests(case: Case) -> list[dict[str, Any]]:
    return [item for items in case.files.values() for item in items]


OBJECTS = anything() | (blue_greens() | loras()).map(manifests).flatmap(st.sampled_from)
"""Objects with all their fields in the places where they belong, and with any fields anywhere."""


@settings(deadline=None)
@given(OBJECTS)
def test_the_canonical_form_of_a_canonical_form_is_itself(item: dict[str, Any]) -> None:
    once = canonical(item, NAMESPACE, APIS)
    assert json.dumps(canonical(once, NAMESPACE, APIS)) == json.dumps(once)


MADE: dict[str, dict[str, Any]] = {
    "gather/objects/httproute.yaml.j2": {
        "gateway": "g",
        "gateway_namespace": "infra",
        "hostnames": ["a.example.com"],
        "path_prefix": "/v1",
        "request_timeout": "5m",
    },
    "gather/objects/inferencemodelrewrite.yaml.j2": {"alias": "a", "stable": "b"},
}


def test_every_object_that_a_strategy_makes_is_listed() -> None:
    """What `router` and `modelServers` ask for is gathered, and so brought into canonical form."""
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "generator/stages").rglob("*.py"))
    assert {f"gather/objects/{kind}.yaml.j2" for kind in re.findall(r'\bmake\(\s*"(\w+)"', code)} == set(MADE)


@pytest.mark.parametrize("template", MADE)
def test_objects_that_we_make_are_canonical(template: str) -> None:
    text = render_yaml(template, name="a", namespace=NAMESPACE, pool="p", **MADE[template])
    (document,) = value_of(load_manifests(Source(name=template, text=text)))
    assert json.dumps(document.data) == json.dumps(canonical(document.data, NAMESPACE, APIS))
