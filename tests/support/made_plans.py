"""Plans that ask rollplan to make routers and model servers, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from generator.model.manifests import Manifest
from generator.model.rollout import Rollout
from generator.pipeline import compile_plan

Object = Mapping[str, Any]

POOL = "chat"
VLLM = {"model": "Qwen/Qwen3-32B", "image": "vllm/vllm-openai:v0.23.0"}
PAIR = [{**VLLM, "role": "prefill", "replicas": 4}, {**VLLM, "role": "decode", "replicas": 2}]
GROUPS = [{**VLLM, "nodes": 2, "replicas": 3, "accelerators": {"count": 8}}]

SHAPES: dict[str, tuple[str, Object, Sequence[Object]]] = {
    "plain": ("none", {}, [VLLM]),
    "istio": ("istio", {"monitoring": {"kind": "ServiceMonitor"}}, [VLLM]),
    "agentgateway, several pickers": ("agentgateway", {"replicas": 3}, [VLLM]),
    "gke": ("gke", {"monitoring": {"kind": "PodMonitoring", "auth": True}}, [VLLM]),
    "gke, preferred": ("gke", {"preferredBackends": {"maxRatePerEndpoint": 50}}, [VLLM]),
    "prefill and decode": ("istio", {}, PAIR),
    "groups": ("istio", {"monitoring": {"kind": "ServiceMonitor", "auth": True}}, GROUPS),
    "groups that prefill and decode": ("none", {}, [{**one, "nodes": 2} for one in PAIR]),
    "standalone": ("", {"objectives": [{"name": "interactive", "priority": 10}]}, [VLLM]),
    "standalone, proxies apart": ("", {"proxy": {"placement": "service"}}, [VLLM]),
    "standalone, no pool": ("", {"createPool": False, "proxy": {"type": "agentgateway"}}, [VLLM]),
    "everything said": (
        "none",
        {
            "image": "example.com/epp:v1",
            "resources": {"requests": {"cpu": "2"}},
            "selector": {"team": "search"},
            "targetPorts": [9000],
            "failureMode": "FailClose",
            "plugins": {"plugins": [{"type": "queue-scorer"}]},
            "args": ["--v=4"],
        },
        [
            {
                **VLLM,
                "name": "search-server",
                "servedModelName": "search",
                "args": ["--tensor-parallel-size=1", "--max-model-len=32768"],
                "env": [{"name": "USER", "value": "search"}, {"name": "LEVEL", "value": "1"}],
                "resources": {"requests": {"cpu": "2"}, "limits": {"memory": "32Gi"}},
                "nodeSelector": {"pool": "gpu"},
                "tolerations": [{"operator": "Exists"}],
                "affinity": {"nodeAffinity": {}},
                "labels": {"llm-d.ai/accelerator-variant": "h100"},
                "tokenSecret": "token",
                "cache": {"claimName": "weights"},
                "startupSeconds": 601,
                "preStopSeconds": 5,
                "drainSeconds": 600,
                "monitoring": {"kind": "PodMonitor", "interval": "30s"},
            }
        ],
    ),
}
"""What is asked for → the gateway's provider, empty in standalone mode, `router`, and `modelServers`."""


def target(provider: str) -> Object:
    """A target of this provider; standalone without one."""
    gateway = {"name": "inference-gateway", "provider": provider}
    return {"mode": "gateway", "gateway": gateway} if provider else {"mode": "standalone"}


def plan(spec: Object) -> Object:
    """A plan with this spec."""
    metadata = {"name": "made", "namespace": "llm-d"}
    return {"apiVersion": "rollplan.dev/v1alpha1", "kind": "RolloutPlan", "metadata": metadata, "spec": spec}


def rolling(provider: str, router: Object | None, servers: Sequence[Object], **more: Any) -> Object:
    """A plan that gives one pool's decoding model servers more room."""
    made = {"router": router, "modelServers": servers}
    names = [one.get("name", f"{POOL}-decode") for one in servers if one.get("role") != "prefill"]
    update = {"args": ["--max-num-seqs=512"]}
    strategy = {"type": "rolling-update", "update": update} | ({"workload": names[0]} if names else {})
    spec = {"target": target(provider), "pool": POOL} | {key: value for key, value in made.items() if value}
    spec |= {"router": router} if router is not None else {}
    return plan(spec | more | {"strategy": strategy})


def blue_green(provider: str, blue: Object, green: Object) -> Object:
    """A plan from one version to another."""
    strategy = {"type": "blue-green", "steps": [{"weight": 10}, {"weight": 100}]}
    route = {"name": "route"}
    versions = {"blue": {"pool": POOL, **blue}, "green": {"pool": f"{POOL}-v2", **green}}
    return plan({"target": target(provider), **versions, "route": route, "strategy": strategy})


def compiled(folder: Path, plan_: Object) -> Rollout:
    """Take a plan down the road."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan_), encoding="utf-8")
    return compile_plan(folder / "plan.yaml").rollout


def baseline(folder: Path, plan_: Object) -> tuple[Manifest, ...]:
    """Give the objects of the first stage: everything that is made of one pool."""
    return compiled(folder, plan_).stages[0].objects


def one(objects: Iterable[Manifest], kind: str, name: str = "") -> Manifest:
    """Give the one object of a kind, and of a name where several have the kind."""
    (found,) = (item for item in objects if item.kind == kind and name in ("", item.name))
    return found
