"""Command lines of containers: words, flags and values, in every spelling that their programs take.

Engines are Python programs: `--flag=value` or `--flag value`, `_` for `-`, several values after some flags,
`--no-flag` for a switch that is off. Endpoint pickers and sidecars are Go programs, which also take `-flag`,
and took names like `--poolName` once. A shell's script holds a command line of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from generator.kubernetes.shell_scripts import SEPARATORS, Word, script_in, split

_SHORT = {
    "-dp": "--data-parallel-size",
    "-pp": "--pipeline-parallel-size",
    "-q": "--quantization",
    "-tp": "--tensor-parallel-size",
}
"""Short flag of vLLM → its long name."""

_SEVERAL = frozenset({"--lora-modules", "--lora-paths", "--served-model-name"})
"""Flags of engines that take every word up to the next flag."""

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OFF = frozenset({"0", "f", "false"})


@lru_cache(maxsize=4096)
def flag_of(argument: str) -> str:
    """Return the flag of an argument in the one spelling: `--flag-name`, also for `--no-flag-name`."""
    head = argument.partition("=")[0]
    head = _SHORT.get(head, head)
    if not re.match(r"--?[a-zA-Z]", head):
        return head
    name = _CAMEL.sub("-", head.lstrip("-")).replace("_", "-").lower()
    if len(name) == 1 and not head.startswith("--"):
        return f"-{name}"
    return f"--{name.removeprefix('no-')}"


def _is_negated(argument: str) -> bool:
    return re.match(r"--no[-_]", argument) is not None


def _is_value(word: str) -> bool:
    """Return whether a word can be the value of the flag before it: a negative number can, a flag cannot."""
    return word not in SEPARATORS and not re.match(r"-(?![0-9.]|\Z)", word)


def _uses(words: Sequence[str], names: Collection[str]) -> Iterator[tuple[int, range]]:
    """Return where the flags stand, each with the range of the words after it that are its values."""
    for index, word in enumerate(words):
        if not word.startswith("-") or flag_of(word) not in names:
            continue
        end = index + 1
        if "=" not in word and not _is_negated(word):
            most = len(words) if flag_of(word) in _SEVERAL else end + 1
            while end < min(most, len(words)) and _is_value(words[end]):
                end += 1
        yield index, range(index + 1, end)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arguments:
    """The words of a command line, and what they say of a flag, whose `names` are in the one spelling.

    Where a flag stands several times, the last one counts.
    """

    words: tuple[str, ...]

    def values(self, *names: str) -> tuple[str, ...] | None:
        """Return the values of a flag, none where it stands alone; None where it is not set."""
        found = None
        for index, following in _uses(self.words, names):
            _, equals, own = self.words[index].partition("=")
            given = (own,) if equals else tuple(self.words[place] for place in following)
            found = None if _is_negated(self.words[index]) else given
        return found

    def flag(self, *names: str) -> str | None:
        """Return the first value of a flag, empty where it stands alone; None where it is not set."""
        given = self.values(*names)
        return None if given is None else next(iter(given), "")

    def is_on(self, *names: str) -> bool:
        """Return whether a switch is on; a word after it is no value of it."""
        on = False
        for index, _ in _uses(self.words, names):
            _, equals, own = self.words[index].partition("=")
            on = own.lower() not in _OFF if equals else not _is_negated(self.words[index])
        return on


def with_flags(arguments: Sequence[Any], flags: Sequence[str]) -> list[str]:
    """Return arguments with each `--flag=value` in the place of the flag's old values, new ones last.

    Where the flag stood several times, the last one counted, and it goes with all others. A new flag
    without a value takes nothing but the flag away: what follows may be an argument of its own.
    """
    result = list(map(str, arguments))
    for flag in flags:
        uses = list(_uses(result, {flag_of(flag)}))
        for index, following in reversed(uses):
            end = following.stop if "=" in flag else index + 1
            result[index:end] = [flag] if index == uses[0][0] else []
        result += [] if uses else [flag]
    return result


_KUBELET = re.compile(r"\$(?P<escaped>\$)?\((?P<name>[\w.-]+)\)")
_SHELL = re.compile(r"\$(?P<open>\{)?(?P<name>\w+)(?(open)\})")


def arguments_of(container: Mapping[str, Any]) -> Arguments:
    """Return the command line of a container, with the variables that have a plain value filled in.

    Of a shell's script it has the words, and what parts its commands.
    """
    values = variables_of(container)
    return Arguments(words=tuple(word.text for word in _read(container, values)))


def variables_of(container: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment variables of a container that have a plain value."""
    return {
        str(one.get("name")): str(one.get("value", ""))
        for one in container.get("env") or ()
        if "valueFrom" not in one
    }


def _read(container: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[Word]:
    given = [
        Word(text=_filled(str(text), values, _KUBELET), path=(key, index), start=0, end=len(str(text)))
        for key in ("command", "args")
        for index, text in enumerate(container.get(key) or ())
    ]
    script = script_in([word.text for word in given])
    if script is None:
        yield from given
        return
    yield from given[:script]
    for word in split(given[script]):
        if word.text == "$@":
            yield from given[script + 2 :]  # the word after a script is its name
        else:
            yield word.with_text(_filled(word.text, values, _SHELL))


def _filled(text: str, values: Mapping[str, str], variable: re.Pattern[str]) -> str:
    if "$" not in text:
        return text
    return variable.sub(
        lambda match: match[0] if "$$" in match[0] else values.get(match["name"], match[0]), text
    )


def is_known(text: str) -> bool:
    """Return whether a text says all of itself; what a variable holds, only the pod knows."""
    return bool(text) and "$" not in text


def with_values(
    container: Mapping[str, Any], names: Collection[str], change: Callable[[str], str]
) -> dict[str, Any]:
    """Return a container with the values of flags changed, wherever and however it says them.

    A value that is a variable's is changed in the variable.
    """
    words = list(_read(container, {}))
    texts = [word.text for word in words]
    result = dict(container)
    for index, following in reversed(list(_uses(texts, names))):
        place, value = index, texts[index].partition("=")[2]
        if following:
            place, value = following.start, texts[following.start]
        variable = _KUBELET.fullmatch(value) or _SHELL.fullmatch(value)
        if variable:
            result = _with_variable(result, variable["name"], change)
        elif value and change(value) != value:
            key, item = words[place].path
            text = str(result[key][item])
            word = text[words[place].start : words[place].end]
            head, _, tail = word.rpartition(value)
            new = text[: words[place].start] + head + change(value) + tail + text[words[place].end :]
            result[key] = [new if at == item else old for at, old in enumerate(result[key])]
    return result


def _with_variable(container: dict[str, Any], name: str, change: Callable[[str], str]) -> dict[str, Any]:
    env = [
        one | {"value": change(str(one["value"]))} if one.get("name") == name and one.get("value") else one
        for one in container.get("env") or ()
    ]
    return container | ({"env": env} if container.get("env") else {})
