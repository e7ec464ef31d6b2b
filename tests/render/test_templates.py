"""Templates hold no logic, miss no value, and render what is canonical already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, UndefinedError, nodes

from generator.emit import emit
from generator.load import load_manifests
from generator.model.findings import value_of
from generator.model.source import Source
from generator.resources import TEMPLATES
from generator.templating import _environment, render_yaml
from tests.support.paths import ROOT

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

LABELS: dict[str, str] = {}
NAMED = {"name": "chat-epp", "namespace": "llm-d", "labels": LABELS}
WIDE = {"name": "llm-d.chat-epp", "labels": LABELS}
BOUND = {"role": "chat-epp-sa", "account": "chat-epp", "account_namespace": "infra"}
TARGET: dict[str, str] = {}
POD: dict[str, str] = {}
CONTAINER = {"image": "example.com/server:v1", "resources": {}, "linger_seconds": 120}
READ = {"selector": LABELS, "interval": "15s", "token": "reader"}

VALUES: dict[str, dict[str, Any]] = {
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
    "configmap.yaml.j2": NAMED | {"files": {}},
    "serviceaccount.yaml.j2": NAMED | {"mounted": False},
    "role.yaml.j2": NAMED | {"rules": {}},
    "rolebinding.yaml.j2": NAMED | BOUND,
    "clusterrole.yaml.j2": WIDE | {"rules": {}},
    "clusterrolebinding.yaml.j2": WIDE | BOUND,
    "secret.yaml.j2": NAMED | {"account": "reader"},
    "service.yaml.j2": NAMED | {"annotations": "ANNOTATIONS", "selector": LABELS, "ports": {}},
    "inferencepool.yaml.j2": NAMED
    | {"selector": LABELS, "ports": [8000, 8001], "service": "chat-epp", "failure_mode": "FailOpen"},
    "inferenceobjective.yaml.j2": NAMED | {"priority": 5, "pool": "chat"},
    "deployment.yaml.j2": NAMED
    | {"replicas": 2, "min_ready": 30, "progress_deadline": 3945, "strategy": {}, "selector": {}, "pod": POD},
    "statefulset.yaml.j2": NAMED | {"replicas": 2, "service": "chat-epp", "selector": {}, "pod": POD},
    "leaderworkerset.yaml.j2": NAMED | {"replicas": 2, "size": 4, "leader": POD, "worker": POD},
    "poddisruptionbudget.yaml.j2": NAMED | {"selector": LABELS},
    "destinationrule.yaml.j2": NAMED | {"host": "chat-epp.llm-d.svc.cluster.local"},
    "healthcheckpolicy.yaml.j2": NAMED | {"target": TARGET, "check": {}},
    "gcpbackendpolicy.yaml.j2": NAMED | {"target": TARGET, "policy": {}},
    "servicemonitor.yaml.j2": NAMED | READ,
    "podmonitor.yaml.j2": NAMED | {"selector": LABELS, "port": "modelserver", "interval": "15s"},
    "podmonitoring.yaml.j2": NAMED | READ | {"port": "metrics"},
    "router-pod.yaml.j2": {"labels": LABELS, "account": "chat-epp", "mounted": False, "grace_seconds": 150}
    | {"spread": "SPREAD", "containers": {}, "volumes": {}},
    "server-pod.yaml.j2": {
        "labels": LABELS,
        "account": "chat",
        "grace_seconds": 165,
        "node_selector": "NODES",
    }
    | {"tolerations": "TAINTS", "affinity": "NEAR", "spread": "SPREAD", "sidecars": "PROXY"}
    | {"containers": {}, "volumes": {}},
    "picker.yaml.j2": CONTAINER | {"arguments": {}, "liveness": "liveness", "readiness": "readiness"},
    "envoy-proxy.yaml.j2": CONTAINER | {"cluster": "chat"},
    "agentgateway-proxy.yaml.j2": CONTAINER,
    "modelserver.yaml.j2": CONTAINER
    | {"arguments": {}, "environment": {}, "ports": "PORTS", "models": "/models"}
    | {"startup_delay": 15, "startup_period": 30, "startup_failures": 120},
    "routing-proxy.yaml.j2": {"image": "example.com/proxy:v1", "ports": ["--port=8000"], "port": 8000},
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
    stem = path.name.removesuffix(".j2").removesuffix(".yaml").removesuffix(".conf")
    assert f'"{stem}"' in code or relative(path) in code


@pytest.mark.parametrize("path", YAML, ids=relative)
@pytest.mark.parametrize("naughty", [None, *NAUGHTY])
def test_what_a_template_renders_is_canonical_and_holds_its_values(path: Path, naughty: str | None) -> None:
    values = VALUES[path.name]
    if naughty is not None:
        values = {key: _replaced(value, naughty) for key, value in values.items()}
    text = render_yaml(relative(path), **values)
    (document,) = value_of(load_manifests(Source(name=path.name, text=text)))
    assert emit(document.data) == text
    leaves = set(_leaves(document.data))
    assert {leaf for value in values.values() for leaf in _leaves(value) if leaf is not True} <= leaves


@pytest.mark.parametrize("path", YAML, ids=relative)
def test_mappings_and_lists_enter_whole(path: Path) -> None:
    """What has a shape of its own stands as one value: `{}` and capitals hold its place above."""
    whole = {"a b: c": [{"d": ["- e", 1, True]}, {}]}
    values = VALUES[path.name]
    shaped = {key: whole for key, value in values.items() if value == {} or str(value).isupper()}
    (document,) = value_of(
        load_manifests(Source(name=path.name, text=render_yaml(relative(path), **values | shaped)))
    )
    assert sum(1 for value in _inner(document.data) if value == whole) >= len(shaped)


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


def _inner(value: object) -> list[object]:
    """Give a value and all that it holds."""
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(inner for item in items for inner in _inner(item))]


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, list) else [value]
