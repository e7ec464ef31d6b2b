"""The shell that loads, lists and unloads a LoRA adapter on each pod (field/lora-adapter, I22 to I24).

A Gateway would reach one pod of many, so every call goes to the server inside each pod. Loading is a
request for the adapter: vLLM's resolver finds it as it would for a client, and asking twice is safe.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace

from generator.kubernetes.model_servers import adapter_directory
from generator.kubernetes.workloads import SERVER, containers
from generator.model.gates import Fact, Instruction
from generator.model.manifests import Manifest, dig
from generator.stages.gates.kubectl import selector

_JSON = "-H 'Content-Type: application/json' -d"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pods:
    """The pods of a pool, the container in them that serves, its port, and where adapters are."""

    namespace: str
    labels: Mapping[str, str]
    container: str
    port: int
    directory: str

    def load(self, adapter: str) -> Instruction:
        """Make every running pod load the adapter."""
        call = f"curl -fsS -o /dev/null {self._url('completions')} {_JSON} {self._prompt(adapter)}"
        return self._each(f"load {adapter} from {self.directory} on every pod", f"{self._exec} {call}")

    def lists(self, adapter: str) -> Instruction:
        """Check that every pod lists the adapter."""
        call = f"curl -fsS {self._url('models')}"
        # `grep -q` ends at the first match: with pipefail, curl's broken pipe would fail the check.
        listed = f"grep -F {shlex.quote(json.dumps(adapter))} > /dev/null"
        every = self._each(f"every pod lists {adapter}", f"{self._exec} {call} | {listed}")
        return replace(every, fact=Fact(word="loaded", of=adapter))

    def remove(self, adapter: str) -> Instruction:
        """Take the adapter's directory away, before it is unloaded: a request would load it again."""
        path = shlex.quote(f"{self.directory}/{adapter}")
        title = f"remove {adapter} from {self.directory}; the way back needs a copy of it"
        return self._each(title, f"{self._exec} rm -rf {path}")

    def unload(self, adapter: str) -> Instruction:
        """Make every pod forget the adapter; a pod that never loaded it says so and goes on."""
        body = shlex.quote(json.dumps({"lora_name": adapter}))
        call = f"curl -sS {self._url('unload_lora_adapter')} {_JSON} {body}"
        every = self._each(f"unload {adapter} from every pod", f"{self._exec} {call}")
        return replace(every, fact=Fact(word="unloaded", of=adapter))

    def refuses(self, adapter: str) -> Instruction:
        """Check that every pod answers 404 for the adapter."""
        call = f"curl -s -o /dev/null -w '%{{http_code}}' {self._url('completions')}"
        call = f"{call} {_JSON} {self._prompt(adapter)}"
        return self._each(f"every pod answers 404 for {adapter}", f'test "$({self._exec} {call})" = 404')

    @property
    def _exec(self) -> str:
        return f'kubectl -n {self.namespace} exec "$pod" -c {self.container} --'

    def _each(self, title: str, line: str) -> Instruction:
        # Evicted pods stay in the list, as Failed, until someone deletes them: nothing runs in them.
        running = "--field-selector=status.phase=Running"
        pods = f"kubectl -n {self.namespace} get pods -l {selector(self.labels)} {running} -o name"
        script = f"""\
(set -- $({pods})
test "$#" -gt 0 || exit 1
for pod in "$@"; do
  {line} || exit 1
done)"""
        return Instruction(title=title, script=script)

    def _url(self, path: str) -> str:
        return f"http://localhost:{self.port}/v1/{path}"

    @staticmethod
    def _prompt(model: str) -> str:
        return shlex.quote(json.dumps({"model": model, "prompt": "Hello", "max_tokens": 1}))


def pods_of(pool: Manifest, servers: tuple[Manifest, ...], directory: str) -> Pods:
    """Return the pods that a pool selects; `directory` overrides what the server's environment says."""
    serving = [container for server in servers for container in containers(server)]
    named = [container for container in serving if container.get("name") == SERVER] or serving
    container = named[0] if named else {}
    return Pods(
        namespace=pool.identity.namespace,
        labels=pool.get("spec", "selector", "matchLabels", default={}),
        container=str(container.get("name", SERVER)),
        port=int(
            dig(container, "ports", 0, "containerPort", default=pool.get("spec", "targetPorts", 0, "number"))
        ),
        directory=(directory or adapter_directory(container)).rstrip("/"),
    )
