"""The manifests under plans/ are whole: references resolve, pods stop and start in time, blue is not green.

A bundle is what a plan calls blue, green, shared or routes: a folder of manifests, what a kustomization
builds, what rollplan makes, or the green that is made from blue. A rule yields what it finds wrong with a
bundle and ignores objects that it does not concern: a new example needs no change here.
"""

import copy
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from generator.pipeline import compile_plan
from tests.support.paths import ROOT
from tests.support.trees import CLUSTER_SCOPED

SHELLS = {"sh", "bash", "ash", "dash"}

Object = dict[str, Any]
Bundle = list[Object]
Plan = dict[str, Bundle]
Rule = Callable[[Bundle, Plan], Iterator[Any]]
"""What it finds is shown by the failing test, whatever it is."""


def read_source(path: Path) -> list[Object]:
    """Give the objects of a file, of a folder of files, or of a kustomization."""
    if (path / "kustomization.yaml").exists():
        command = ["kubectl", "kustomize", str(path)]
        texts = [subprocess.run(command, check=True, capture_output=True, text=True).stdout]
    else:
        files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
        texts = [file.read_text(encoding="utf-8") for file in files]
    return [document for text in texts for document in yaml.safe_load_all(text)]


def made(path: Path, bundle: str) -> list[Object]:
    """Give a bundle that has no manifests of its own, as some stage has it whole: blue first, others late."""
    stages = compile_plan(path).rollout.stages
    stage = stages[0] if bundle == "blue" else stages[-2]
    return [dict(x.data) for x in stage.objects if x.bundle == bundle]


def read_plan(path: Path) -> Plan:
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
    new = {one["name"]: one for one in spec.get("candidates", [])}
    new |= {"green": spec["green"]} if "green" in spec else {}
    named = {bundle: spec[bundle] for bundle in ("blue", "shared") if bundle in spec} | new
    sources = {bundle: source["manifests"] for bundle, source in named.items() if "manifests" in source}
    sources |= {bundle: spec[bundle] for bundle in ("manifests", "routes") if bundle in spec}
    bundles = {
        bundle: [x for name in names for x in read_source(path.parent / name)]
        for bundle, names in sources.items()
    }
    return bundles | {bundle: made(path, bundle) for bundle in set(named) - set(sources)}


PLANS = {
    path.parent.name: read_plan(path)
    for path in sorted(ROOT.glob("plans/*/plan.yaml"))
    if shutil.which("kubectl") or not list(path.parent.rglob("kustomization.yaml"))
}
"""Without kubectl, the examples that it must build are looked at by nobody; the tests of stages say so."""


def templates(node: Any) -> Iterator[Object]:
    """Yield every pod template below a node, in whichever field a workload keeps it."""
    if isinstance(node, dict) and "containers" in (node.get("spec") or {}):
        yield node
    elif isinstance(node, dict | list):
        for value in node.values() if isinstance(node, dict) else node:
            yield from templates(value)


def containers(items: Object | Bundle) -> Iterator[tuple[Object, Object, str]]:
    """Yield (pod spec, container, its command line) of every container of the objects."""
    for spec in (x["spec"] for x in templates(items)):
        for one in spec.get("initContainers", []) + spec["containers"]:
            yield spec, one, " ".join(map(str, one.get("command", []) + one.get("args", [])))


def every(plan: Plan) -> list[Object]:
    return [x for bundle in plan.values() for x in bundle]


def name(x: Object) -> str:
    return "/".join((x["kind"], x["metadata"]["name"]))


def selected(x: Object, items: list[Object]) -> list[Object]:
    """Return what an object selects among the pod templates (a ServiceMonitor: Services) of others."""
    selector = x.get("spec", {}).get("selector", {})
    wanted = selector.get("matchLabels", selector).items()
    services = x["kind"] == "ServiceMonitor"
    among = [s for s in items if s["kind"] == "Service"] if services else templates(items)
    return [t for t in among if wanted and wanted <= t["metadata"].get("labels", {}).items()]


def seconds(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def has_identity(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    for x in bundle:
        meta = x.get("metadata", {})
        named = x.get("apiVersion") and x.get("kind") and meta.get("name")
        home = None if x.get("kind") in CLUSTER_SCOPED else "llm-d"
        yield from [] if named and meta.get("namespace") == home else [x]


def shares_no_identity(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    seen = Counter((x["apiVersion"].rpartition("/")[0], name(x)) for x in every(plan))
    yield from (x for x, times in seen.items() if times > 1)


def references(x: Object) -> Iterator[str]:
    for spec in (t["spec"] for t in templates(x)):
        if "serviceAccountName" in spec:
            yield "ServiceAccount/" + spec["serviceAccountName"]
        for volume in spec.get("volumes", []):
            if "configMap" in volume:
                yield "ConfigMap/" + volume["configMap"]["name"]
            if "persistentVolumeClaim" in volume:
                yield "PersistentVolumeClaim/" + volume["persistentVolumeClaim"]["claimName"]
    for _, _, line in containers(x):
        yield from ("InferencePool/" + pool for pool in re.findall(r"--pool-name[ =](\S+)", line))
    for ref in [x["roleRef"], *x["subjects"]] if "roleRef" in x else []:
        yield f"{ref['kind']}/{ref['name']}"
    for ref in (b for rule in x.get("spec", {}).get("rules", []) for b in rule.get("backendRefs", [])):
        yield f"{ref.get('kind', 'Service')}/{ref['name']}"
    if x["kind"] == "DestinationRule":
        yield "Service/" + x["spec"]["host"].removesuffix(".llm-d.svc.cluster.local")
    if x["kind"] == "InferencePool":
        yield "Service/" + x["spec"]["endpointPickerRef"]["name"]
    for ref in (x.get("spec", {}).get(field) for field in ("targetRef", "poolRef")):
        yield from [f"{ref['kind']}/{ref['name']}"] if ref else []


def resolves_references(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    for x in bundle:
        home = every(plan) if x["kind"] == "HTTPRoute" else bundle
        yield from set(references(x)) - set(map(name, home))


def offered(hit: list[Object]) -> set[int | str]:
    """Return the names and numbers of the ports of pods and Services."""
    pods = [p for _, one, _ in containers(hit) for p in one.get("ports", [])]
    ports = pods + [p for x in hit for p in x["spec"].get("ports", [])]
    return {p.get("name") for p in ports} | {p.get("containerPort", p.get("port")) for p in ports}


def selects_something(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    for x in (x for x in bundle if "selector" in x.get("spec", {})):
        spec, hit = x["spec"], selected(x, [x] if any(templates(x)) else bundle)
        wanted = {p.get("targetPort", p.get("port")) for p in spec.get("ports", [])}
        wanted |= {p["port"] for p in spec.get("podMetricsEndpoints", []) + spec.get("endpoints", [])}
        wanted |= {p["number"] for p in spec.get("targetPorts", [])}
        yield from [] if hit and wanted <= offered(hit) else [name(x)]
        if x["kind"] == "InferencePool":
            picker = spec["endpointPickerRef"]
            services = [s for s in bundle if name(s) == f"Service/{picker['name']}"]
            yield from [] if picker["port"]["number"] in offered(services) else [picker]


def mounts_its_files(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    keys = {x["metadata"]["name"]: set(x["data"]) for x in bundle if x["kind"] == "ConfigMap"}
    for spec, one, line in containers(bundle):
        maps = {v["name"]: v.get("configMap", {}).get("name") for v in spec.get("volumes", [])}
        files = {m["mountPath"]: keys.get(maps.get(m["name"]), set()) for m in one.get("volumeMounts", [])}
        for path in map(PurePosixPath, re.findall(r"--config-(?:file|path)[ =](\S+)", line)):
            yield from [] if path.name in files.get(str(path.parent), set()) else [path]


def has_one_budget(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    budgets = [x for x in every(plan) if x["kind"] == "PodDisruptionBudget"]
    caught = Counter(str(pod["metadata"]) for x in budgets for pod in selected(x, every(plan)))
    yield from (pod for pod, times in caught.items() if times > 1)


def stops_in_time(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    for spec, one, line in containers(bundle):
        hook = one.get("lifecycle", {}).get("preStop", {})
        slept = hook.get("sleep", {}).get("seconds", 0) or seconds(r"sleep.*?(\d+)", str(hook.get("exec")))
        drain = seconds(r"--shutdown-timeout[ =](\d+)", line)
        in_time = spec.get("terminationGracePeriodSeconds", 30) > slept + drain
        drains = drain or "vllm serve" not in line
        is_told = PurePosixPath(line.split(" ")[0]).name not in SHELLS or re.search(r"\bexec ", line)
        yield from [] if in_time and drains and is_told else [one["name"]]


def starts_in_time(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    for x in (x for x in bundle if x["kind"] == "Deployment"):
        for probe in (one["startupProbe"] for _, one, _ in containers(x) if "startupProbe" in one):
            budget = probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
            budget += probe.get("initialDelaySeconds", 0) + x["spec"].get("minReadySeconds", 0)
            yield from [name(x)] if x["spec"].get("progressDeadlineSeconds", 600) < budget else []


def keeps_to_its_colour(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    versions = {key: items for key, items in plan.items() if key not in ("manifests", "routes", "shared")}
    if any(items is bundle for items in versions.values()):
        there = [x for items in versions.values() if items is not bundle for x in items]
        yield from (name(x) for x in bundle if selected(x, there))


def is_disaggregated(items: list[Object]) -> bool:
    return {"prefill", "decode"} <= {x["metadata"]["labels"].get("llm-d.ai/role") for x in templates(items)}


def fails_closed_where_prefill_is(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    pools = [x for x in bundle if x["kind"] == "InferencePool" and is_disaggregated(bundle)]
    yield from (name(x) for x in pools if x["spec"]["endpointPickerRef"]["failureMode"] != "FailClose")


def pairs_prefill_with_decode(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    if is_disaggregated(bundle):
        servers = [(one, line) for _, one, line in containers(bundle) if one["name"] == "modelserver"]
        flags = {tuple(re.findall(r"--(?:block-size|kv-transfer-config)=\S+", line)) for _, line in servers}
        yield from [] if len({one["image"] for one, _ in servers}) == len(flags) == 1 else ["prefill, decode"]


def pairs_leader_with_worker(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    for x in (x for x in bundle if x["kind"] == "LeaderWorkerSet"):
        images = {one["image"] for _, one, _ in containers(x)}
        yield from [] if len(images) == 1 else [name(x)]


def has_its_load_balancer_policies(bundle: Bundle, plan: Plan) -> Iterator[Any]:
    policies = [x for x in bundle if x["apiVersion"].startswith("networking.gke.io/")]
    if policies:
        kinds = sorted((x["kind"], x["spec"]["targetRef"]["name"]) for x in policies)
        pools = [x for x in bundle if x["kind"] == "InferencePool"]
        wanted = ("GCPBackendPolicy", "HealthCheckPolicy")
        yield from [] if kinds == sorted((k, x["metadata"]["name"]) for x in pools for k in wanted) else kinds
        ports = {port["number"] for x in pools for port in x["spec"]["targetPorts"]}
        checks = [x["spec"]["default"].get("config", {}).get("httpHealthCheck") for x in policies]
        yield from (check for check in checks if check and check["port"] not in ports)


# Each row: a rule, and one edit (plan, kind, path, value) of the first such object that the rule must notice.
POD = ("spec", "template", "spec")
WORKER = ("spec", "leaderWorkerTemplate", "workerTemplate", "spec", "containers", 0)
ROLE = {"llm-d.ai/role": "decode"}
RULES: dict[Rule, tuple[str, str, tuple[str | int, ...], object]] = {
    has_identity: ("blue-green", "HTTPRoute", ("metadata", "namespace"), "default"),
    shares_no_identity: ("blue-green", "ServiceAccount", ("metadata", "name"), "vllm-qwen3-32b-new-epp"),
    resolves_references: ("blue-green", "HTTPRoute", ("spec", "rules", 0, "backendRefs", 0, "name"), "old"),
    selects_something: ("rolling-update", "Service", ("spec", "ports", 2, "targetPort"), "web"),
    mounts_its_files: ("lora-adapter", "ConfigMap", ("data",), {"other.yaml": ""}),
    has_one_budget: ("blue-green", "PodDisruptionBudget", ("spec", "selector", "matchLabels"), ROLE),
    stops_in_time: ("blue-green", "Deployment", (*POD, "terminationGracePeriodSeconds"), 135),
    starts_in_time: ("rolling-update", "Deployment", ("spec", "progressDeadlineSeconds"), 3644),
    keeps_to_its_colour: ("blue-green", "InferencePool", ("spec", "selector", "matchLabels"), ROLE),
    fails_closed_where_prefill_is: (
        "gke-disaggregated",
        "InferencePool",
        ("spec", "endpointPickerRef", "failureMode"),
        "FailOpen",
    ),
    pairs_prefill_with_decode: ("gke-disaggregated", "Deployment", (*POD, "containers", 0, "image"), "old"),
    pairs_leader_with_worker: ("leader-worker-set", "LeaderWorkerSet", (*WORKER, "image"), "old"),
    has_its_load_balancer_policies: (
        "gke-disaggregated",
        "HealthCheckPolicy",
        ("spec", "default", "config", "httpHealthCheck", "port"),
        8200,
    ),
}
by_name = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)


def findings(rule: Rule, plan: Plan) -> list[Any]:
    return [finding for bundle in plan.values() for finding in rule(bundle, plan)]


@by_name
@pytest.mark.parametrize("plan", PLANS)
def test_example_is_whole(plan: str, rule: Rule) -> None:
    assert findings(rule, PLANS[plan]) == []


@pytest.mark.kustomize
@by_name
def test_rule_can_fail(rule: Rule) -> None:
    plan, kind, (*path, last), value = RULES[rule]
    edited = copy.deepcopy(PLANS[plan])
    node: Any = next(x for x in every(edited) if x["kind"] == kind)
    for key in path:
        node = node[key]
    assert node[last] != value
    node[last] = value
    assert findings(rule, edited) != []
