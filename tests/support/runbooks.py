"""The examples as a cluster meets them: what serves today is applied, and the runbook read as blocks."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from markdown_it import MarkdownIt

from generator.disk import write
from generator.model.manifests import Manifest
from generator.model.rollout import Rollout
from generator.model.target import Gateway
from generator.pipeline import compile_plan, planned
from generator.stages.lora_adapter.parameters import LoraAdapter
from tests.oracles.cluster import Cluster, Done, Object
from tests.oracles.world import ADDRESS, STRICT, Api, World, world
from tests.oracles.world.servers import ADAPTERS
from tests.support.paths import ROOT

EXAMPLES = sorted(path.parent.name for path in (ROOT / "plans").glob("*/plan.yaml"))
INFERENCE = "inference.networking.k8s.io"


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A code block of a runbook: the stage or part that it belongs to, and the line of text above it."""

    part: str
    title: str
    language: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """An example compiled for a namespace: the plan's folder, what it rendered to, and `rollout.json`."""

    folder: Path
    rendered: Path
    rollout: Rollout
    data: Object

    @property
    def namespace(self) -> str:
        """The namespace for which it is compiled."""
        return self.rollout.plan.namespace

    @property
    def blocks(self) -> list[Block]:
        """The code blocks of the runbook, from top to bottom."""
        return list(read((self.rendered / "README.md").read_text(encoding="utf-8")))

    def way_back(self) -> tuple[list[Block], list[Block]]:
        """The blocks that roll back, and those that go on to give the rollout up."""
        blocks = [block for block in self.blocks if block.part == "Way back"]
        first = [number for number, block in enumerate(blocks) if block.text.startswith("kubectl apply -k")]
        end = first[0] if first else len(blocks)
        return blocks[:end], blocks[end:]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """An example in a world where what serves today is there and well."""

    world: World
    example: Example

    def run(self, script: str, shell: tuple[str, ...] = STRICT) -> Done:
        """What a shell says to a script in the rendered directory."""
        return self.world.run(script, self.example.rendered, shell)

    def must(self, script: str) -> str:
        """What a script that must succeed says."""
        done = self.run(script)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def reach(self, index: int, applied: set[str]) -> list[str]:
        """Apply what a stage lists, without the bundles in `applied`: they are the same in every stage.

        Gives the stage's own files.
        """
        stage = f"stages/{self.example.rollout.directory(index)}"
        text = (self.example.rendered / stage / "kustomization.yaml").read_text(encoding="utf-8")
        own = []
        for name in yaml.safe_load(text)["resources"]:
            if name.endswith(".yaml"):
                own.append(f"{stage}/{name}")
            elif name not in applied:
                self.must(f"kubectl apply -k {stage}/{name}")
                applied.add(name)
        self.must(f"kubectl apply -f {' -f '.join(own)}")
        return own

    def stored(self) -> dict[str, Object]:
        """The stored objects of the kinds that the rollout has, by identity."""
        stages = self.example.rollout.stages
        kinds = {known.partition("/")[0] for stage in stages for known in map(identity, stage.objects)}
        done = self.world.cluster.kubectl(
            "get", ",".join(sorted(kinds)), "-n", self.world.namespace, "-o", "json"
        )
        assert done.returncode == 0, done.stderr
        return {identity(item): item for item in json.loads(done.stdout)["items"]}


def identity(item: Object | Manifest) -> str:
    """An object, or its entry in `rollout.json`, as kubectl names it: `deployment.apps/decode`."""
    if isinstance(item, Manifest):
        item = {"kind": item.kind, "group": item.identity.group, "name": item.name}
    group = item["group"] if "group" in item else item["apiVersion"].rpartition("/")[0]
    name = item["name"] if "name" in item else item["metadata"]["name"]
    return f"{item['kind'].lower()}.{group}".rstrip(".") + f"/{name}"


def read(readme: str) -> Iterator[Block]:
    """The code blocks of a README, each with its second-level heading and the text before it."""
    tokens = MarkdownIt().parse(readme)
    part = title = ""
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline" and before is not None:
            title = token.content
            if before.type == "heading_open" and before.tag == "h2":
                part = title
        elif token.type == "code_block":
            raise AssertionError(f"a code block without a language: {token.content}")
        elif token.type == "fence":
            yield Block(part=part, title=title, language=token.info, text=token.content)


def compiled(name: str, namespace: str, tmp_path: Path, delivery: str = "") -> Example:
    """An example, rendered for another namespace than its own: a test must not meet the objects of others.

    `delivery` is what the plan says of its delivery, in YAML.
    """
    folder = tmp_path / name
    shutil.copytree(ROOT / "plans" / name, folder)
    own = yaml.safe_load((folder / "plan.yaml").read_bytes())["metadata"]["namespace"]
    for path in folder.rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(rf"\bnamespace: {own}(?![-\w])", f"namespace: {namespace}", text)
        text = re.sub(rf"(--pool-namespace\n\s*- ){own}\b", rf"\g<1>{namespace}", text)
        text = re.sub(rf"\.{own}\.svc\b", f".{namespace}.svc", text)
        path.write_text(text, encoding="utf-8")
    if delivery:
        file = folder / "plan.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("\nspec:", f"\nspec:\n  delivery: {delivery}", 1), encoding="utf-8")
    plan = compile_plan(folder / "plan.yaml")
    write(tmp_path / "out", [planned(plan)], version="0")
    rendered = tmp_path / "out" / plan.rollout.plan.name
    data = json.loads((rendered / "rollout.json").read_bytes())
    return Example(folder=folder, rendered=rendered, rollout=plan.rollout, data=data)


@contextmanager
def scene(name: str, cluster: Cluster, tmp_path: Path, delivery: str = "") -> Iterator[Scene]:
    """A scene for an example: the user's own manifests are applied, and the Gateway has an address."""
    with world(cluster, tmp_path / "files") as around:
        example = compiled(name, around.namespace, tmp_path, delivery)
        plan = example.rollout.plan
        for sources in plan.sources:
            for path in sources.paths if sources.bundle != "green" else ():
                start = example.folder / path.value
                how = ["-k"] if (start / "kustomization.yaml").exists() else ["-R", "-f"]
                done = cluster.kubectl("apply", "-n", around.namespace, *how, str(start))
                assert done.returncode == 0, done.stderr
        if plan.target.gateway:
            _open(plan.target.gateway, around)
        if isinstance(plan.strategy, LoraAdapter):
            names = plan.strategy
            for adapter in (names.stable.value, *(item.name for item in names.candidates)):
                (around.servers.files / ADAPTERS / adapter).mkdir(parents=True)
        around.controllers.settle()
        _evict_one(around)
        yield Scene(world=around, example=example)


def _open(gateway: Gateway, around: World) -> None:
    """Make the Gateway, and a route to the pool where the plan leaves the routes to others."""
    around.cluster.kubectl("create", "namespace", gateway.namespace)
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    spec = {"gatewayClassName": gateway.provider, "listeners": [listener]}
    with closing(Api(around.cluster.kubeconfig, gateway.namespace)) as home:
        home.create("Gateway", {"metadata": {"name": gateway.name}, "spec": spec})
        home.set_status("Gateway", gateway.name, {"addresses": [{"type": "IPAddress", "value": ADDRESS}]})
    if around.api.all("HTTPRoute"):
        return
    for pool in around.api.all("InferencePool"):
        ref = {"group": INFERENCE, "kind": "InferencePool", "name": pool["metadata"]["name"]}
        parent = {"name": gateway.name, "namespace": gateway.namespace}
        matches = [{"path": {"type": "PathPrefix", "value": "/"}}]
        spec = {"parentRefs": [parent], "rules": [{"matches": matches, "backendRefs": [ref]}]}
        around.api.create("HTTPRoute", {"metadata": {"name": "theirs"}, "spec": spec})


def _evict_one(around: World) -> None:
    """Leave a failed pod of each workload behind, as an evicted one stays until someone deletes it."""
    for pod in around.api.all("Pod"):
        name = pod["metadata"]["name"]
        if name.endswith("-0"):
            metadata = {"name": f"{name}-evicted", "labels": pod["metadata"]["labels"]}
            around.api.create("Pod", {"metadata": metadata, "spec": pod["spec"]})
            around.api.set_status("Pod", f"{name}-evicted", {"phase": "Failed"})
