"""What surrounds a runbook, as far as its commands can tell: controllers, pods with their servers, a Gateway.

The API server, kubectl and curl are real. Played are those who act on what the API server stores:
controllers (`controllers.py`), the model servers in the pods and the Gateway before them (`servers.py`). A
kubelet is missing too, and the Gateway's address leads nowhere. So the folder `bin` comes first on PATH: its
`kubectl` runs the command of an `exec` here, with the port and the files of the pod, and its `curl` finds the
Gateway; they hand on all else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.oracles.cluster import Cluster, Done
from tests.oracles.world.api import Api
from tests.oracles.world.controllers import Controllers
from tests.oracles.world.servers import ADDRESS, Servers, serving
from tests.support.patience import PATIENCE

__all__ = ["ADDRESS", "STRICT", "WEAK", "Api", "Controllers", "World", "world"]

BIN = Path(__file__).parent / "bin"
STRICT = ("bash", "-euo", "pipefail", "-c")
WEAK = ("sh", "-c")
"""Stops at no error by itself, like the terminal into which people paste."""


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """One namespace of a cluster, with everything that plays in it."""

    cluster: Cluster
    namespace: str
    api: Api
    controllers: Controllers
    servers: Servers

    def run(self, script: str, cwd: Path, shell: tuple[str, ...] = STRICT) -> Done:
        """What a shell says to a script of a runbook."""
        played = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "WORLD_KUBECTL": shutil.which("kubectl") or "",
            "WORLD_CURL": shutil.which("curl") or "",
            "WORLD_SERVERS": self.servers.url,
            "WORLD_FILES": str(self.servers.files),
            "WORLD_GATEWAY": ADDRESS,
            "no_proxy": "*",
            "GOGC": "400",  # a kubectl that collects less garbage is a fifth faster
        }
        return subprocess.run(
            [*shell, script],
            cwd=cwd,
            env=self.cluster.env | played,
            encoding="utf-8",
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )


@contextmanager
def world(cluster: Cluster, files: Path) -> Iterator[World]:
    """A new namespace with a world around it; `files` is the folder that all pods share."""
    namespace = cluster.namespace()
    with closing(Api(cluster.kubeconfig, namespace)) as api, serving(api, files) as servers:
        yield World(
            cluster=cluster, namespace=namespace, api=api, controllers=Controllers(api), servers=servers
        )
