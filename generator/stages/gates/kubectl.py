"""The shell that a runbook shows: kubectl in the forms that are known to work (field/kubectl).

Every function gives an Instruction whose shell runs as it stands in the plan's rendered directory, and fails
when any of its commands does: in a terminal too, which goes on after an error.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from generator.kubernetes.labels import OWNER_NAME
from generator.kubernetes.old_apis import served_pool
from generator.kubernetes.pods import pod_labels
from generator.kubernetes.replicas import SPARE_SECONDS, seconds_to_start
from generator.kubernetes.workloads import elects_leader, longest_grace, replicas
from generator.model.gates import Fact, Instruction
from generator.model.manifests import Manifest
from generator.model.target import Apis, Gateway

SETTLE = "5m"
"""How long a controller may take to report on an object that changed."""

_ROLLOUT_STATUS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})


def rolled_out(workload: Manifest, updated: int | None = None, replaced: int = 0) -> Instruction:
    """Wait until every replica of a workload runs the current template, or `updated` of them do.

    `replaced` is how many replicas an update replaces; without it, a workload starts or grows.

    `Available` of a Deployment stays true while an update runs, so it is not used (field/kubectl). Kinds that
    `rollout status` does not know report by their conditions. An autoscaled workload has no fixed number.
    """
    timeout = f"--timeout={seconds_to_start(workload, replaced) + SPARE_SECONDS}s"
    name, wait = f"{workload.kind.lower()}/{workload.name}", f"{_in(workload)} wait"
    if workload.kind in _ROLLOUT_STATUS:
        lines = [f"{_in(workload)} rollout status {name} {timeout}"]
    else:
        lines = [f"{wait} {name} --for=condition=Available {timeout}"]
    if updated is not None:
        lines.insert(0, f"{wait} {name} --for=jsonpath='{{.status.updatedReplicas}}'={updated} {timeout}")
    if workload.get("spec", "replicas") is not None:
        lines.append(
            f"{wait} {name} --for=jsonpath='{{.status.readyReplicas}}'={replicas(workload)} {timeout}"
        )
    some = updated is not None and updated < replicas(workload)
    which = f"{updated} of {replicas(workload)} replicas" if some else "all replicas"
    title = f"{which} of {workload.kind} {workload.name} run the current template, and all are ready"
    return Instruction(title=title, script=joined(*lines), fact=_fact("ready", workload))


def available(workload: Manifest) -> Instruction:
    """Wait until a workload is available; of several that elect a leader, until that one is ready.

    Those that stand by never become ready, so their Deployment is never available (field/endpoint-picker).
    """
    name = f"{workload.kind.lower()}/{workload.name}"
    title, what = f"the {workload.kind} {workload.name} is available", "condition=Available"
    if elects_leader(workload):
        title = f"the leader of {workload.kind} {workload.name} is ready"
        what = "jsonpath='{.status.readyReplicas}'=1"
    script = f"{_in(workload)} wait {name} --for={what} --timeout={SETTLE}"
    return Instruction(title=title, script=script, fact=_fact("ready", workload))


def route_settled(route: Manifest, gateway: str, *conditions: str) -> Instruction:
    """Wait until the Gateway reports these conditions as true of a route's current generation.

    Conditions stand under status.parents, where `--for=condition` does not look, and a wait on a
    value ignores generations, so the observed generation is waited for first.
    """
    name = f"{route.kind.lower()}/{route.name}"
    parent = f'{{.status.parents[?(@.parentRef.name=="{gateway}")].conditions[?(@.type=="%s")].%s}}'
    waits = [
        f"{_in(route)} wait {name} --timeout={SETTLE} \\\n"
        f"  --for='jsonpath={parent % (condition, 'status')}=True'"
        for condition in conditions
    ]
    observed = parent.replace('"', '\\"') % (conditions[-1], "observedGeneration")
    return Instruction(
        title=f"the Gateway reports {', '.join(conditions[:-1])} and {conditions[-1]} for the current {name}"
        if conditions[1:]
        else f"the Gateway reports {conditions[0]} for the current {name}",
        script=joined(
            f"generation=$({_in(route)} get {name} -o jsonpath='{{.metadata.generation}}')",
            f'{_in(route)} wait {name} --timeout={SETTLE} \\\n  --for="jsonpath={observed}=$generation"',
            *waits,
        ),
    )


def pool_accepted(pool: Manifest, gateway: str, apis: Apis) -> Instruction:
    """Wait until the Gateway accepts a pool; only once a route refers to it (I6)."""
    served = served_pool(pool, apis)
    parent = f'.status.{served.parents}[?(@.parentRef.name=="{gateway}")]'
    path = f'{{{parent}.conditions[?(@.type=="Accepted")].status}}'
    name = f"inferencepool.{served.group}/{pool.name}"
    return Instruction(
        title=f"the Gateway accepts InferencePool {pool.name}",
        script=f"{_in(pool)} wait {name} --timeout={SETTLE} \\\n  --for='jsonpath={path}=True'",
        fact=_fact("accepted", pool),
    )


def smoke(gateway: Gateway, path: str, headers: Mapping[str, str], title: str) -> Instruction:
    """Send one request through the Gateway and fail unless the answer is a success."""
    extra = "".join(f" \\\n  -H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items())
    return Instruction(
        title=f"{title} (where the Gateway can be reached from)",
        script=joined(
            _address(gateway),
            f'curl --fail --silent --show-error --max-time 60 "http://$address{path}"{extra}',
        ),
    )


def ask(gateway: Gateway, model: str, title: str) -> Instruction:
    """Request one token of a model through the Gateway; fail unless it answers."""
    body = f'{{"model": "{model}", "prompt": "Hello", "max_tokens": 1}}'
    return Instruction(
        title=f"{title} (where the Gateway can be reached from)",
        script=joined(
            _address(gateway),
            'curl --fail --silent --show-error --max-time 60 "http://$address/v1/completions" \\\n'
            f"  -H 'Content-Type: application/json' -d {shlex.quote(body)}",
        ),
    )


def pods_gone(workload: Manifest) -> Instruction:
    """Wait until no pod of a workload is left, for as long as its grace period and a minute."""
    grace = longest_grace(workload)
    labels = _own_labels(workload)
    return Instruction(
        title=f"the pods of {workload.name} are gone",
        script=f"{_in(workload)} wait pod -l {selector(labels)} --for=delete --timeout={grace + 60}s",
        fact=_fact("gone", workload),
    )


def _own_labels(workload: Manifest) -> Mapping[str, str]:
    """Return the labels by which a workload's pods are known; some controllers set their own."""
    if workload.kind in OWNER_NAME:
        return {OWNER_NAME[workload.kind]: workload.name}
    selected: Mapping[str, str] = workload.get("spec", "selector", "matchLabels", default={})
    return selected or pod_labels(workload)


def joined(*commands: str) -> str:
    """Return one script of several commands, which ends with the first that fails."""
    return " &&\n".join(commands)


def selector(labels: Mapping[str, str]) -> str:
    """Return labels in the form that kubectl's `-l` takes."""
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _fact(word: str, item: Manifest) -> Fact:
    return Fact(word=word, of=str(item.identity))


def _in(manifest: Manifest) -> str:
    return f"kubectl -n {manifest.identity.namespace}"


def _address(gateway: Gateway) -> str:
    get = f"kubectl -n {gateway.namespace} get gateway/{gateway.name}"
    return f"address=$({get} -o jsonpath='{{.status.addresses[0].value}}')"
