"""Controllers that do at once, and well, what those of a cluster take their time for.

Workloads get their pods and a good status, routes and pools are judged by the Gateway. As in life a pool has
a status only while a route refers to it, a route to a missing pool is not resolved, pods outlive their
workload by a moment, and a pod that failed stays as long as its workload.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.oracles.cluster import status
from tests.oracles.world.api import Api, Object

WORKLOADS = ("Deployment", "LeaderWorkerSet", "StatefulSet")
OWNER, GROUP = "world/owner", "leaderworkerset.sigs.k8s.io"
INTERVAL = 0.1


class Controllers:
    """All controllers of a namespace: `settle` works once, `working` works all the time."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def settle(self) -> None:
        """Do all that is to be done now."""
        workloads = [item for kind in WORKLOADS for item in self._api.all(kind)]
        routes, pools = self._api.all("HTTPRoute"), self._api.all("InferencePool")
        self._run_pods(workloads)
        for item in (*workloads, *routes, *pools):
            wanted = status.of(item, routes)
            if item["kind"] == "HTTPRoute" and not refers_to(item) <= {named(pool) for pool in pools}:
                unresolve(wanted)
            if item.get("status", {}) | wanted != item.get("status"):
                self._api.set_status(item["kind"], named(item), wanted)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Settle again and again until the block ends; what failed meanwhile is raised then."""
        stop, failed = threading.Event(), []

        def work() -> None:
            while not stop.wait(INTERVAL):
                try:
                    self.settle()
                except Exception as error:
                    failed.append(error)
                    return

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        if failed:
            raise failed[0]

    def _run_pods(self, workloads: list[Object]) -> None:
        there = self._api.all("Pod")
        wanted = {name: pod for workload in workloads for name, pod in pods_of(workload, there)}
        owners, pods = {named(workload) for workload in workloads}, set()
        for pod in there:
            failed = pod["status"]["phase"] == "Failed"
            if (pod["metadata"]["labels"][OWNER] in owners) if failed else (named(pod) in wanted):
                pods.add(named(pod))
            else:
                self._api.delete("Pod", named(pod))
        for name in wanted.keys() - pods:
            metadata = {"name": name, **wanted[name]["metadata"]}
            self._api.create("Pod", wanted[name] | {"metadata": metadata})
            self._api.set_status("Pod", name, {"phase": "Running"})


def pods_of(workload: Object, there: list[Object]) -> Iterator[tuple[str, Object]]:
    """The pods that a workload wants, by name; a group below its partition stays as it is."""
    if workload["kind"] == "LeaderWorkerSet":
        yield from groups_of(workload, there)
        return
    template = workload["spec"]["template"]
    for number in range(workload["spec"]["replicas"]):
        yield f"{named(workload)}-{content(template)}-{number}", pod_from(template, {OWNER: named(workload)})


def groups_of(workload: Object, there: list[Object]) -> Iterator[tuple[str, Object]]:
    """The pods of a LeaderWorkerSet: in each group a leader and its workers."""
    spec, name = workload["spec"], named(workload)
    group = spec["leaderWorkerTemplate"]
    partition = spec.get("rolloutStrategy", {}).get("rollingUpdateConfiguration", {}).get("partition", 0)
    for index in range(spec["replicas"]):
        own = {OWNER: name, f"{GROUP}/name": name, f"{GROUP}/group-index": str(index)}
        old = [
            pod
            for pod in there
            if own.items() <= pod["metadata"]["labels"].items() and pod["status"]["phase"] == "Running"
        ]
        if index < partition and old:
            yield from ((named(pod), pod) for pod in old)
            continue
        for number in range(group["size"]):
            template = (
                group["workerTemplate"] if number else group.get("leaderTemplate", group["workerTemplate"])
            )
            labels = own | {f"{GROUP}/worker-index": str(number)}
            yield f"{name}-{content(group)}-{index}-{number}", pod_from(template, labels)


def content(template: Object) -> str:
    """A short text that changes with a template."""
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]


def pod_from(template: Object, labels: Object) -> Object:
    """A pod without a name, made from a template, with more labels."""
    return {"metadata": {"labels": template["metadata"]["labels"] | labels}, "spec": template["spec"]}


def named(item: Object) -> str:
    """The name of an object."""
    return str(item["metadata"]["name"])


def refers_to(route: Object) -> set[str]:
    """The names of the pools that a route refers to."""
    refs = [ref for rule in route["spec"].get("rules", ()) for ref in rule.get("backendRefs", ())]
    return {ref["name"] for ref in refs if ref.get("kind") == "InferencePool"}


def unresolve(wanted: Object) -> None:
    """Make a good status that of a route with a reference to nothing."""
    for parent in wanted["parents"]:
        for condition in parent["conditions"]:
            if condition["type"] == "ResolvedRefs":
                condition |= {"status": "False", "reason": "BackendNotFound"}
