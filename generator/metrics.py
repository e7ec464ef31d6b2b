"""Metric gates that rollplan adds itself, from the metrics of the endpoint picker (contract §4)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from generator.codes import CODES
from generator.diagnostics import Findings
from generator.facts import Fact
from generator.manifests import INFERENCE, Identity
from generator.model import MetricGate, Ref
from generator.target import Apis

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PLACEHOLDER = re.compile(r"\{([A-Za-z]+)\}")


def fill(promql: Ref, names: Mapping[str, str], found: Findings) -> str:
    """Put the plan's names in the place of `{blue}` and the like; an unknown one is a finding."""
    unknown = sorted(set(_PLACEHOLDER.findall(promql.value)) - set(names))
    for name in unknown:
        known = ", ".join(f"`{{{name}}}`" for name in names)
        found.add(
            CODES["RP110"],
            f"`{{{name}}}` stands for nothing in this plan",
            promql.place,
            f"use one of {known}",
        )
    return _PLACEHOLDER.sub(lambda match: names.get(match[1], match[0]), promql.value)


def seconds(duration: str) -> int:
    """Give a duration such as 1h30m in whole seconds, in which Prometheus and kubectl take it, too."""
    parts = re.findall(r"([0-9]+)(h|ms|m|s)", duration)
    return round(sum(int(number) * _UNITS[unit] for number, unit in parts))


def lasting(count: int) -> str:
    """Write whole seconds as PromQL does: in the largest unit that they are a multiple of."""
    units = ((3600, "h"), (60, "m"), (1, "s"))
    return next(f"{count // size}{unit}" for size, unit in units if count % size == 0)


def endpoints_ready(pool: str, namespace: str, at_least: int, apis: Apis) -> MetricGate:
    """Ask that the endpoint picker sees at least this many ready endpoints."""
    return MetricGate(
        name="endpoints-ready",
        promql=f'{prefix(apis)}ready_endpoints{{namespace="{namespace}",name="{pool}"}}',
        bound="min",
        threshold=at_least,
    )


def pool_drained(pool: str, namespace: str, seconds: int, apis: Apis) -> MetricGate:
    """Ask that nothing ran or waited in the pool for this many seconds."""
    labels = f'{{namespace="{namespace}",name="{pool}"}}[{seconds}s]'
    running = f"max_over_time({prefix(apis)}average_running_requests{labels})"
    waiting = f"max_over_time({prefix(apis)}average_queue_size{labels})"
    identity = Identity(group=INFERENCE, kind="InferencePool", namespace=namespace, name=pool)
    fact = Fact(word="drained", of=str(identity))
    return MetricGate(name="drained", promql=f"{running} + {waiting}", bound="max", threshold=0, fact=fact)


def adapter_drained(adapter: str, namespace: str, apis: Apis) -> MetricGate:
    """Ask that no request runs on the adapter."""
    labels = f'{{namespace="{namespace}",target_model_name="{adapter}"}}'
    return MetricGate(
        name="drained",
        promql=f"sum({prefix(apis)}request_running{labels})",
        bound="max",
        threshold=0,
        fact=Fact(word="drained", of=adapter),
    )


def prefix(apis: Apis) -> str:
    """Give the prefix of the endpoint picker's metrics, which changed with router v0.9.0."""
    return "llm_d_epp_" if apis.router >= (0, 9) else "llm_d_router_epp_"
