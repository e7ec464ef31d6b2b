"""Routers that rollplan makes mean what the charts' do; what differs is listed here, with its reason."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.gather.bundles import gather
from generator.kubernetes.router import ROUTER
from generator.load import load_plan, read_source
from generator.load.paths import documents
from generator.load.roots import roots_of
from generator.pipeline import Collector, compile_plan
from generator.plan.parse import parse
from generator.rules import CODES
from generator.stages import STRATEGIES
from tests.support.made_diff import CONFIG, UNUSED, Object, differences
from tests.support.paths import SHARED

SAMPLES = SHARED / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample bundles in {SAMPLES}")

POOL = "vllm-qwen3-32b-new"
PICKER = f"{POOL}-epp"
CHART: Object = {
    "image": "ghcr.io/llm-d/llm-d-router-endpoint-picker:main",
    "resources": {"requests": {"cpu": "8", "memory": "8Gi"}, "limits": {"memory": "16Gi"}},
}
"""What the charts take where their values say nothing; the guides' values, and rollplan, ask for less."""

GUIDE: Object = {
    **CHART,
    "resources": {"requests": {"cpu": "4", "memory": "8Gi"}, "limits": {"memory": "16Gi"}},
    "selector": {"llm-d.ai/guide": "optimized-baseline"},
    "args": ["--v=2"],
    "monitoring": {"kind": "ServiceMonitor", "interval": "10s"},
    "plugins": {
        "plugins": [
            {"type": f"{name}-scorer"}
            for name in ("queue", "kv-cache-utilization", "prefix-cache", "no-hit-lru")
        ],
        "schedulingProfiles": [
            {
                "name": "default",
                "plugins": [
                    {"pluginRef": "queue-scorer", "weight": 2},
                    {"pluginRef": "kv-cache-utilization-scorer", "weight": 2},
                    {"pluginRef": "prefix-cache-scorer", "weight": 3},
                    {"pluginRef": "no-hit-lru-scorer", "weight": 2},
                ],
            }
        ],
    },
}
MONITORED: Object = {"interval": "10s", "auth": True}
AGENTGATEWAY: Object = {"type": "agentgateway", "image": "cr.agentgateway.dev/agentgateway:latest-dev"}
ROUTE: Object = {"name": POOL, "requestTimeout": "300s"}

PLANS: dict[str, tuple[str, Object]] = {
    "gw-none": ("none", {}),
    "gw-agentgateway": ("agentgateway", {}),
    "gw-istio": ("istio", {}),
    "gw-istio-route": ("istio", {}),
    "gw-istio-optimized-baseline": ("istio", GUIDE),
    "gw-gke": ("gke", {}),
    "gw-gke-preferred": ("gke", {"preferredBackends": {}}),
    "gw-gke-gmp": ("gke", {"monitoring": {"kind": "PodMonitoring", **MONITORED}}),
    "gw-none-mon-auth": ("none", {"monitoring": {"kind": "ServiceMonitor", **MONITORED}}),
    "gw-ha-objective": ("none", {"replicas": 2, "objectives": [{"name": "high", "priority": 5}]}),
    "sa-envoy-pool": ("", {}),
    "sa-envoy-nopool": ("", {"createPool": False}),
    "sa-agentgateway": ("", {"createPool": False, "proxy": AGENTGATEWAY}),
    "sa-service-mode": ("", {"createPool": False, "proxy": {"placement": "service"}}),
}
"""Sample → the gateway's provider, empty in standalone mode, and the plan's `router`."""

WITH_ROUTE = {"gw-istio-route", "gw-istio-optimized-baseline"}
"""Samples whose release has the route too: the plan's `route` makes it, apart from both versions."""

FIXED = "two releases in a namespace would share the fixed name (contract §1.6)"
CLUSTER_WIDE = "with `-` between its parts, pool a in b-c and pool a-b in c would share a role of the cluster"
ALIKE = "a role and its binding, a reader and its token share a name"
RENAMED: tuple[tuple[str, str, str, str, str], ...] = (
    ("sa-*", "ConfigMap", "envoy", "N-proxy", FIXED),
    ("sa-*", "ConfigMap", "agentgateway", "N-proxy", FIXED),
    ("gw-*", "Secret", "inference-gateway-sa-metrics-reader-secret", "E-metrics-reader", FIXED),
    ("gw-*", "ServiceAccount", "N-metrics-reader-sa", "E-metrics-reader", ALIKE),
    ("gw-*", "Secret", "N-metrics-reader-secret", "E-metrics-reader", ALIKE),
    ("gw-*", "Role", "N-metrics-reader-secret-read", "E-metrics-token", ALIKE),
    (
        "gw-*",
        "RoleBinding",
        "gmp-system:collector:llm-d-N-metrics-reader-secret-read",
        "E-metrics-token",
        ALIKE,
    ),
    ("gw-*", "RoleBinding", "E-leader-election-binding", "E-leader-election", ALIKE),
    ("gw-*", "ClusterRole", "llm-d-N-metrics-reader", "llm-d.E-metrics-reader", CLUSTER_WIDE),
    (
        "gw-*",
        "ClusterRoleBinding",
        "llm-d-N-metrics-reader-role-binding",
        "llm-d.E-metrics-reader",
        CLUSTER_WIDE,
    ),
    ("gw-*-*", "ClusterRole", "N-llm-d-epp", "llm-d.E-metrics-auth", CLUSTER_WIDE),
    ("gw-*-*", "ClusterRoleBinding", "N-llm-d-epp", "llm-d.E-metrics-auth", CLUSTER_WIDE),
    ("gw-*", "PodMonitoring", "N", "E", "its name becomes `job`, by which metrics tell pools apart (§4)"),
    ("gw-gke-preferred", "GCPBackendPolicy", "N", "E", "named after the Service that it is for"),
    (
        "gw-gke-preferred",
        "GCPBackendPolicy",
        "N-backup",
        "E-backup",
        "named after the Service that it is for",
    ),
)
"""Samples, kind, their name and ours, with N for the pool and E for its picker, and why."""

POD = "spec.template.spec"
EPP = f"{POD}.containers.epp"
PROXY = f"{POD}.containers.*-proxy"
PICKERS = "Deployment E | StatefulSet E"
PODS = f"{PICKERS} | Deployment N-proxy"
ENVOY = f"data.{CONFIG}.static_resources"
CLIENTS = f"{ENVOY}.listeners.8081"
HTTP = "filter_chains.0.filters.envoy.filters.network.http_connection_manager.typed_config"

JUSTIFIED: tuple[tuple[str, str, str], ...] = (
    # Labels and objects as a whole
    ("*", "metadata.labels.app.kubernetes.io/version", "Helm's label; an upgrade would change every object"),
    (PODS, f"{POD[:-5]}.metadata.labels.app.kubernetes.io/*", "pods say whose they are, as their objects do"),
    ("*", "metadata.labels.app.kubernetes.io/name", "all objects of a router say whose they are"),
    ("*", "metadata.labels.app.kubernetes.io/component", "tells picker, pool and proxy apart"),
    ("DestinationRule E", "apiVersion", "v1 is what Istio stores since 1.22; v1beta1 is the same"),
    (
        "DestinationRule E | Role E-metrics-token",
        "metadata.namespace",
        "without one it lands anywhere",
    ),
    ("ConfigMap E", f"data.{UNUSED}", "a configuration that no flag names"),
    # Pods
    (PODS, f"{POD}.securityContext.*", "what the restricted Pod Security Standard asks for"),
    (PODS, f"{POD}.containers.*.securityContext.*", "what the restricted Pod Security Standard asks for"),
    ("ServiceAccount *", "automountServiceAccountToken", "who needs a token says so, and who does not"),
    (PODS, f"{POD}.automountServiceAccountToken", "the picker needs its token, a proxy needs none"),
    (PODS, f"{POD}.terminationGracePeriodSeconds", "preStop and 30 s; 130 s leave hardly any (I11)"),
    (PODS, f"{POD}.containers.*.lifecycle.preStop.*", "responses stream through it and must end (I11)"),
    (PODS, f"{POD}.containers.*.startupProbe.*", "an early start waits, and is no restart loop (§1.6)"),
    (PODS, f"{POD}.topologySpreadConstraints.*", "several replicas on one node fail together"),
    (PICKERS, f"{EPP}.livenessProbe.initialDelaySeconds", "the startup probe waits instead"),
    (PICKERS, f"{EPP}.*Probe.timeoutSeconds", "2 s: a busy picker is no dead one"),
    (
        PICKERS,
        f"{EPP}.imagePullPolicy",
        "the tag of a version does not move; Always needs the registry at a restart",
    ),
    (PICKERS, f"{EPP}.volumeMounts./config.readOnly", "ConfigMaps are read-only anyway; it says so"),
    # Pool and policies
    ("InferencePool N", "spec.endpointPickerRef.failureMode", "sa-*: the proxy fails closed, see below"),
    ("InferenceObjective *", "spec.poolRef.kind", "the API server's default, written out"),
    ("GCPBackendPolicy N", "object", "gw-gke-preferred: both policies belong to a pool before a route (§5)"),
    ("RoleBinding E-leader-election", "subjects.E.namespace", "the API server wants one for ServiceAccounts"),
    # The route, which the plan's `route` makes
    ("HTTPRoute N", "spec.parentRefs.*.namespace", "the Gateway may be in another namespace"),
    (
        "HTTPRoute N",
        "spec.rules.0.backendRefs.*.weight",
        "always said: the default of 1 is no percentage (§1.4)",
    ),
    # Metrics
    (
        "ServiceMonitor *",
        "spec.jobLabel",
        "must be a label's key: the chart's value is none, and `job` is a guess (§4)",
    ),
    ("ServiceMonitor *", "spec.selector.matchLabels.*/version", "Helm's label"),
    ("ServiceMonitor *", "spec.selector.matchLabels.*/component", "the picker's Service, not the proxy's"),
    ("PodMonitoring *", "spec.endpoints.0.scheme", "http is the default"),
    (
        "ClusterRole llm-d.E-metrics-auth | ClusterRoleBinding llm-d.E-metrics-auth",
        "object",
        "gw-istio-optimized-baseline: without `auth` the picker asks nobody who a reader is",
    ),
    (
        "ClusterRole llm-d.E-metrics-auth",
        "rules.get /metrics",
        "the reader reads metrics, not the picker itself",
    ),
    (
        "*ServiceAccount E-metrics-reader | ClusterRole* llm-d.E-metrics-reader",
        "object",
        "gw-none-mon-auth: a reader of its own; the picker's token would show it the pool's pods too",
    ),
    (
        "Secret E-metrics-reader",
        "metadata.annotations.kubernetes.io/service-account.name",
        "gw-none-mon-auth: the token of that reader",
    ),
    # Standalone mode: the proxy's pods
    (
        "Service E",
        "spec.ports.http.*",
        "nothing listens there in gateway mode (guide's values) and in service mode",
    ),
    ("PodDisruptionBudget N-proxy", "object", "sa-service-mode: a node drain takes one proxy at a time"),
    ("Deployment N-proxy", "spec.strategy.*", "no request is lost while proxies are replaced"),
    (PODS, f"{PROXY}.args.--drain-*", "nobody tells it to drain: preStop lets responses end"),
    (PODS, f"{PROXY}.args.--disable-hot-restart", "a container is replaced, never restarted in place"),
    (PODS, f"{PROXY}.args.--service-*", "the pod and the pool that it serves, instead of one name for all"),
    (PODS, f"{PROXY}.env.NS_NAME.*", "nothing asks for it"),
    (PODS, f"{PROXY}.ports.*.name", "says what the port is for; Services name its number"),
    # Standalone mode: what Envoy does
    (
        "ConfigMap N-proxy",
        f"{CLIENTS}.{HTTP}.http_filters.*.failure_mode_allow",
        "without the picker Envoy would go where a header of the client says",
    ),
    (
        "ConfigMap N-proxy",
        f"{ENVOY}.clusters.*.connect_timeout",
        "a pod that is gone must fail at once, not after 1000 s",
    ),
    (
        "ConfigMap N-proxy",
        f"{ENVOY}.clusters.ext_proc.health_checks.*",
        "readiness probes and the Service tell; the picker knows this check only with a flag",
    ),
    (
        "ConfigMap N-proxy",
        f"{ENVOY}.clusters.ext_proc.transport_socket.*.alpn_protocols.0",
        "said for requests, not for health checks alone",
    ),
    (
        "ConfigMap N-proxy",
        f"{ENVOY}.clusters.ext_proc.load_assignment.*",
        "one endpoint needs no locality and no weight",
    ),
    (
        "ConfigMap N-proxy",
        f"{CLIENTS}.{HTTP}.*idle_timeout",
        "the default of 5 min would end a prompt that waits for its first token",
    ),
    ("ConfigMap N-proxy", f"{CLIENTS}.{HTTP}.*.typed_per_filter_config.*", "an empty one says nothing"),
    ("ConfigMap N-proxy", "*.access_log.*", "JSON, with what a 503 was due to"),
    ("ConfigMap N-proxy", "*.stat_prefix | *.route_config.name", "a name that nobody asks for"),
)
"""Objects, paths, and why we differ there: N is the pool, E its picker, ` | ` is between alternatives."""


def plan_of(name: str) -> Object:
    provider, router = PLANS[name]
    gateway = {"name": "llm-d-inference-gateway", "provider": provider}
    target = {"mode": "gateway", "gateway": gateway} if provider else {"mode": "standalone"}
    version: Object = {
        "pool": POOL,
        "router": {**CHART, **router},
        "modelServers": [{"model": "Qwen/Qwen3-32B", "image": "vllm/vllm-openai:v0.23.0"}],
    }
    if name in WITH_ROUTE:
        strategy: Object = {"type": "blue-green", "steps": [{"weight": 100}]}
        green = {"pool": "other", "from": "blue"}
        spec = {"target": target, "blue": version, "green": green, "route": ROUTE, "strategy": strategy}
    else:
        strategy = {"type": "rolling-update", "update": {"image": "vllm/vllm-openai:v0.24.0"}}
        spec = {"target": target, **version, "strategy": strategy}
    metadata = {"name": "sample", "namespace": "llm-d"}
    return {"apiVersion": "rollplan.dev/v1alpha1", "kind": "RolloutPlan", "metadata": metadata, "spec": spec}


def made(name: str, folder: Path) -> list[Object]:
    """Give the objects of the router that the plan asks for, and its route."""
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(plan_of(name)), encoding="utf-8")
    if name in WITH_ROUTE:
        objects = compile_plan(path).rollout.stages[0].objects
        return [item.data for item in objects if item.part == ROUTER or item.kind == "HTTPRoute"]
    found = Collector()
    source = found.collect(read_source(path, path.name))
    document = found.collect(load_plan(source)) if source else None
    assert document
    plan = found.collect(parse(document, STRATEGIES, CODES))
    roots = roots_of(folder, plan.roots)
    (objects,) = found.collect(gather(plan, lambda ref: documents(ref, folder, roots))).values()
    assert found.all == ()
    return [item.data for item in objects if item.part == ROUTER]


def short(text: str) -> str:
    return text.replace(PICKER, "E").replace(POOL, "N")


def long(text: str) -> str:
    return re.sub(r"\bE\b", PICKER, re.sub(r"\bN\b", POOL, text))


def reasons(difference: tuple[str, str]) -> list[int]:
    """Give the rows of the table that justify a difference."""
    what, path = map(short, difference)
    return [
        index
        for index, (kinds, paths, _) in enumerate(JUSTIFIED)
        if any(fnmatchcase(what, kind) for kind in kinds.split(" | "))
        and any(fnmatchcase(path, one) for one in paths.split(" | "))
    ]


def read(name: str) -> list[Object]:
    text = (SAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
    return [item for item in yaml.safe_load_all(text) if item]


def renamed(name: str) -> list[Object]:
    """Give a sample under our names, with its references following."""
    objects = read(name)
    for samples, kind, theirs, ours, _ in RENAMED:
        meant = [one for one in objects if (one["kind"], short(one["metadata"]["name"])) == (kind, theirs)]
        if fnmatchcase(name, samples) and meant:
            old, new = meant[0]["metadata"]["name"], long(ours)
            objects = [_renamed(one, kind, old, new) for one in objects]
    return objects


REFERENCES = {
    "ConfigMap": {"configMap"},
    "Secret": {"credentials", "secret", "resourceNames"},
    "ServiceAccount": {"subjects", "annotations"},
    "Role": {"roleRef"},
    "ClusterRole": {"roleRef"},
}
"""Kind → the fields in which others name its objects."""


def _renamed(item: Object, kind: str, old: str, new: str) -> Object:
    def follow(value: Any, field: str) -> Any:
        if isinstance(value, dict):
            return {
                key: follow(inner, field if key in {"name", "kubernetes.io/service-account.name"} else key)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [follow(inner, field) for inner in value]
        return new if value == old and field in REFERENCES.get(kind, ()) else value

    item = follow(item, "")
    if (item["kind"], item["metadata"]["name"]) == (kind, old):
        item = {**item, "metadata": {**item["metadata"], "name": new}}
    return item


Found = dict[str, list[tuple[str, str]]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Every difference, by sample."""
    return {
        name: list(differences(renamed(name), made(name, tmp_path_factory.mktemp(name)))) for name in PLANS
    }


@pytest.mark.parametrize("name", PLANS)
def test_a_made_router_means_what_the_chart_s_does(name: str, found: Found) -> None:
    assert [one for one in found[name] if not reasons(one)] == []


@pytest.mark.parametrize(
    ("row", "table"), [(row, table) for table in (RENAMED, JUSTIFIED) for row in table], ids=str
)
def test_every_justification_is_needed(row: tuple[str, ...], table: tuple[Any, ...], found: Found) -> None:
    if table is RENAMED:
        samples, kind, theirs, *_ = row
        names = [name for name in PLANS if fnmatchcase(name, samples)]
        objects = [(one["kind"], short(one["metadata"]["name"])) for name in names for one in read(name)]
        assert (kind, theirs) in objects
    else:
        index = JUSTIFIED.index(row)
        assert any(index in reasons(one) for differing in found.values() for one in differing)


def test_every_sample_of_a_router_is_compared() -> None:
    routers = {path.stem for path in SAMPLES.iterdir() if path.name.startswith(("gw-", "sa-"))}
    assert routers == set(PLANS)
