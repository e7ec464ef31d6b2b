"""Read a container's command line: the engine, its model, its flags, and how it stops."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.kubernetes.workloads import container_paths
from generator.model.manifests import Manifest, dig
from generator.model.source import Path


def with_flags(arguments: Sequence[str], flags: Sequence[str]) -> list[str]:
    """Return arguments with each `--flag=value` in the place of the flag's old value, new ones last.

    A flag may have stood as `--flag=old`, as two arguments, or alone, and with `_` for `-`; where it
    stood several times, the last one counted, and it goes with all others. A new flag without a value
    takes nothing but the flag away: what follows may be an argument of its own.
    """
    result = list(map(str, arguments))
    for flag in flags:
        name, has_value, _ = flag.partition("=")
        at = [index for index, old in enumerate(result) if flag_of(old) == flag_of(name)]
        for index in reversed(at):
            alone = "=" in result[index] or not has_value or not _is_value(result, index + 1)
            result[index : index + (1 if alone else 2)] = [flag] if index == at[0] else []
        result += [] if at else [flag]
    return result


def flag_of(argument: str) -> str:
    """Return the flag of an argument, in the one spelling."""
    return argument.partition("=")[0].replace("_", "-")


def _is_value(arguments: Sequence[str], index: int) -> bool:
    return index < len(arguments) and not re.match(r"-(?![0-9.])", arguments[index])


_SHELLS = re.compile(r"(/\S*/)?(ba|da|a|z)?sh")
_SCRIPT = re.compile(r"-[a-z]*c")
_SIDECAR = re.compile(r"(routing|disagg)[-a-z]*(sidecar|proxy)|routing-proxy")
_VLLM = re.compile(r"(\S*/)?vllm(\.entrypoints\S*)?")


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
        said = [str(word) for group in ("command", "args") for word in self.data.get(group) or ()]
        return tuple(word for text in said for word in _split(text)) if self.is_shell else tuple(said)

    @property
    def is_shell(self) -> bool:
        """Return whether a shell runs a script."""
        first = next(iter(self.data.get("command") or ()), "")
        return _SHELLS.fullmatch(str(first)) is not None

    @property
    def is_vllm(self) -> bool:
        """Return whether it surely runs vLLM: an image that says no argument may run anything."""
        named = any(_VLLM.fullmatch(word) for word in self.words)
        return named or (bool(self.words) and "vllm-openai" in self.image.rpartition("/")[2])

    @property
    def is_sidecar(self) -> bool:
        """Return whether it is llm-d's routing sidecar, which speaks the engine's KV protocol."""
        return _SIDECAR.search(f"{self.data.get('name')} {self.image}") is not None

    def flag(self, *names: str) -> str | None:
        """Return the value of a flag, empty where it has none; the last one counts, as in argparse."""
        found = None
        for index, word in enumerate(self.words):
            head, equals, value = word.partition("=")
            if head.startswith("--") and head.replace("_", "-") in names:
                after = self.words[index + 1 : index + 2]
                found = value if equals else after[0] if after and not after[0].startswith("--") else ""
        return found

    @property
    def model(self) -> str:
        """Return the model that vLLM loads; empty where the command does not say it."""
        after = next(
            (self.words[at + 1 :] for at, word in enumerate(self.words) if word == "serve"), self.words
        )
        first = after[0] if after else ""
        return self.flag("--model") or ("" if first.startswith("-") or self._is_program(first) else first)

    def _is_program(self, word: str) -> bool:
        return word in {str(item) for item in self.data.get("command") or ()}

    @property
    def served(self) -> frozenset[str]:
        """Return the names that requests can ask for: what the command says, or the model's own name."""
        return frozenset(self._list("--served-model-name")) or frozenset({self.model} - {""})

    @property
    def modules(self) -> frozenset[str]:
        """Return the adapters that the command names, by name."""
        return frozenset(item.partition("=")[0] for item in self._list("--lora-modules"))

    def _list(self, flag: str) -> tuple[str, ...]:
        if self.flag(flag) is None:
            return ()
        start = max(at for at, word in enumerate(self.words) if word.partition("=")[0] == flag)
        _, equals, first = self.words[start].partition("=")
        rest = self.words[start + 1 :]
        end = next((at for at, word in enumerate(rest) if word.startswith("-")), len(rest))
        return (*([first] if equals else []), *rest[:end])

    @property
    def pause(self) -> int:
        """Return the seconds that preStop sleeps."""
        handler = self.data.get("lifecycle") or {}
        seconds = dig(handler, "preStop", "sleep", "seconds", default=0)
        shell = " ".join(map(str, dig(handler, "preStop", "exec", "command", default=())))
        slept = re.search(r"\bsleep ([0-9]+)", shell)
        return int(slept[1]) if slept else int(seconds)

    @property
    def variables(self) -> dict[str, str]:
        """Return its environment variables that have a plain value."""
        return {str(one.get("name")): str(one.get("value", "")) for one in self.data.get("env") or ()}


def containers_of(workload: Manifest) -> Iterator[Container]:
    """Return every container of every pod template of a workload, its init containers too."""
    for paths in container_paths(workload).values():
        for path in paths:
            yield Container(workload=workload, path=path, data=workload.get(*path))


def whole(text: str | None) -> int | None:
    """Return a flag's value as a whole number, if it is one."""
    return int(text) if text and text.isdigit() else None


def _split(text: str) -> list[str]:
    """Split a script into words, as far as a reader without a shell can."""
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()
