"""Metric gates that rollplan adds itself, from the metrics of the endpoint picker (field/metrics)."""

from __future__ import annotations

from generator.model.gates import Fact, MetricGate
from generator.model.manifests import INFERENCE, Identity
from generator.model.target import Apis


def endpoints_ready(pool: str, namespace: str, at_least: int, apis: Apis) -> MetricGate:
    """Check that the endpoint picker sees at least this many ready endpoints."""
    return MetricGate(
        name="endpoints-ready",
        promql=f'{prefix(apis)}ready_endpoints{{namespace="{namespace}",name="{pool}"}}',
        bound="min",
        threshold=at_least,
    )


def pool_drained(pool: str, namespace: str, seconds: int, apis: Apis) -> MetricGate:
    """Check that nothing ran or waited in the pool for this many seconds."""
    labels = f'{{namespace="{namespace}",name="{pool}"}}[{seconds}s]'
    running = f"max_over_time({prefix(apis)}average_running_requests{labels})"
    waiting = f"max_over_time({prefix(apis)}average_queue_size{labels})"
    identity = Identity(group=INFERENCE, kind="InferencePool", namespace=namespace, name=pool)
    fact = Fact(word="drained", of=str(identity))
    return MetricGate(name="drained", promql=f"{running} + {waiting}", bound="max", threshold=0, fact=fact)


def adapter_drained(adapter: str, namespace: str, apis: Apis) -> MetricGate:
    """Check that no request runs on the adapter."""
    labels = f'{{namespace="{namespace}",target_model_name="{adapter}"}}'
    return MetricGate(
        name="drained",
        promql=f"sum({prefix(apis)}request_running{labels})",
        bound="max",
        threshold=0,
        fact=Fact(word="drained", of=adapter),
    )


def prefix(apis: Apis) -> str:
    """Return the prefix of the endpoint picker's metrics, which changed with router v0.9.0."""
    return "llm_d_epp_" if apis.router >= (0, 9) else "llm_d_router_epp_"
