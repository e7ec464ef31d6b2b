"""How fast objects are judged: structure, list types and CEL of a weighted route, and what a plan pays."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from generator.apiserver.custom.catalog import Catalog, catalog
from generator.apiserver.custom.judge import Definition
from generator.apiserver.custom.notation import CrdTarget
from generator.apiserver.verdict import Verdict
from generator.model.findings import Reporting
from generator.pipeline import compile_plan

TARGET = CrdTarget(gateway_api=(1, 5), inference_extension=(1, 5), router=(0, 9))
ROUTE = ("gateway.networking.k8s.io", "v1", "HTTPRoute")
POOL = {"group": "inference.networking.k8s.io", "kind": "InferencePool"}


def route(rules: int) -> dict[str, object]:
    """A route with two weighted pools in each of its rules."""
    refs = [POOL | {"name": "blue", "weight": 90}, POOL | {"name": "green", "weight": 10}]
    made = [
        {"matches": [{"path": {"type": "PathPrefix", "value": f"/v{number}"}}], "backendRefs": refs}
        for number in range(rules)
    ]
    spec = {"parentRefs": [{"name": "gateway"}], "hostnames": ["llm.example.com"], "rules": made}
    metadata = {"name": "llm-route", "namespace": "llm-d"}
    return {"apiVersion": "/".join(ROUTE[:2]), "kind": ROUTE[2], "metadata": metadata, "spec": spec}


def microseconds(run: Callable[[], object], rounds: int) -> float:
    """Give the median time of a run."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def _no_verdict(verdict: Verdict, objects: object) -> Reporting[bool]:
    """Accept whatever a plan makes."""
    yield from ()
    return True


def verdicts(example: Path) -> None:
    """Print what one verdict costs, and what all verdicts of a plan cost beside the rest of it."""
    judge = catalog(TARGET)(*ROUTE)
    assert isinstance(judge, Definition)
    for rules in (1, 16):
        taken = microseconds(lambda: judge(route(rules)), 500)  # noqa: B023  it runs before the next turn
        print(f"HTTPRoute of {rules} rules, all checks: {taken:.0f} us, {1e6 / taken:,.0f} a second")
    fresh = microseconds(lambda: Catalog(TARGET)(*ROUTE), 10)
    print(f"its schema written out for a target, once a process: {fresh / 1000:.1f} ms")
    whole = microseconds(lambda: compile_plan(example), 15)
    with patch.object(Verdict, "on_bundles", _no_verdict), patch.object(Verdict, "on_rollout", _no_verdict):
        bare = microseconds(lambda: compile_plan(example), 15)
    print(f"one warm plan: {whole / 1000:.1f} ms, of them {(whole - bare) / 1000:.1f} ms for its verdicts")
