"""Turn a valid document into a Plan; after this step the plan is typed and has no dicts."""

from __future__ import annotations

from generator.acceptance import parse_acceptances
from generator.capacity import parse_budget
from generator.codes import CODES
from generator.diagnostics import Findings, Related
from generator.fields import Fields
from generator.inquiry import Question, Subject
from generator.made import read_wanted
from generator.manifests import dig
from generator.metrics import fill, seconds
from generator.model import Delivery, MetricGate, Plan, Sources
from generator.source import Document, Place
from generator.steps import EACH, GateTable
from generator.strategies import STRATEGIES
from generator.target import Apis, Gateway, Target

_PINNED = {"gatewayAPI": "v1.5.1", "inferenceExtension": "v1.5.0", "router": "v0.9.0"}
"""The versions that the llm-d guides pin, for a target that names none."""

_PLACEHOLDERS = {
    "namespace": ("metadata", "namespace"),
    "pool": ("spec", "pool"),
    "blue": ("spec", "blue", "pool"),
    "green": ("spec", "green", "pool"),
    "alias": ("spec", "strategy", "alias"),
    "stable": ("spec", "strategy", "stable"),
    "candidate": ("spec", "strategy", "candidate"),
}
"""What a query may call by name → where the plan says it."""

_ENGINES = {"argoCD": ("argo-cd", "repoURL", "argocd"), "flux": ("flux", "source", "flux-system")}
"""Field of `delivery` → the engine, the field that names its repository, the namespace it lives in."""

_BUNDLES = ("blue", "green", "shared")


def parse(document: Document, found: Findings) -> Plan:
    """Read a document that `validate` found no error in.

    What no schema can say (names that must exist, the order of steps) is added to `found`.
    """
    root = Fields(document=document, path=(), data=document.data)
    metadata, spec = root.child("metadata"), root.child("spec")
    candidates, gates = _candidates(spec), _gates(spec, _names(root), found)
    fields = spec.child("strategy")
    strategy = STRATEGIES[fields.text("type")]
    plan = Plan(
        name=metadata.text("name"),
        namespace=metadata.text("namespace"),
        target=_target(spec.child("target"), metadata.text("namespace")),
        sources=_sources(spec, found),
        roots=tuple(ref.value for ref in spec.refs("roots")),
        type=strategy.name,
        strategy=strategy.parse(spec, GateTable(gates=gates, candidates=candidates, found=found), found),
        gates=tuple(gates.values()),
        accept=parse_acceptances(spec, found),
        place=document.at(("metadata", "name")),
        delivery=_delivery(spec.child("delivery")),
    )
    if plan.target.mode not in strategy.modes:
        found.add(
            CODES["RP114"],
            f"a {strategy.name} rollout cannot run in {plan.target.mode} mode",
            plan.target.place,
            "use a rolling-update or lora-adapter rollout, or put a Gateway in front and set `mode: gateway`",
        )
    return plan


def _target(fields: Fields, namespace: str) -> Target:
    apis = {name: fields.child("apis").text(name, pinned) for name, pinned in _PINNED.items()}
    gateway = fields.child("gateway")
    return Target(
        mode=fields.text("mode"),
        gateway=Gateway(
            name=gateway.text("name"),
            namespace=gateway.text("namespace", namespace),
            provider=gateway.text("provider"),
            version=gateway.text("version"),
            place=gateway.document.at((*gateway.path, "provider")),
        )
        if fields.has("gateway")
        else None,
        apis=Apis(
            gateway_api=_version(apis["gatewayAPI"]),
            inference_extension=_version(apis["inferenceExtension"]),
            router=_version(apis["router"]),
        ),
        cluster=fields.text("cluster"),
        budget=parse_budget(fields),
        place=fields.document.at((*fields.path, "mode")),
        crds=fields.refs("crds"),
    )


def _delivery(fields: Fields) -> Delivery:
    for name, (engine, source, namespace) in _ENGINES.items():
        if fields.has(name):
            given = fields.child(name)
            return Delivery(
                engine=engine,
                path=given.text("path"),
                branch=given.text("branch", "main"),
                namespace=given.text("namespace", namespace),
                source=given.text(source, namespace),
                project=given.text("project", "default"),
                interval=given.text("interval", "10m"),
            )
    return Delivery()


def _version(text: str) -> tuple[int, int]:
    major, minor = text.removeprefix("v").split(".")[:2]
    return int(major), int(minor)


def _sources(spec: Fields, found: Findings) -> tuple[Sources, ...]:
    """Give the sources of every bundle; a strategy with one version keeps its objects in `shared`."""
    router = spec.child("target").child("apis").text("router", _PINNED["router"])

    def sources(bundle: str, fields: Fields) -> Sources:
        wanted = read_wanted(fields, router, found)
        return Sources(bundle=bundle, paths=fields.refs("manifests"), wanted=wanted)

    named = [sources(name, spec.child(name)) for name in _BUNDLES if spec.has(name)]
    named += [sources(item.text("name"), item) for item in spec.items("candidates")]
    if spec.has("pool"):
        named.append(sources("shared", spec))
    if spec.has("routes"):
        named.append(Sources(bundle="routes", paths=spec.refs("routes")))
    return tuple(named)


def _candidates(spec: Fields) -> dict[str, str]:
    """Give what `{candidate}` stands for, by candidate, in a plan that lists several: pools or adapters."""
    pools = {item.text("name"): item.text("pool") for item in spec.items("candidates")}
    adapters = spec.child("strategy").refs("candidates")
    return pools | {adapter.value: adapter.value for adapter in adapters}


def _names(root: Fields) -> dict[str, str]:
    """Give what queries may call by name; `{candidate}` of a plan with several waits for its step."""
    names = {name: dig(root.data, *path) for name, path in _PLACEHOLDERS.items()}
    each = {"candidate": EACH} if _candidates(root.child("spec")) else {}
    return {name: str(value) for name, value in names.items() if value is not None} | each


def _gates(spec: Fields, names: dict[str, str], found: Findings) -> dict[str, MetricGate]:
    gates: dict[str, MetricGate] = {}
    places: dict[str, Place] = {}
    for fields in spec.items("gates"):
        name, place = fields.text("name"), fields.ref("name").place
        if name in gates:
            found.add(
                CODES["RP109"],
                f"two gates are called `{name}`",
                place,
                "give each gate a name of its own",
                Related(place=places[name], label="the first one"),
            )
        bound = "max" if fields.has("max") else "min"
        places.setdefault(name, place)
        gates[name] = MetricGate(
            name=name,
            promql=fill(fields.ref("promql"), names, found) if fields.has("promql") else "",
            bound=bound,
            threshold=float(fields.get(bound)),
            question=_question(fields) if fields.has("metric") else None,
            subject=Subject(
                pool=names.get("green", names.get("pool", names.get("candidate", ""))),
                alias=names.get("alias", ""),
                target=names.get("candidate", ""),
            ),
            sample=int(fields.get("minRequests", 0)),
        )
    return gates


def _question(fields: Fields) -> Question:
    return Question(
        metric=fields.text("metric"),
        percentile=float(fields.get("percentile", 95)),
        window=seconds(fields.text("window", "5m")),
        place=fields.ref("metric").place,
    )
