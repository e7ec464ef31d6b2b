"""Rules: what must not change in place, because old and new pods serve together (I15, I18)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from generator.kubernetes.containers import Container, containers_of
from generator.kubernetes.pods import roles_of
from generator.model.findings import Finding
from generator.model.manifests import Manifest
from generator.rules.case import Case, model_servers, related, rule

_SERVED: Mapping[str, Callable[[Container], str]] = {
    "the model": lambda one: one.model,
    "the served names": lambda one: ", ".join(sorted(one.served)),
    "the tokenizer": lambda one: one.flag("--tokenizer") or "",
    "the adapters": lambda one: ", ".join(sorted(one.modules)),
}
"""What clients get → how a container says it."""

_PAIRED: Mapping[str, Callable[[Container], str]] = {
    "the image": lambda one: one.image,
    "the block size": lambda one: one.flag("--block-size") or "",
    "the data type": lambda one: f"{one.flag('--dtype')} {one.flag('--kv-cache-dtype')}",
    "the tensor parallelism": lambda one: one.flag("--tensor-parallel-size") or "",
    "the KV transfer": lambda one: one.flag("--kv-transfer-config") or "",
}
"""What a prefill pod and a decode pod must agree on → how a container says it."""


@rule("RP537", "error+", "rolling update changes what the pool serves", keeps=("I18",))
def other_model(case: Case) -> Iterator[Finding]:
    """Find an update in place after which one pool answers for two models (I18)."""
    for old, new in _changed(case):
        differ = [what for what, say in _SERVED.items() if say(old) != say(new)]
        if differ and (old.is_vllm or new.is_vllm):
            yield case.finding(
                f"the update of {new.workload.kind} `{new.workload.name}` changes {_and(differ)}: "
                "until it is over, each request gets the old or the new, as it happens",
                new.workload.origin.at(*new.path, "args"),
                "make a blue-green rollout: a second pool, to which the traffic shifts",
                about=new.workload,
            )


@rule("RP538", "error+", "prefill and decode of two versions would be paired", keeps=("I18",))
def split_pair(case: Case) -> Iterator[Finding]:
    """Find an update in place of one half of a prefill and decode pair (I18)."""
    for old, new in _changed(case):
        other = _counterpart(case, new.workload)
        differ = [what for what, say in _PAIRED.items() if say(old) != say(new)]
        if other and differ and not new.is_sidecar:
            yield case.finding(
                f"the update changes {_and(differ)} of {new.workload.kind} `{new.workload.name}`, "
                f"and `{other.name}` is its other half: new pods would be paired with old ones",
                new.workload.origin.at(*new.path, "image"),
                "make a blue-green rollout of both halves, or one DisaggregatedSet of them",
                related(other, "the other half", "metadata", "name"),
                about=new.workload,
            )


@rule("RP541", "warning", "lost KV blocks fail the request", keeps=("I15",))
def lost_blocks(case: Case) -> Iterator[Finding]:
    """Find decode pods that fail a request when a prefill pod stops under it (I15)."""
    for server in case.servers:
        for one in containers_of(server) if "decode" in roles_of(server) else ():
            transfer = one.flag("--kv-transfer-config")
            if transfer and _counterpart(case, server) and "kv_load_failure_policy" not in transfer:
                yield case.finding(
                    f"`{server.name}` fails a request whose KV blocks are lost, and a prefill pod "
                    "that stops cannot wait until they are read",
                    server.origin.at(*one.path, "args"),
                    'add `"kv_load_failure_policy":"recompute"` to `--kv-transfer-config`',
                    about=server,
                )


def _changed(case: Case) -> Iterator[tuple[Container, Container]]:
    """Return each container of a model server that an update changes in place, before and after."""
    if case.versions:
        return
    after = {item.identity: item for item in case.last}
    for server in model_servers(case.today):
        new = {one.path: one for one in containers_of(after.get(server.identity, server))}
        for old in containers_of(server):
            if old.path in new and new[old.path].data != old.data:
                yield old, new[old.path]


def _counterpart(case: Case, server: Manifest) -> Manifest | None:
    """Return the workload with the other role beside this one, if the two are apart."""
    wanted = {"prefill": "decode", "decode": "prefill"}
    others = {wanted[role] for role in roles_of(server) if role in wanted}
    near = (item for item in model_servers(case.objects) if item.bundle == server.bundle)
    return next((item for item in near if item.name != server.name and others & roles_of(item)), None)


def _and(words: list[str]) -> str:
    return " and ".join(words)
