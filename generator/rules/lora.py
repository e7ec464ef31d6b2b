"""Rules: pods can load the adapters that an alias moves to (I22, I24)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.kubernetes.containers import Container, containers_of, whole
from generator.kubernetes.model_servers import adapter_directory
from generator.kubernetes.rewrites import REWRITE, models_of, pool_of
from generator.kubernetes.routes import rules_of
from generator.kubernetes.selectors import catches
from generator.model.findings import Finding
from generator.model.manifests import Manifest, dig
from generator.rules.case import Case, model_servers, pools, rule

_DEFAULT_LORAS = 1


@rule("RP549", "error+", "pods cannot load the adapter", keeps=("I22",))
def missing_flags(case: Case) -> Iterator[Finding]:
    """Find pods that cannot load every adapter which a rewrite names at one time (I22)."""
    for one, adapters in _adapted(case):
        names = ", ".join(f"`{name}`" for name in adapters)
        most = whole(one.flag("--max-loras"))
        most = _DEFAULT_LORAS if most is None else most
        if not one.arguments.is_on("--enable-lora"):
            what = "has no `--enable-lora`"
        elif most < len(adapters):
            what = f"has room for {most} at a time (`--max-loras`)"
        else:
            continue
        yield case.finding(
            f"vLLM in {one.workload.kind} `{one.workload.name}` {what}, and the rollout needs "
            f"{names} in it: their requests fail, or the adapters evict each other",
            one.workload.origin.at(*one.path, "args"),
            f"give it `--enable-lora`, `--max-loras={len(adapters)}` or more, and a `--max-lora-rank` "
            "that no adapter's rank exceeds",
            about=one.workload,
        )


@rule("RP550", "error+", "adapters are lost with their pod", keeps=("I22",))
def lost_directory(case: Case) -> Iterator[Finding]:
    """Find adapters on a volume that is empty whenever a pod starts (I22)."""
    for one, mount, volume in _volumes(case):
        if not any(_mounts(other, mount) for other in _initial(one)):
            yield case.finding(
                f"the adapters of `{one.workload.name}` are on `{volume}`, an emptyDir that nothing "
                "fills: a pod that restarts has lost them, and answers 404 for its share of the alias",
                _mount_place(one, mount),
                "mount a volume that all pods read, a PersistentVolumeClaim with ReadWriteMany",
                about=one.workload,
            )


@rule("RP551", "warning", "adapters come from an init container", keeps=("I24",))
def fed_at_start(case: Case) -> Iterator[Finding]:
    """Find adapters that an init container downloads: a new one needs new pods (I24)."""
    for one, mount, volume in _volumes(case):
        if any(_mounts(other, mount) for other in _initial(one)):
            yield case.finding(
                f"an init container fills `{volume}` when a pod of `{one.workload.name}` starts: the "
                "running pods never see an adapter that came later",
                _mount_place(one, mount),
                "make a rolling update first, with both adapters in its pods, or mount a shared volume",
                about=one.workload,
            )


def _adapted(case: Case) -> Iterator[tuple[Container, tuple[str, ...]]]:
    """Return the vLLM containers of a pool whose alias moves, with the adapters asked for at a time."""
    shifting = {split.object for stage in case.rollout.stages for split in stage.splits}
    for pool in pools(case.objects):
        moved = [
            item
            for stage in case.rollout.stages
            for item in stage.objects
            if item.identity in shifting and item.kind == REWRITE and pool_of(item)[1] == pool.name
        ]
        if not moved:
            continue
        for server in model_servers(case.objects):
            for one in containers_of(server) if catches(pool, server) else ():
                known = {item.identity: item for item in case.today if pool_of(item)[1] == pool.name}
                asked = max(
                    (_asked({**known, item.identity: item}, one) for item in moved), key=len, default=()
                )
                if one.is_vllm and not one.is_sidecar and asked:
                    yield one, asked


def _asked(rewrites: Mapping[Any, Manifest], one: Container) -> tuple[str, ...]:
    named = (name for item in rewrites.values() if item.kind == REWRITE for name in _targeted(item))
    return tuple(name for name in dict.fromkeys(named) if name not in one.served)


def _targeted(rewrite: Manifest) -> tuple[str, ...]:
    """Return the models and adapters that a rewrite sends to."""
    return tuple(
        str(target.get("modelRewrite"))
        for rule in rules_of(rewrite)
        if models_of(rule)
        for target in rule.get("targets") or ()
        if target.get("modelRewrite")
    )


def _volumes(case: Case) -> Iterator[tuple[Container, str, str]]:
    """Return container, mount and volume of adapters that are on an emptyDir."""
    for one, _ in _adapted(case):
        directory = case.rollout.adapter_directory or adapter_directory(one.data)
        for mount in one.data.get("volumeMounts") or ():
            if str(mount.get("mountPath", "")).rstrip("/") != directory.rstrip("/"):
                continue
            for volume in one.workload.get(*one.pod, "volumes", default=()):
                if volume.get("name") == mount.get("name") and "emptyDir" in volume:
                    yield one, str(mount["name"]), str(volume["name"])


def _initial(one: Container) -> list[Container]:
    return [other for other in containers_of(one.workload) if other.path[:-1] == (*one.pod, "initContainers")]


def _mounts(one: Container, volume: str) -> bool:
    return any(mount.get("name") == volume for mount in one.data.get("volumeMounts") or ())


def _mount_place(one: Container, volume: str) -> Any:
    mounts = [dig(mount, "name") for mount in one.data.get("volumeMounts") or ()]
    return one.workload.origin.at(*one.path, "volumeMounts", mounts.index(volume), "name")
