"""Templates hold no logic, miss no value, and render what is canonical already."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment, UndefinedError, nodes

from generator.diagnostics import Findings
from generator.emit import emit
from generator.load import load_manifests
from generator.resources import TEMPLATES
from generator.source import Source
from generator.templating import _environment, render_yaml
from tests.conftest import ROOT

ALL = sorted(TEMPLATES.rglob("*.j2"))
YAML = [path for path in ALL if path.name.endswith(".yaml.j2")]
ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.For,
    nodes.If,
    nodes.Or,
)

VALUES = {
    "httproute.yaml.j2": {
        "name": "llm-route",
        "namespace": "llm-d",
        "gateway": "inference-gateway",
        "gateway_namespace": "infra",
        "hostnames": ["*.example.com", "api.example.com"],
        "path_prefix": "/v1",
        "request_timeout": "300s",
        "pool": "vllm-qwen3-32b",
    },
    "inferencemodelrewrite.yaml.j2": {
        "name": "small-segment-lora-rewrite",
        "namespace": "llm-d",
        "pool": "vllm-qwen3-32b",
        "alias": "small-segment-lora",
        "stable": "small-segment-lora-v1",
    },
    "application.yaml.j2": {
        "name": "qwen3-32b-h200",
        "engine_namespace": "argocd",
        "project": "default",
        "source": "ssh://git@git.example.com/rollouts.git",
        "branch": "main",
        "path": "rendered/qwen3-32b-h200/live",
        "namespace": "llm-d",
    },
    "flux-kustomization.yaml.j2": {
        "name": "qwen3-32b-h200",
        "engine_namespace": "flux-system",
        "interval": "10m",
        "timeout": "4215s",
        "path": "rendered/qwen3-32b-h200/live",
        "source": "flux-system",
        "routes": [
            {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "HTTPRoute",
                "current": "size(status.parents) > 0",
            }
        ],
    },
    "kustomization.yaml.j2": {
        "ordered": True,
        "resources": ["../../bundles/blue", "httproute-llm-route.yaml"],
    },
}
NAUGHTY = [
    "1e3",
    "on",
    "a: b",
    "a #b",
    "{{ x }}",
    "---",
    "'\"",
    "é",
    "*x",
    "[a",
    "x" * 2000,
    "${HOME}",
    "\\n",
]


def relative(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


@pytest.mark.parametrize("path", ALL, ids=relative)
def test_a_template_holds_no_logic(path: Path) -> None:
    tree = Environment().parse(path.read_text(encoding="utf-8"))
    assert {type(node) for node in tree.find_all(nodes.Node)} <= {*ALLOWED}


@pytest.mark.parametrize("path", ALL, ids=relative)
def test_a_template_is_used(path: Path) -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "generator").rglob("*.py"))
    stem = path.name.removesuffix(".yaml.j2").removesuffix(".j2")
    assert f'"{stem}"' in code or relative(path) in code


@pytest.mark.parametrize("path", YAML, ids=relative)
@pytest.mark.parametrize("naughty", [None, *NAUGHTY])
def test_what_a_template_renders_is_canonical_and_holds_its_values(path: Path, naughty: str | None) -> None:
    values = VALUES[path.name]
    if naughty is not None:
        values = {key: _replaced(value, naughty) for key, value in values.items()}
    text = render_yaml(relative(path), **values)
    (document,) = load_manifests(Source(name=path.name, text=text), Findings())
    assert emit(document.data) == text
    leaves = set(_leaves(document.data))
    assert {leaf for value in values.values() for leaf in _leaves(value) if leaf is not True} <= leaves


@pytest.mark.parametrize("path", YAML, ids=relative)
def test_a_missing_value_is_an_error(path: Path) -> None:
    with pytest.raises(UndefinedError):
        render_yaml(relative(path))


@pytest.mark.parametrize("name", ["namespace", "range", "dict", "cycler", "joiner", "lipsum"])
def test_a_name_that_jinja_gives_a_meaning_is_missing_too(name: str) -> None:
    """`namespace` is a value of ours: where it is forgotten, Jinja's own must not be written."""
    for yaml in (True, False):
        template = _environment(yaml=yaml).from_string(f"{{{{ {name} }}}}")
        assert template.render({name: "x"}) == "x"
        with pytest.raises(UndefinedError):
            template.render()


def _replaced(value: object, text: str) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return [_replaced(item, text) for item in value]
    return dict.fromkeys(value, text) if isinstance(value, dict) else text


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, list) else [value]
