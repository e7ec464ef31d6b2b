"""Containers of a workload's pods: the engine in each, its model and flags, and how it ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.kubernetes.commands import Arguments, arguments_of
from generator.kubernetes.model_servers import Started, started_by
from generator.kubernetes.shell_scripts import is_shell
from generator.kubernetes.workloads import container_paths
from generator.model.manifests import Manifest, dig
from generator.model.source import Path

_SIDECAR = re.compile(r"(routing|disagg)[-a-z]*(sidecar|proxy)|routing-proxy")


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """One container of a workload's pods: where it stands and what it says."""

    workload: Manifest
    path: Path
    data: Mapping[str, Any]

    @property
    def image(self) -> str:
        """Return its image."""
        return str(self.data.get("image", ""))

    @property
    def pod(self) -> Path:
        """Return the path of the spec of its pod."""
        return self.path[:-2]

    @property
    def words(self) -> tuple[str, ...]:
        """Return command and arguments as words; a shell's script as the words in it."""
        return arguments_of(self.data).words

    @property
    def is_shell(self) -> bool:
        """Return whether a shell runs a script."""
        return is_shell(str(next(iter(self.data.get("command") or ()), "")))

    @property
    def engine(self) -> Started | None:
        """Return the engine that it starts, where that is known."""
        return started_by(self.data)

    @property
    def is_vllm(self) -> bool:
        """Return whether it surely runs vLLM: an image that says no argument may run anything."""
        engine = self.engine
        return engine is not None and engine.engine.name == "vllm" and bool(self.words)

    @property
    def is_sidecar(self) -> bool:
        """Return whether it is llm-d's routing sidecar, which speaks the engine's KV protocol."""
        return _SIDECAR.search(f"{self.data.get('name')} {self.image}") is not None

    @property
    def arguments(self) -> Arguments:
        """Return the arguments of its engine, or its whole command line."""
        engine = self.engine
        return engine.arguments if engine else arguments_of(self.data)

    def flag(self, *names: str) -> str | None:
        """Return the value of a flag, empty where it has none; None where it is not set."""
        return self.arguments.flag(*names)

    @property
    def model(self) -> str:
        """Return the model that its engine loads; empty where the command does not say it."""
        engine = self.engine
        return engine.model if engine else ""

    @property
    def served(self) -> frozenset[str]:
        """Return the names that requests can ask for: what the command says, or the model's own name."""
        engine = self.engine
        return frozenset(engine.names if engine else ())

    @property
    def modules(self) -> frozenset[str]:
        """Return the adapters that the command names, by name."""
        engine = self.engine
        return frozenset(engine.adapters if engine else ())

    @property
    def pause(self) -> int:
        """Return the seconds that preStop sleeps."""
        handler = self.data.get("lifecycle") or {}
        seconds = dig(handler, "preStop", "sleep", "seconds", default=0)
        shell = " ".join(map(str, dig(handler, "preStop", "exec", "command", default=())))
        slept = re.search(r"\bsleep ([0-9]+)", shell)
        return int(slept[1]) if slept else int(seconds)


def containers_of(workload: Manifest) -> Iterator[Container]:
    """Return every container of every pod template of a workload, its init containers too."""
    for paths in container_paths(workload).values():
        for path in paths:
            yield Container(workload=workload, path=path, data=workload.get(*path))


def whole(text: str | None) -> int | None:
    """Return a flag's value as a whole number, if it is one."""
    return int(text) if text and text.isdigit() else None
