"""The API server takes every object that rollplan makes, in every shape, with no field unknown to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracles.cluster import Cluster
from tests.support.made_plans import SHAPES, baseline, rolling


@pytest.mark.parametrize("shape", SHAPES)
def test_the_server_takes_what_is_made(shape: str, cluster: Cluster, tmp_path: Path) -> None:
    provider, router, servers = SHAPES[shape]
    plan = rolling(provider, router, servers)
    namespace = cluster.namespace()
    objects = baseline(tmp_path, {**plan, "metadata": {"name": "made", "namespace": namespace}})
    stored = cluster.would_store_all([dict(item.data) for item in objects], namespace)
    assert [item["metadata"]["name"] for item in stored] == [item.name for item in objects]
