"""Which policy is for which pool: one answer for the router's part, rules and the proof."""

from __future__ import annotations

import pytest

from generator.kubernetes.policies import is_for
from generator.kubernetes.router import ROUTER, with_parts
from generator.proof.ownership import policies_of
from tests.kubernetes.test_engines import manifest
from tests.support.small_plans import Object, thing, version

EPP = "blue-pool-epp"
POOL, SERVICE = (
    {"kind": kind, "name": name} for kind, name in (("InferencePool", "blue-pool"), ("Service", EPP))
)
OWN: dict[str, Object] = {
    "target": thing("g/v1", "HealthCheckPolicy", "p", spec={"targetRef": POOL}),
    "targets": thing("g/v1", "GCPBackendPolicy", "p", spec={"targetRefs": [SERVICE]}),
    "certificates": thing("g/v1", "BackendTLSPolicy", "p", spec={"targetRefs": [SERVICE]}),
    "host": thing("i/v1", "DestinationRule", "p", spec={"host": EPP}),
    "long host": thing("i/v1", "DestinationRule", "p", spec={"host": f"{EPP}.llm-d.svc.cluster.local"}),
}
OTHERS: dict[str, Object] = {
    "Service called as the pool": thing(
        "g/v1", "HealthCheckPolicy", "p", spec={"targetRef": {"kind": "Service", "name": "blue-pool"}}
    ),
    "pool of another name": thing(
        "g/v1", "HealthCheckPolicy", "p", spec={"targetRef": POOL | {"name": "green-pool"}}
    ),
    "host in another namespace": thing("i/v1", "DestinationRule", "p", spec={"host": f"{EPP}.other.svc"}),
    "nothing": thing("i/v1", "DestinationRule", "p", spec={}),
}


def in_namespace(data: Object) -> Object:
    return data | {"metadata": data["metadata"] | {"namespace": "llm-d"}}


@pytest.mark.parametrize(
    ("policy", "wanted"), [(one, True) for one in OWN.values()] + [(one, False) for one in OTHERS.values()]
)
def test_every_part_knows_what_a_policy_is_for(policy: Object, wanted: bool) -> None:
    objects = tuple(manifest(in_namespace(item)) for item in (*version("blue-pool"), policy))
    pool, item = objects[0], objects[-1]
    assert is_for(item, pool) is wanted
    assert (item in policies_of(pool, objects)) is wanted
    assert (with_parts(objects, "blue-pool")[-1].part == ROUTER) is wanted


def test_a_rule_for_all_hosts_is_for_every_pool_and_of_no_router() -> None:
    rule = thing("i/v1", "DestinationRule", "p", spec={"host": "*.llm-d.svc.cluster.local"})
    objects = tuple(manifest(in_namespace(item)) for item in (*version("blue-pool"), rule))
    assert is_for(objects[-1], objects[0])
    assert with_parts(objects, "blue-pool")[-1].part != ROUTER
