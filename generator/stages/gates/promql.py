"""The questions of gates as PromQL: each number under the name that the engine which serves has for it.

Series are told by their pods, in a pattern that no other workload's pods fit (field/metrics): every
Prometheus has that label, whoever scrapes. The share of errors, and all that is asked of one adapter, only
the endpoint picker knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from generator.kubernetes.engines import ENGINES, ITL, QUEUE, RUNNING, TTFT, Engine
from generator.kubernetes.labels import ENGINE
from generator.kubernetes.model_servers import engine_of
from generator.kubernetes.pods import roles_of
from generator.kubernetes.router import find_picker, find_pool, servers_of
from generator.kubernetes.workloads import pod_pattern
from generator.model.codes import finding
from generator.model.durations import lasting, seconds
from generator.model.findings import Reporting
from generator.model.gates import Gate, MetricGate, Question, Subject
from generator.model.made import PREFILL
from generator.model.manifests import Manifest
from generator.model.rollout import Rollout
from generator.stages.gates.metrics import prefix

ERRORS = "errors"
_FALLBACK_SECONDS = 300
"""How long a stage without a soak looks back for its sample of requests."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Watched:
    """What a query may name: labels of the picker's and of the servers' series, and the engines there."""

    prefix: str
    picker: str
    servers: str
    model: str
    engines: tuple[Engine, ...]


def with_queries(rollout: Rollout) -> Reporting[Rollout]:
    """Return the rollout with a query for each question.

    One that the engine has no number for is a finding.
    """
    objects = rollout.objects
    stages = []
    for stage in rollout.stages:
        metrics = yield from _with_query(stage.gate, rollout, objects)
        stages.append(replace(stage, gate=replace(stage.gate, metrics=metrics)))
    return replace(rollout, stages=tuple(stages))


def _with_query(
    gate: Gate, rollout: Rollout, objects: tuple[Manifest, ...]
) -> Reporting[tuple[MetricGate, ...]]:
    metrics: list[MetricGate] = []
    sampled: dict[Subject, int] = {}
    for metric in gate.metrics:
        if metric.subject and metric.sample:
            sampled[metric.subject] = max(metric.sample, sampled.get(metric.subject, 0))
        if metric.subject and metric.question:
            watched = _watched(metric.subject, rollout, objects)
            metric = replace(metric, promql=(yield from _query(metric.question, watched)))
        metrics.append(metric)
    for subject, sample in sampled.items():
        window = seconds(gate.soak) or _FALLBACK_SECONDS
        enough = _enough(sample, _watched(subject, rollout, objects), window)
        of_one = f"{enough.name}-{subject.target if subject.alias else subject.pool}"
        metrics.append(enough if len(sampled) == 1 else replace(enough, name=of_one))
    return tuple(metrics)


def _watched(subject: Subject, rollout: Rollout, objects: tuple[Manifest, ...]) -> _Watched:
    pool = find_pool(objects, subject.pool)
    servers = [item for item in (servers_of(objects, pool) if pool else ()) if not _is_prefill(item)]
    pickers = find_picker(objects, pool).workloads if pool else ()
    engines = {engine.name: engine for item in servers for engine in [engine_of(item)] if engine}
    model = f',model_name="{subject.alias}",target_model_name="{subject.target}"' if subject.alias else ""
    return _Watched(
        prefix=prefix(rollout.plan.target.apis),
        picker=_labels(rollout.plan.namespace, pickers),
        servers=_labels(rollout.plan.namespace, servers),
        model=model,
        engines=tuple(engines.values()),
    )


def _is_prefill(item: Manifest) -> bool:
    return roles_of(item) == {PREFILL}


def _labels(namespace: str, workloads: Iterable[Manifest]) -> str:
    pods = "|".join(pod_pattern(item) for item in workloads)
    return f'namespace="{namespace}",pod=~"{pods}"'


def _query(question: Question, watched: _Watched) -> Reporting[str]:
    if question.metric == ERRORS:
        return _errors(question, watched)
    if watched.model and question.metric in _OF_PICKER:
        name = f"{watched.prefix}{_OF_PICKER[question.metric]}"
        return _quantile(name, watched.picker + watched.model, question)
    if len(watched.engines) != 1:
        known = (
            ", ".join(engine.title for engine in watched.engines) or "an engine that rollplan does not know"
        )
        yield finding(
            "RP338",
            f"`{question.metric}` cannot be measured: the pods run {known}",
            question.place,
            f"label the pods `{ENGINE}` as one of {', '.join(ENGINES)}, or write the gate's `promql`",
        )
        return ""
    return _SHAPES[question.metric](watched.engines[0].metrics[question.metric], watched.servers, question)


_OF_PICKER = {TTFT: "request_ttft_seconds", ITL: "request_streaming_itl_seconds"}
"""Question → the picker's histogram: an engine's own do not tell adapters apart (field/metrics)."""


def _errors(question: Question, watched: _Watched) -> str:
    """Return the query for the share of failed requests; errors have no series before the first."""
    labels, window = f"{{{watched.picker}{watched.model}}}", f"[{lasting(question.window)}]"
    failed = f"sum(rate({watched.prefix}request_error_total{labels}{window}))"
    return f"({failed} or vector(0)) / sum(rate({watched.prefix}request_total{labels}{window}))"


def _quantile(name: str, labels: str, question: Question) -> str:
    rate = f"rate({name}_bucket{{{labels}}}[{lasting(question.window)}])"
    return f"histogram_quantile({question.percentile / 100:g}, sum by (le) ({rate}))"


def _in_a_pod(name: str, labels: str, question: Question) -> str:
    """Return the query for the mean of the pods, each with all of its ranks, over the window."""
    return f"avg(sum by (pod) (avg_over_time({name}{{{labels}}}[{lasting(question.window)}])))"


_SHAPES: Mapping[str, Callable[[str, str, Question], str]] = {
    TTFT: _quantile,
    ITL: _quantile,
    QUEUE: _in_a_pod,
    RUNNING: _in_a_pod,
}


def _enough(sample: int, watched: _Watched, window: int) -> MetricGate:
    """Check that there were enough requests: few of them prove nothing at a small weight (field/metrics)."""
    counter = f"{watched.prefix}request_total{{{watched.picker}{watched.model}}}"
    return MetricGate(
        name="enough-requests",
        promql=f"sum(increase({counter}[{lasting(window)}]))",
        bound="min",
        threshold=sample,
    )
