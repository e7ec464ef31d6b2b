"""Print how long rollplan takes, as ratios to other programs measured in the same run.

The machine is never quiet, so every row is the median of several rounds, and the programs of a row
take turns within each round.
"""

from __future__ import annotations

import functools
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from generator import __version__
from generator.apiserver.builtin import check, is_builtin
from generator.disk import write
from generator.model.findings import value_of
from generator.model.rollout import Rollout
from generator.pipeline import compile_plans, planned
from generator.proof import proved
from generator.rules.links import CHECKS
from generator.rules.links.objects import ObjectCatalog
from tests.benchmarks.verdicts import verdicts
from tests.support.paths import ROOT
from tests.support.small_plans import (
    BLUE,
    GREEN,
    Object,
    blue_green,
    deployment,
    route,
    thing,
    to_pool,
    version,
    written,
)

EXAMPLE = ROOT / "plans" / "blue-green"
ROLLPLAN = [sys.executable, "-c", "from generator.cli import main; main()"]
NOTHING = [sys.executable, "-I", "-c", "pass"]

Run = Callable[[], object]


def program(*words: object) -> Run:
    command = [str(word) for word in words]
    return lambda: subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def medians(rounds: int, *runs: Run) -> list[float]:
    """Time the runs in turn, and give each one's median in seconds."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, taken in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def row(what: str, bar: str, ours: float, others: float) -> None:
    print(f"{what:<44} {ours * 1000:>9.1f} ms {others * 1000:>9.1f} ms {ours / others:>8.2f}  {bar}")


def copies(folder: Path, count: int) -> list[str]:
    """Make plans of the same size as the example, under other names."""
    made = []
    for number in range(count):
        copy = folder / f"plan-{number}"
        shutil.copytree(EXAMPLE, copy)
        plan = copy / "plan.yaml"
        plan.write_text(
            plan.read_text(encoding="utf-8").replace("name: qwen3-32b-h200", f"name: plan-{number}")
        )
        made.append(str(plan))
    return made


def render(plans: list[str], out: Path) -> None:
    for plan in plans:
        write(out, [planned(compiled) for compiled in compile_plans([plan])], version=__version__)


def start_up() -> None:
    for option in ("--version", "--help"):
        ours, bare = medians(15, program(*ROLLPLAN, option), program(*NOTHING))
        row(f"rollplan {option} / python -I -c pass", "<= 4", ours, bare)


def one_plan(folder: Path) -> None:
    outs = iter(range(1000))
    cold = medians(
        9,
        lambda: program(*ROLLPLAN, "render", EXAMPLE / "plan.yaml", "--out", folder / f"cold-{next(outs)}")(),
        program(*NOTHING),
    )
    row("one plan, cold / python -I -c pass", "<= 20", *cold)
    if shutil.which("kubectl"):
        stages = sorted((folder / "cold-0").glob("*/stages/*"))
        builds = [program("kubectl", "kustomize", stage) for stage in stages]
        (peer,) = medians(3, lambda: [build() for build in builds])
        row(f"one plan, cold / kustomize of its {len(stages)} stages", "<= 0.33", cold[0], peer)


def many_plans(folder: Path) -> None:
    plans = copies(folder / "many", 100)
    outs = iter(range(1000))
    (full,) = medians(3, lambda: render(plans, folder / f"full-{next(outs)}"))
    (again,) = medians(3, lambda: render(plans, folder / "full-0"))
    (copied,) = medians(3, lambda: shutil.copytree(folder / "full-0", folder / f"copy-{next(outs)}"))
    row("100 plans, nothing changed / full render", "<= 0.2", again, full)
    row("100 plans, full render / copying its output", "", full, copied)
    objects = sum(len(stage.objects) for plan in compile_plans(plans[:1]) for stage in plan.rollout.stages)
    print(f"100 plans: {full * 10:.1f} ms a plan, {objects * 100 / full:,.0f} stage objects a second")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory after all of them: {memory:.0f} MiB")


def built_in_verdicts() -> None:
    """Time the verdict on built-in objects, and what hangs between them, of every example."""
    plans = [str(path) for path in sorted((ROOT / "plans").glob("*/plan.yaml"))]
    stages = [stage for plan in compile_plans(plans) for stage in plan.rollout.stages]
    items = [item.data for stage in stages for item in stage.objects if is_builtin(item.identity.group)]
    checked, dumped = medians(
        5, lambda: [check(item) for item in items], lambda: [json.dumps(item) for item in items]
    )
    row(f"verdict on {len(items)} built-in objects / their JSON", "", checked, dumped)
    print(f"{checked / len(items) * 1e6:.0f} us a built-in object")
    (wired,) = medians(
        5, lambda: [list(ask(ObjectCatalog(objects=one.objects))) for one in stages for ask in CHECKS]
    )
    print(f"{wired / len(stages) * 1e6:.0f} us a stage for its names, ports and selectors")


def large(folder: Path) -> Path:
    """Write a plan of 20 stages and 40 objects: model servers in two roles that follow the weight."""

    def one(pool: str) -> list[Object]:
        container = {"name": "modelserver", "image": "vllm/vllm-openai:v0.22.1"}
        both = {"app": pool}
        servers = [
            deployment(f"{pool}-{role}-{number}", both | {"llm-d.ai/role": role}, container)
            for role in ("prefill", "decode")
            for number in range(2)
        ]
        for server in servers:
            server["spec"]["replicas"] = 20
        rest = [thing("v1", "ConfigMap", f"{pool}-{number}", data={}) for number in range(11)]
        return [*version(pool), *servers, *rest]

    paths = [{"path": {"type": "PathPrefix", "value": path}} for path in ("/v1/chat", "/v1/completions")]
    rules = [{"matches": [path], "backendRefs": [to_pool(BLUE)]} for path in paths]
    beta = {"beta": {"header": {"name": "x-rollout", "value": "green"}}}
    plan = blue_green(beta, *({"weight": weight} for weight in (5, 15, 30, 45, 60, 80, 100)))
    plan["spec"]["strategy"]["capacity"] = {"policy": "follow-weight", "headroom": "10%"}
    files = {"blue/all.yaml": one(BLUE), "green/all.yaml": one(GREEN), "routes/all.yaml": [route(*rules)]}
    return written(folder, plan, dict(files))


def _prove(rollout: Rollout) -> Rollout:
    return value_of(proved(rollout))


def proofs(folder: Path) -> None:
    for name, path in (("example", EXAMPLE / "plan.yaml"), ("large", large(folder / "large"))):
        (plan,) = compile_plans([str(path)])
        rollout = plan.rollout
        (taken,) = medians(9, functools.partial(_prove, rollout))
        assert rollout.proof is not None
        objects = max(len(stage.objects) for stage in rollout.stages)
        size = f"{len(rollout.stages)} stages, {objects} objects, {rollout.proof.states} states"
        row(f"proof, {name}: {size} / 1 s", "<= 1", taken, 1.0)
        print(f"{rollout.proof.states / taken:,.0f} states a second")


def main() -> None:
    print(f"{'what':<44} {'ours':>12} {'other':>12} {'ratio':>8}  bar")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start_up()
        one_plan(folder)
        many_plans(folder)
        built_in_verdicts()
        verdicts(EXAMPLE / "plan.yaml")
        proofs(folder)


if __name__ == "__main__":
    main()
