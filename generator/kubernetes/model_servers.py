"""Model servers as containers start them: engine, model, served names, and LoRA adapters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from generator.kubernetes.commands import Arguments, arguments_of, is_known, variables_of
from generator.kubernetes.engines import DEFAULT, ENGINES, SERVED_FLAG, Engine
from generator.kubernetes.labels import ENGINE
from generator.kubernetes.pods import pod_templates
from generator.kubernetes.shell_scripts import SEPARATORS
from generator.kubernetes.workloads import container_paths, main_container
from generator.model.manifests import Manifest
from generator.model.source import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A container that serves: the engine in it, the model, the names that it answers to, and its place.

    `model` and `names` are empty where the manifest does not say them.
    """

    engine: Engine
    model: str
    names: tuple[str, ...]
    path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """An engine as a command line starts it: what that says, also where a variable says it."""

    engine: Engine
    arguments: Arguments

    @property
    def model(self) -> str:
        """Return the model: the value of its flag, or the first argument if that is no flag."""
        first = next(iter(self.arguments.words), "-")
        positional = "" if first.startswith("-") else first
        return self.arguments.flag(*sorted(self.engine.model_flags)) or positional

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names that requests can ask for: those of the flag, or the model's own."""
        return self.arguments.values(SERVED_FLAG) or self._own_name()

    def _own_name(self) -> tuple[str, ...]:
        model = self.model
        if self.engine.folder_name and model.startswith("/"):
            return (model.rstrip("/").rpartition("/")[2],)
        return (model,) if model else ()

    @property
    def adapters(self) -> tuple[str, ...]:
        """Return the names of the LoRA adapters that it loads as it starts."""
        return tuple(map(_adapter, self.arguments.values(*_ADAPTER_FLAGS) or ()))


_ADAPTER_FLAGS = ("--lora-modules", "--lora-paths")


def _adapter(text: str) -> str:
    """Return the name of an adapter that is said as `name=path`, or in JSON."""
    with suppress(ValueError, TypeError, KeyError):
        return str(json.loads(text)["name"])
    return text.partition("=")[0]


def started_by(container: Mapping[str, Any]) -> Started | None:
    """Return the engine that a container starts: the one that its command names, or its image's own."""
    arguments = arguments_of(container)
    return _started(arguments.words) or _by_image(container, arguments)


def names_in(container: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the models and adapters that a container surely answers to, if it says all of them.

    A server that is not known is read as one with vLLM's flags, such as the simulator.
    """
    started = started_by(container) or _unknown(container)
    names = (*started.names, *started.adapters)
    return names if all(map(is_known, names)) else ()


def _unknown(container: Mapping[str, Any]) -> Started:
    """Read a server that is not known; its first argument is a model only where that looks like one."""
    arguments = arguments_of(container)
    words = arguments.words
    if "serve" in words:
        words = words[words.index("serve") + 1 :]
    elif container.get("command") or not words or words[0].startswith("/") or "/" not in words[0]:
        words = ("--", *words)
    return Started(engine=ENGINES[DEFAULT], arguments=Arguments(words=words))


def servers_in(workload: Manifest) -> tuple[Server, ...]:
    """Return what a workload's serving containers run; a container whose engine is not known is left out."""
    name = main_container(workload)
    paths = container_paths(workload)[name] if name else ()
    found = ((path, started_by(workload.get(*path))) for path in paths)
    return tuple(_server(started, path) for path, started in found if started)


def engine_of(workload: Manifest) -> Engine | None:
    """Return the engine of a workload: the one that its command starts, or else that of its pods' label."""
    started = [server.engine for server in servers_in(workload)]
    labelled = (str(workload.get(*path, "metadata", "labels", ENGINE)) for path in pod_templates(workload))
    return next(iter(started), None) or next((ENGINES[name] for name in labelled if name in ENGINES), None)


def _server(started: Started, path: Path) -> Server:
    names = started.names
    return Server(
        engine=started.engine,
        model=started.model if is_known(started.model) else "",
        names=names if all(map(is_known, names)) else (),
        path=path,
    )


def _by_image(container: Mapping[str, Any], arguments: Arguments) -> Started | None:
    """Find the engine that an image starts by itself; a command of the manifest's own takes its place."""
    image = str(container.get("image", "")).lower()
    engine = next((engine for engine in ENGINES.values() if engine.image in image), None)
    known = engine and not container.get("command")
    return Started(engine=engine, arguments=arguments) if engine and known else None


def _started(words: Sequence[str]) -> Started | None:
    """Find the program that a command line starts, and return it with its arguments."""
    names = [word.rpartition("/")[2] for word in words]
    for engine in ENGINES.values():
        for program in engine.programs:
            for start in range(len(names) - len(program) + 1):
                if tuple(names[start : start + len(program)]) == program:
                    own = tuple(_of_one_command(words[start + len(program) :]))
                    return Started(engine=engine, arguments=Arguments(words=own))
    return None


def _of_one_command(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if word in SEPARATORS:
            return
        yield word


ADAPTERS_VARIABLE = "VLLM_LORA_RESOLVER_CACHE_DIR"
"""The environment variable with the directory in which vLLM looks for an adapter that a request names."""


def adapter_directory(container: Mapping[str, Any]) -> str:
    """Return the directory in which a server looks for adapters."""
    return variables_of(container).get(ADAPTERS_VARIABLE) or "/adapters"
