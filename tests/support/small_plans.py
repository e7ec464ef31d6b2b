"""The least that a rollout needs, as Python values with room for a test to add, and the way to its stages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from generator.model.rollout import Rollout
from generator.model.source import Document
from generator.pipeline import compile_plan, planned

Object = dict[str, Any]
Files = Mapping[str, Sequence[Object] | str]

BLUE, GREEN = "blue-pool", "green-pool"
NAMESPACE = "llm-d"


def thing(api: str, kind: str, name: str, **fields: Any) -> Object:
    """An object without a namespace: the plan's is meant."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}} | fields


def deployment(name: str, labels: Object, *containers: Object) -> Object:
    """A Deployment of two replicas."""
    template = {"metadata": {"labels": labels}, "spec": {"containers": list(containers)}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    return thing("apps/v1", "Deployment", name, spec=spec)


def versions(*names: str) -> dict[str, list[Object]]:
    """What folders of these names hold: a version each, with the pool NAME-pool."""
    return {f"{name}/all.yaml": version(f"{name}-pool") for name in names}


def version(pool: str) -> list[Object]:
    """A pool with its endpoint picker and one model server, called POOL, POOL-epp and POOL-decode."""
    picker = {"name": f"{pool}-epp", "port": {"number": 9002}}
    spec = {"selector": {"matchLabels": {"app": pool}}, "targetPorts": [{"number": 8000}]}
    server = {"name": "modelserver", "image": "vllm/vllm-openai:v0.22.1"}
    return [
        thing(
            "inference.networking.k8s.io/v1", "InferencePool", pool, spec=spec | {"endpointPickerRef": picker}
        ),
        thing("v1", "Service", f"{pool}-epp", spec={"selector": {"epp": pool}, "ports": [{"port": 9002}]}),
        deployment(f"{pool}-epp", {"epp": pool}, {"name": "epp", "image": "epp:v0.9.0"}),
        deployment(f"{pool}-decode", {"app": pool}, server),
    ]


def to_pool(name: str, **fields: Any) -> Object:
    """A backendRef to a pool."""
    return {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": name} | fields


def to_service(name: str, **fields: Any) -> Object:
    """A backendRef to a Service."""
    return {"name": name, "port": 80} | fields


def route(*rules: Object, name: str = "llm-route", **spec: Any) -> Object:
    """An HTTPRoute on the plan's Gateway."""
    spec = {"parentRefs": [{"name": "gateway"}]} | spec | {"rules": list(rules)}
    return thing("gateway.networking.k8s.io/v1", "HTTPRoute", name, spec=spec)


def rewrite(*rules: Object, name: str = "alias-rewrite", pool: str = BLUE) -> Object:
    """An InferenceModelRewrite of a pool."""
    spec = {"poolRef": {"name": pool}, "rules": list(rules)}
    return thing("llm-d.ai/v1alpha2", "InferenceModelRewrite", name, spec=spec)


def blue_green(*steps: Object, **spec: Any) -> Object:
    """A plan from blue/ to green/ that brings its routes in routes/, unless `route` makes one."""
    base: Object = {
        "blue": {"pool": BLUE, "manifests": ["blue"]},
        "green": {"pool": GREEN, "manifests": ["green"]},
    }
    base |= {} if "route" in spec else {"routes": ["routes"]}
    if "candidates" in spec:
        del base["green"]
    strategy = {"type": "blue-green", "steps": list(steps or [{"weight": 100}])} | spec.pop("strategy", {})
    return _plan(base | spec, strategy)


def candidates(*names: str) -> list[Object]:
    """Candidates of these names, each with its pool NAME-pool in the folder NAME/."""
    return [{"name": name, "pool": f"{name}-pool", "manifests": [name]} for name in names]


def lora(*steps: Object, strategy: Object | None = None, **spec: Any) -> Object:
    """A plan that moves `alias` from v1 to v2 on the pool in serving/."""
    names = {"alias": "alias", "stable": "v1", "candidate": "v2", "steps": list(steps or [{"weight": 100}])}
    strategy = {"type": "lora-adapter"} | names | (strategy or {})
    return _plan({"pool": BLUE, "manifests": ["serving"]} | spec, strategy)


def rolling(**strategy: Any) -> Object:
    """A plan that gives the pool in serving/ a new image."""
    update = {"type": "rolling-update", "update": {"image": "vllm/vllm-openai:v0.23.0"}}
    return _plan({"pool": BLUE, "manifests": ["serving"]}, update | strategy)


def _plan(spec: Object, strategy: Object) -> Object:
    target = {"mode": "gateway", "gateway": {"name": "gateway"}}
    metadata = {"name": "plan", "namespace": NAMESPACE}
    body = {"metadata": metadata, "spec": {"target": target} | spec | {"strategy": strategy}}
    return {"apiVersion": "rollplan.dev/v1alpha1", "kind": "RolloutPlan"} | body


def written(folder: Path, plan: Mapping[str, Any], files: Files) -> Path:
    """Write a plan and its manifests, given as objects or as text; give the plan's path."""
    for name, content in {"plan.yaml": [plan], **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else "\n---\n".join(map(json.dumps, content))
        path.write_text(text, encoding="utf-8")
    return folder / "plan.yaml"


class Tree(dict[str, str]):
    """The files of a rendered plan by path."""

    @property
    def stages(self) -> list[str]:
        return sorted({path.split("/")[1] for path in self if path.startswith("stages/")})

    def read(self, path: str) -> Any:
        return yaml.safe_load(self[path])


def rendered(folder: Path, plan: Object, files: Files) -> Tree:
    """Write a plan and its manifests, and give what it renders."""
    return Tree(planned(compile_plan(written(folder, plan, files))).tree)


def rollout(
    folder: Path,
    plan: Object,
    files: Files,
    definitions: Sequence[Document] = (),
) -> Rollout:
    """Write a plan and its manifests, and go down the road; `definitions` say what objects may hold."""
    return compile_plan(written(folder, plan, files), *definitions).rollout
