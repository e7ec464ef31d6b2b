"""GitOps engines as far as a runbook can tell: they follow a branch, apply what it has, prune what it lost.

Pruning comes last, as both engines do it; what asks for a confirmation waits for one that is younger than
the sync, as Argo CD does.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.oracles.cluster import Cluster

INTERVAL = 0.2
APPROVED = "argocd.argoproj.io/deletion-approved"


@dataclass(kw_only=True)
class Engine:
    """One engine: `kind` is that of its object, `report` its status from a phase and a revision."""

    kind: str
    report: Callable[[str, str, str], dict[str, Any]]
    repository: Path
    cluster: Cluster
    work: Path
    done: dict[str, str] = field(default_factory=dict)
    stored: dict[str, set[str]] = field(default_factory=dict)

    def step(self) -> None:
        """Sync every object of the engine whose branch has moved."""
        answer = self.cluster.kubectl("get", self.kind, "--all-namespaces", "-o", "json")
        assert answer.returncode == 0, answer.stderr
        for item in json.loads(answer.stdout)["items"]:
            name = item["metadata"]["name"]
            source = item["spec"].get("source", {})
            revision = self._git("rev-parse", source.get("targetRevision", "main"))
            if self.done.get(name) != revision:
                self._sync(item, source.get("path") or item["spec"]["path"], revision)
                self.done[name] = revision

    def _sync(self, item: dict[str, Any], path: str, revision: str) -> None:
        self._say(item, "Running", revision)
        place = self.work / revision
        place.mkdir()
        archive = subprocess.run(
            ["git", "-C", self.repository, "archive", revision], check=True, capture_output=True
        )
        subprocess.run(["tar", "-x", "-C", place], input=archive.stdout, check=True)
        live = place / path
        applied = self.cluster.kubectl("apply", "-k", str(live))
        assert applied.returncode == 0, applied.stderr
        wanted = set()
        for file in live.glob("*.yaml"):
            data = yaml.safe_load(file.read_text(encoding="utf-8"))
            if file.name != "kustomization.yaml":
                group = data["apiVersion"].rpartition("/")[0]
                kind = f"{data['kind'].lower()}.{group}".rstrip(".")
                wanted.add(f"{data['metadata'].get('namespace', '')} {kind} {data['metadata']['name']}")
        name = item["metadata"]["name"]
        for gone in sorted(self.stored.get(name, set()) - wanted):
            self._prune(item, *gone.split(" "))
        self.stored[name] = wanted
        self._say(item, "Succeeded", revision)

    def _prune(self, item: dict[str, Any], namespace: str, kind: str, name: str) -> None:
        where = ("-n", namespace) if namespace else ()
        known = json.loads(self.cluster.kubectl("get", kind, name, *where, "-o", "json").stdout)
        options = known["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-options", "")
        if "Prune=confirm" in options:
            self._await_approval(item)
        gone = self.cluster.kubectl("delete", kind, name, *where)
        assert gone.returncode == 0, gone.stderr

    def _await_approval(self, item: dict[str, Any]) -> None:
        metadata = item["metadata"]
        for _ in range(600):
            answer = self.cluster.kubectl(
                "get", self.kind, metadata["name"], "-n", metadata["namespace"], "-o", "json"
            )
            if APPROVED in json.loads(answer.stdout)["metadata"].get("annotations", {}):
                return
            threading.Event().wait(INTERVAL)
        raise AssertionError("nobody approves the deletion")

    def _say(self, item: dict[str, Any], phase: str, revision: str) -> None:
        metadata = item["metadata"]
        status = {"status": self.report(phase, revision, "main")}
        done = self.cluster.kubectl(
            *("patch", self.kind, metadata["name"], "-n", metadata["namespace"], "--subresource=status"),
            *("--type=merge", "-p", json.dumps(status)),
        )
        assert done.returncode == 0, done.stderr

    def _git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", self.repository, *words], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()


def argo_cd(phase: str, revision: str, _: str) -> dict[str, Any]:
    """The status of an Application."""
    operation: dict[str, Any] = {"phase": phase, "operation": {"sync": {"revision": revision}}}
    if phase == "Succeeded":
        operation["syncResult"] = {"revision": revision}
    synced = "Synced" if phase == "Succeeded" else "OutOfSync"
    return {"operationState": operation, "sync": {"status": synced, "revision": revision}}


def flux(phase: str, revision: str, branch: str) -> dict[str, Any]:
    """The status of a Kustomization."""
    good = phase == "Succeeded"
    ready = {"type": "Ready", "status": "True" if good else "Unknown"}
    applied = {"lastAppliedRevision": f"{branch}@sha1:{revision}"} if good else {}
    return {"conditions": [ready], **applied}


KINDS = {
    "argo-cd": ("applications.argoproj.io", argo_cd),
    "flux": ("kustomizations.kustomize.toolkit.fluxcd.io", flux),
}


@contextmanager
def following(name: str, repository: Path, cluster: Cluster, work: Path) -> Iterator[Engine]:
    """Let an engine follow a repository until the block ends; what failed meanwhile is raised then."""
    kind, report = KINDS[name]
    work.mkdir()
    engine = Engine(kind=kind, report=report, repository=repository, cluster=cluster, work=work)
    stop, failed = threading.Event(), []

    def follow() -> None:
        while not stop.wait(INTERVAL):
            try:
                engine.step()
            except Exception as error:
                failed.append(error)
                return

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield engine
    finally:
        stop.set()
        thread.join()
    assert not failed, failed
