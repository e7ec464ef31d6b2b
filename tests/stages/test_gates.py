"""Every gate of every runbook can fail: in a state that it must not let pass, it does not.

A gate is tried in the weakest shell, which goes on after an error as a terminal does: what people paste, or a
program takes from `rollout.json`, must fail by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from generator.stages.lora_adapter.parameters import LoraAdapter
from tests.oracles.cluster import Cluster, Object
from tests.oracles.world import WEAK
from tests.oracles.world.controllers import WORKLOADS
from tests.oracles.world.servers import ADAPTERS
from tests.support.runbooks import EXAMPLES, Scene, scene

Spoil = Callable[[Scene, str], AbstractContextManager[None]]

NO_GATE = re.compile(r"kubectl (apply|diff) .*|kubectl delete .*\Z")


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_gate_passes_where_it_must_not(name: str, cluster: Cluster, tmp_path: Path) -> None:
    with scene(name, cluster, tmp_path) as set_up:
        set_up.reach(len(set_up.example.data["stages"]) // 2, set())
        blocks = [block for block in set_up.example.blocks if block.language == "sh"]
        gates = dict.fromkeys(block.text for block in blocks if not NO_GATE.fullmatch(block.text.strip()))
        for gate in sorted(gates, key=lambda text: text.startswith("kubectl delete")):
            spoils = [spoil for pattern, spoil in SPOILS if re.search(pattern, gate)]
            assert spoils, f"in which state must this not pass?\n{gate}"
            belongs(set_up, gate)
            for spoil in spoils:
                set_up.world.controllers.settle()
                with spoil(set_up, gate):
                    done = set_up.run(re.sub(r"--timeout=\S+", "--timeout=500ms", gate), WEAK)
                assert done.returncode != 0, f"{spoil.__name__}\n{gate}\n{done.stdout}{done.stderr}"
            set_up.world.controllers.settle()
            done = set_up.run(gate, WEAK)
            assert done.returncode == 0, f"{gate}\n{done.stdout}{done.stderr}"


def belongs(set_up: Scene, gate: str) -> None:
    """Bring a workload to the replicas and the partition of the stage that a gate on it is from."""
    wanted = re.search(r"readyReplicas}'=(\d+)", gate)
    if not wanted:
        return
    live, replicas = workload(set_up, gate), int(wanted[1])
    updated = re.search(r"updatedReplicas}'=(\d+)", gate)
    spec: Object = {"replicas": replicas}
    if updated:
        partition = {"partition": replicas - int(updated[1])}
        spec["rolloutStrategy"] = {"rollingUpdateConfiguration": partition}
    patch(set_up, live, json.dumps({"spec": spec}))


def workload(set_up: Scene, gate: str) -> Object:
    """The workload that a gate waits for."""
    kinds = {kind.lower(): kind for kind in WORKLOADS}
    named = re.search(rf"({'|'.join(kinds)})/", gate)
    assert named
    return one(set_up, kinds[named[1]], gate)


def one(set_up: Scene, kind: str, gate: str) -> Object:
    """The object of a kind that a gate names."""
    found = [
        item for item in set_up.world.api.all(kind) if re.search(rf"/{item['metadata']['name']}\s", gate)
    ]
    assert len(found) == 1
    return found[0]


def counts(set_up: Scene, gate: str, **status: int) -> None:
    """Set numbers in a workload's status, each as how many are missing."""
    live = workload(set_up, gate)
    missing = {field: max(0, live["spec"]["replicas"] - number) for field, number in status.items()}
    set_up.world.api.set_status(live["kind"], live["metadata"]["name"], missing)


@contextmanager
def half_is_old(set_up: Scene, gate: str) -> Iterator[None]:
    counts(set_up, gate, updatedReplicas=2)
    yield


@contextmanager
def one_too_few_is_new(set_up: Scene, gate: str) -> Iterator[None]:
    live = workload(set_up, gate)
    updated = live["status"]["updatedReplicas"] - 1
    set_up.world.api.set_status(live["kind"], live["metadata"]["name"], {"updatedReplicas": updated})
    yield


@contextmanager
def one_is_not_ready(set_up: Scene, gate: str) -> Iterator[None]:
    counts(set_up, gate, readyReplicas=1, **({"availableReplicas": 1} if "rollout status" in gate else {}))
    yield


@contextmanager
def rollout_has_not_begun(set_up: Scene, gate: str) -> Iterator[None]:
    live = workload(set_up, gate)
    patch(set_up, live, f'{{"spec": {{"revisionHistoryLimit": {live["metadata"]["generation"] + 90}}}}}')
    yield


@contextmanager
def is_unavailable(set_up: Scene, gate: str) -> Iterator[None]:
    live = workload(set_up, gate)
    judge(set_up, live, live["status"]["conditions"], "Available")
    yield


@contextmanager
def nobody_judged(set_up: Scene, gate: str) -> Iterator[None]:
    kind = "InferencePool" if "inferencepool" in gate else "HTTPRoute"
    set_up.world.api.set_status(kind, one(set_up, kind, gate)["metadata"]["name"], {"parents": []})
    yield


@contextmanager
def another_gateway_judged(set_up: Scene, gate: str) -> Iterator[None]:
    kind = "InferencePool" if "inferencepool" in gate else "HTTPRoute"
    live = one(set_up, kind, gate)
    parents = [parent | {"parentRef": {"name": "another"}} for parent in live["status"]["parents"]]
    set_up.world.api.set_status(kind, live["metadata"]["name"], {"parents": parents})
    yield


@contextmanager
def is_not_accepted(set_up: Scene, gate: str) -> Iterator[None]:
    live = one(set_up, "InferencePool" if "inferencepool" in gate else "HTTPRoute", gate)
    judge(set_up, live, live["status"]["parents"][0]["conditions"], "Accepted")
    yield


@contextmanager
def is_not_resolved(set_up: Scene, gate: str) -> Iterator[None]:
    live = one(set_up, "HTTPRoute", gate)
    judge(set_up, live, live["status"]["parents"][0]["conditions"], "ResolvedRefs")
    yield


@contextmanager
def is_not_reconciled(set_up: Scene, gate: str) -> Iterator[None]:
    live = one(set_up, "HTTPRoute", gate)
    judge(set_up, live, live["status"]["parents"][0]["conditions"], "Reconciled")
    yield


@contextmanager
def an_older_route_was_judged(set_up: Scene, gate: str) -> Iterator[None]:
    live = one(set_up, "HTTPRoute", gate)
    patch(set_up, live, f'{{"spec": {{"hostnames": ["{live["metadata"]["generation"]}.example.com"]}}}}')
    yield


def judge(set_up: Scene, live: Object, conditions: list[Object], kind: str) -> None:
    """Make one of an object's conditions false."""
    for condition in conditions:
        condition["status"] = "False" if condition["type"] == kind else condition["status"]
    set_up.world.api.set_status(live["kind"], live["metadata"]["name"], live["status"])


def patch(set_up: Scene, live: Object, change: str) -> None:
    """Change what an object wants, which its status then lags behind."""
    name = f"{live['kind'].lower()}/{live['metadata']['name']}"
    set_up.must(f"kubectl -n {set_up.world.namespace} patch {name} --type=merge -p '{change}'")


@contextmanager
def the_gateway_has_no_address(set_up: Scene, gate: str) -> Iterator[None]:
    (gateway,) = set_up.world.api.all("Gateway")
    set_up.world.api.set_status("Gateway", gateway["metadata"]["name"], {"addresses": []})
    yield
    set_up.world.api.set_status("Gateway", gateway["metadata"]["name"], gateway["status"])


@contextmanager
def there_are_no_pods(set_up: Scene, gate: str) -> Iterator[None]:
    for pod in set_up.world.api.running({}):
        set_up.world.api.delete("Pod", pod["metadata"]["name"])
    yield


@contextmanager
def the_first_server_is_down(set_up: Scene, gate: str) -> Iterator[None]:
    set_up.world.servers.down.add(first_pod(set_up))
    yield
    set_up.world.servers.down.clear()


@contextmanager
def the_first_server_lacks_the_candidate(set_up: Scene, gate: str) -> Iterator[None]:
    loaded = set_up.world.servers.loaded[first_pod(set_up)]
    loaded.remove(LoraAdapter.of(set_up.example.rollout.plan).candidates[0].name)
    yield
    loaded.add(LoraAdapter.of(set_up.example.rollout.plan).candidates[0].name)


@contextmanager
def the_first_server_has_the_stable_adapter(set_up: Scene, gate: str) -> Iterator[None]:
    loaded = set_up.world.servers.loaded[first_pod(set_up)]
    loaded.add(LoraAdapter.of(set_up.example.rollout.plan).stable.value)
    yield
    loaded.remove(LoraAdapter.of(set_up.example.rollout.plan).stable.value)


@contextmanager
def the_candidate_is_not_in_the_folder(set_up: Scene, gate: str) -> Iterator[None]:
    folder = (
        set_up.world.servers.files / ADAPTERS / LoraAdapter.of(set_up.example.rollout.plan).candidates[0].name
    )
    folder.rmdir()
    yield
    folder.mkdir()


def first_pod(set_up: Scene) -> str:
    """The pod with which the loops of the runbook begin: a failure there is the easiest to lose."""
    (pool,) = set_up.world.api.all("InferencePool")
    pods = set_up.world.api.running(pool["spec"]["selector"]["matchLabels"])
    return min(str(pod["metadata"]["name"]) for pod in pods)


@contextmanager
def the_pods_remain(set_up: Scene, gate: str) -> Iterator[None]:
    yield  # no controller works while a gate is tried


SPOILS: tuple[tuple[str, Spoil], ...] = (
    ("rollout status", half_is_old),
    ("readyReplicas", one_is_not_ready),
    ("updatedReplicas", one_too_few_is_new),
    ("rollout status", rollout_has_not_begun),
    ("condition=Available", is_unavailable),
    ("wait (httproute|inferencepool)", nobody_judged),
    ("wait (httproute|inferencepool)", another_gateway_judged),
    ("wait (httproute|inferencepool)", is_not_accepted),
    ("ResolvedRefs", is_not_resolved),
    ("Reconciled", is_not_reconciled),
    ("wait httproute", an_older_route_was_judged),
    (r"http://\$address", the_gateway_has_no_address),
    (r"http://\$address", there_are_no_pods),
    (" exec ", there_are_no_pods),
    (" exec .* curl ", the_first_server_is_down),
    (" exec .* grep ", the_first_server_lacks_the_candidate),
    (" exec .* -fsS -o /dev/null", the_candidate_is_not_in_the_folder),
    (" = 404", the_first_server_has_the_stable_adapter),
    ("--for=delete", the_pods_remain),
)
"""What a gate's script holds, and a state that it must not let pass."""
