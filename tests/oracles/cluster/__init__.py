"""A real Kubernetes API server for tests: kube-apiserver and etcd, built by go, on loopback, nothing behind.

    with running(published()) as cluster:
        cluster.kubectl("apply", "-k", "stages/00-baseline")
        cluster.pretend_ready("deployment", "decode", "llm-d")

It gives the verdicts, defaults and messages of a server to the real kubectl. There are no controllers, so a
test says with `pretend_ready` when they would be done; as a deleted namespace stays, it takes a fresh one.
"""

import contextlib
import dataclasses
import itertools
import json
import os
import pathlib
import select
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from typing import Any

from tests.oracles.cluster import status
from tests.oracles.cluster.binary import build, why_not
from tests.oracles.cluster.definitions import bundle, published
from tests.support.patience import PATIENCE

__all__ = ["Cluster", "Done", "Object", "build", "published", "running", "why_not"]

Done = subprocess.CompletedProcess[str]
Object = dict[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """A running server, and commands that speak to it and to no other cluster."""

    kubeconfig: pathlib.Path
    _numbers: Iterator[int] = dataclasses.field(default_factory=itertools.count, repr=False)

    @property
    def env(self) -> dict[str, str]:
        """The environment in which kubectl finds this server."""
        cache = self.kubeconfig.parent / "kubectl"  # the shared one knows servers by port, and ports return
        return os.environ | {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(cache)}

    def kubectl(self, *args: str, input: str = "", cwd: pathlib.Path | None = None) -> Done:
        """What kubectl says to these arguments; its exit code is the caller's to judge."""
        return self._run(["kubectl", *args], input=input, cwd=cwd)

    def shell(self, script: str, *, cwd: pathlib.Path | None = None) -> Done:
        """What bash says to a script, as one pastes it from a runbook; it stops at the first error."""
        return self._run(["bash", "-euo", "pipefail", "-c", script], input="", cwd=cwd)

    def get(self, kind: str, name: str, namespace: str) -> Object:
        """The object as it is stored. Raises `LookupError` if there is none."""
        done = self.kubectl("get", kind, name, "-n", namespace, "-o", "json")
        if done.returncode != 0:
            raise LookupError(done.stderr)
        return _object(done)

    def would_store(self, manifest: Object, namespace: str) -> Object:
        """What the server would make of a new object: defaults filled in, and fields of its own.

        Nothing is stored. Raises `ValueError` with the server's reason if it refuses the object.
        """
        (stored,) = self.would_store_all([manifest], namespace)
        return stored

    def would_store_all(self, manifests: Iterable[Object], namespace: str) -> list[Object]:
        """What `would_store` says of each of several objects, in one go."""
        command = (
            "create",
            "-n",
            namespace,
            "--dry-run=server",
            "--validate=strict",
            "-o",
            "json",
            "-f",
            "-",
        )
        done = self.kubectl(*command, input="\n".join(map(json.dumps, manifests)))
        if done.returncode != 0:
            raise ValueError(done.stderr)
        decoder, stored, rest = json.JSONDecoder(), [], done.stdout
        while rest:  # kubectl writes one JSON text after the other
            found, end = decoder.raw_decode(rest)
            stored.append(found)
            rest = rest[end:].lstrip()
        return stored

    def namespace(self) -> str:
        """The name of a new, empty namespace."""
        name = f"test-{next(self._numbers)}"
        self.kubectl("create", "namespace", name).check_returncode()
        return name

    def pretend_ready(self, kind: str, name: str, namespace: str) -> None:
        """Write the status that controllers would give an object that is well, at its current generation.

        Kinds: those of `status.STATUSES`. As in life, a pool has parents only once an HTTPRoute refers to it.
        Raises `LookupError` if there is no such object.
        """
        live = self.get(kind, name, namespace)
        patch = json.dumps({"status": status.of(live, self._routes(namespace))})
        options = ("-n", namespace, "--subresource=status", "--type=merge", "-p", patch)
        done = self.kubectl("patch", kind, name, *options)
        assert done.returncode == 0, done.stderr

    def _routes(self, namespace: str) -> Iterator[Object]:
        # A generator: only the status of some kinds asks for them, and their definition may be absent.
        yield from _object(self.kubectl("get", "httproutes", "-n", namespace, "-o", "json"))["items"]

    def _run(self, command: list[str], *, input: str, cwd: pathlib.Path | None) -> Done:
        return subprocess.run(
            command,
            input=input,
            cwd=cwd,
            env=self.env,
            encoding="utf-8",
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )


@contextlib.contextmanager
def running(crds: Iterable[pathlib.Path]) -> Iterator[Cluster]:
    """A fresh server that knows these definitions; it and all its data go when the block ends.

    Raises `RuntimeError` if the server cannot be built or does not start.
    """
    binary = build()
    if binary is None:
        raise RuntimeError(f"no test server: {why_not()}")
    with (
        tempfile.TemporaryDirectory(prefix="cluster-") as folder,
        _server(binary, pathlib.Path(folder)) as kubeconfig,
    ):
        cluster = Cluster(kubeconfig=kubeconfig)
        _define(cluster, bundle(crds))
        yield cluster


@contextlib.contextmanager
def _server(binary: pathlib.Path, folder: pathlib.Path) -> Iterator[pathlib.Path]:
    log, pipe = folder / "log", subprocess.PIPE
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            [binary, folder], stdin=pipe, stdout=pipe, stderr=errors, encoding="utf-8"
        ) as process,
    ):
        # Leaving this block closes the server's input, its sign to end, and waits for it.
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], PATIENCE)
        word, _, path = (process.stdout.readline() if readable else "").strip().partition(" ")
        if word != "ready":
            raise RuntimeError(f"the test server did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")
        yield pathlib.Path(path)


def _define(cluster: Cluster, definitions: list[Object]) -> None:
    """Give the server definitions, and wait until kubectl finds their kinds."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": definitions})
    created = cluster.kubectl("create", "-f", "-", input=text)
    if created.returncode != 0:
        raise RuntimeError(created.stderr)
    missing = {definition["metadata"]["name"] for definition in definitions}
    deadline = time.monotonic() + PATIENCE
    while missing:  # `kubectl wait` watches one definition after the other, which takes seconds
        missing -= set(cluster.kubectl("api-resources", "--cached=false", "-o", "name").stdout.split())
        if time.monotonic() > deadline:
            raise RuntimeError(f"the test server does not serve {', '.join(sorted(missing))}")


def _object(done: Done) -> Object:
    found: Object = json.loads(done.stdout)
    return found
