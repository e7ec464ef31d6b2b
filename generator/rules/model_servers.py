"""Rules: how model servers start, stop and are replaced (I15 to I17, I20)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from generator.kubernetes.containers import Container, containers_of, whole
from generator.kubernetes.pods import SCALERS, WORKLOADS
from generator.kubernetes.replicas import SPARE_SECONDS, groups
from generator.kubernetes.selectors import catches
from generator.kubernetes.workloads import GRACE, grace_of, progress_deadline, startup_budget
from generator.model.findings import Finding
from generator.model.manifests import Manifest
from generator.model.source import Place
from generator.rules.case import Case, model_servers, related, rule

_SHUTDOWN = "--shutdown-timeout"
_LEAST_START = 60
"""Seconds below which no probe should give up on a server that must load a model first."""


def engines(case: Case) -> Iterator[Container]:
    """Return the containers of model servers that run vLLM."""
    for server in case.servers:
        yield from (one for one in containers_of(server) if one.is_vllm and not one.is_sidecar)


@rule("RP530", "warning", "requests are aborted when a pod stops", keeps=("I15",))
def aborted(case: Case) -> Iterator[Finding]:
    """Find vLLM that aborts what is in flight when its pod stops (I15)."""
    for one in engines(case):
        if one.flag(_SHUTDOWN) is None:
            old = _older_than(one.image, (0, 18))
            yield case.finding(
                f"vLLM in {one.workload.kind} `{one.workload.name}` aborts the requests in flight "
                f"when a pod stops: it has no `{_SHUTDOWN}`",
                _command(one),
                "use vLLM 0.18 or later, which has the flag"
                if old
                else f"add `{_SHUTDOWN}=120`, and a `{GRACE}` above it and the preStop pause",
                about=one.workload,
            )


@rule("RP531", "error+", "grace period is too short", keeps=("I15",))
def short_grace(case: Case) -> Iterator[Finding]:
    """Find pods that are killed before vLLM has finished (I15)."""
    for one in engines(case):
        timeout = whole(one.flag(_SHUTDOWN))
        if not timeout:
            continue
        grace = grace_of(one.workload.get(*one.pod))
        needed = one.pause + timeout
        if grace <= needed:
            yield case.finding(
                f"the pods of `{one.workload.name}` are killed {grace} s after they are told to "
                f"stop, and need more than {needed} s: preStop {one.pause} s, `{_SHUTDOWN}` {timeout} s",
                one.workload.origin.at(*one.pod, GRACE),
                f"set `{GRACE}: {needed + 30}`",
                related(one.workload, "the time that vLLM may take", *one.path, "args"),
                about=one.workload,
            )


@rule("RP532", "error+", "shell does not forward the stop signal to vLLM", keeps=("I15",))
def kept_signal(case: Case) -> Iterator[Finding]:
    """Find shells that do not forward the stop signal to vLLM (I15)."""
    for one in engines(case):
        if one.is_shell and not re.search(r"\bexec\s[^;&|]*\bvllm\b", " ".join(one.words)):
            yield case.finding(
                f"a shell starts vLLM in `{one.workload.name}` without `exec`: it keeps the signal "
                "to stop, and vLLM is killed in the middle of its answers",
                _command(one),
                "write `exec vllm serve …`, as the last command of the script",
                about=one.workload,
            )


@rule("RP533", "warning", "progress deadline is shorter than the start", keeps=("I16",))
def short_deadline(case: Case) -> Iterator[Finding]:
    """Find Deployments that are reported as failed while they load (I16)."""
    for server in starting(case):
        deadline = progress_deadline(server)
        budget = startup_budget(server) + server.get("spec", "minReadySeconds", default=0)
        if server.kind == "Deployment" and deadline < budget:
            yield case.finding(
                f"Deployment `{server.name}` counts as failed after {deadline} s, and its probes let "
                f"a pod start for {budget} s: the gate would fail while the model loads",
                server.origin.at("spec", "progressDeadlineSeconds"),
                f"set `progressDeadlineSeconds: {budget + SPARE_SECONDS}`",
                about=server,
            )


@rule("RP542", "warning", "start-up budget is too small for a model", keeps=("I22",))
def small_start(case: Case) -> Iterator[Finding]:
    """Find startup probes that give up before a model can be loaded (I22)."""
    for one in engines(case):
        budget = startup_budget(one.workload)
        if one.data.get("startupProbe") and budget < _LEAST_START:
            yield case.finding(
                f"the startup probe of `{one.workload.name}` gives up after {budget} s: a model that "
                "takes longer to load never gets ready, and its pod restarts forever",
                one.workload.origin.at(*one.path, "startupProbe"),
                "give it an hour: `periodSeconds: 30` and `failureThreshold: 120`",
                about=one.workload,
            )


def starting(case: Case) -> tuple[Manifest, ...]:
    """Return the model servers that start pods in the rollout: new ones, and changed ones as they become."""
    before = {item.identity: item.data for item in case.today}
    return tuple(item for item in model_servers(case.last) if before.get(item.identity) != item.data)


@rule("RP534", "error+", "update takes every replica away", keeps=("I17",))
def outage(case: Case) -> Iterator[Finding]:
    """Find updates that take every replica away at once (I17).

    Of an update in partitions the proof says it, group by group.
    """
    for server in _updated(case):
        in_parts = sum(item.identity == server.identity for item in case.states) > 2
        for group in () if in_parts else groups(server):
            if 0 < group.replicas <= group.unavailable:
                hint = "run more replicas, or make a blue-green rollout"
                if server.kind != "StatefulSet":
                    hint = f"set `maxSurge: 1` and `maxUnavailable: 0` in the plan, or {hint}"
                yield case.finding(
                    f"the update of {server.kind} `{server.name}` stops {_all(group.replicas)} "
                    "before the new one is ready: nobody answers until the model is loaded",
                    server.origin.at("spec", "replicas"),
                    hint,
                    about=server,
                )


@rule("RP535", "warning", "update needs room for a whole replica", keeps=("I17",))
def spare_replica(case: Case) -> Iterator[Finding]:
    """Find updates of a single replica, which need accelerators for a second one (I17)."""
    for server in _updated(case):
        for group in groups(server):
            if group.replicas == 1 and group.surge and group.accelerators:
                yield case.finding(
                    f"the update of the only replica of `{server.name}` starts a second one first, "
                    f"with {group.accelerators} accelerators: without them the new pod stays pending",
                    server.origin.at("spec", "replicas"),
                    "make sure that the accelerators are free; the stage table shows the peak",
                    about=server,
                )


def _all(count: int) -> str:
    return "its only replica" if count == 1 else f"all {count} replicas"


def _updated(case: Case) -> tuple[Manifest, ...]:
    """Return the workloads whose pods are replaced in place, as they are at the end."""
    return () if case.versions else starting(case)


def _scaled_by(scaler: Manifest) -> tuple[str, str]:
    target = scaler.get("spec", "scaleTargetRef", default={})
    return str(target.get("kind", "Deployment")), str(target.get("name"))


@rule("RP536", "warning", "replicas belong to an autoscaler", keeps=("I17",))
def owned_replicas(case: Case) -> Iterator[Finding]:
    """Find replicas in manifests of workloads that an autoscaler sizes (I17)."""
    scaled = {_scaled_by(item): item for item in case.objects if item.kind in SCALERS}
    for server in case.servers:
        scaler = scaled.get((server.kind, server.name))
        if scaler and server.get("spec", "replicas") is not None:
            yield case.finding(
                f"{server.kind} `{server.name}` sets `replicas`, and {scaler.kind} `{scaler.name}` "
                "owns them: each stage that is applied would undo what it has scaled",
                server.origin.at("spec", "replicas"),
                "leave `replicas` out",
                related(scaler, "this sizes it", "spec", "scaleTargetRef"),
                about=server,
            )


@rule("RP540", "error+", "two disruption budgets for one pod", keeps=("I20",))
def two_budgets(case: Case) -> Iterator[Finding]:
    """Find pods in two disruption budgets: they can never be evicted (I20)."""
    budgets = [item for item in case.objects if item.kind == "PodDisruptionBudget"]
    for first, second in combinations(budgets, 2):
        crossing = first.bundle != second.bundle and {first.bundle, second.bundle} <= set(case.versions)
        both = [
            item
            for item in case.objects
            if item.kind in WORKLOADS and catches(first, item) and catches(second, item)
        ]
        if both and not crossing:
            yield case.finding(
                f"PodDisruptionBudgets `{first.name}` and `{second.name}` both hold for the pods of "
                f"`{both[0].name}`: no such pod can be evicted, and draining its node never ends",
                second.origin.at("spec", "selector"),
                "keep one of the two, or let their selectors differ",
                related(first, "the other one", "spec", "selector"),
                about=second,
            )


def _command(one: Container) -> Place:
    return one.workload.origin.at(*one.path, "args" if one.data.get("args") else "command")


def _older_than(image: str, version: tuple[int, int]) -> bool:
    found = re.search(r":v?([0-9]+)\.([0-9]+)", image)
    return bool(found) and (int(found[1]), int(found[2])) < version  # type: ignore[index]
