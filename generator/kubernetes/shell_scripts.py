"""Shell scripts in the command of a container: `sh -c SCRIPT`, read as far as one can without a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

_SHELLS = frozenset({"ash", "bash", "dash", "ksh", "sh", "zsh"})
_TAKES_SCRIPT = re.compile(r"-[a-z]*c")

SEPARATORS = frozenset({";", "&", "|"})
"""What parts the commands of a script, as `split` has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """One word of a command line: its text, the item that has it (`args`, 1), and from where to where."""

    text: str
    path: tuple[str, int]
    start: int
    end: int

    def with_text(self, text: str) -> Word:
        """Return the word with another text, in the same place."""
        return self if text == self.text else replace(self, text=text)


def is_shell(word: str) -> bool:
    """Return whether a word starts a shell."""
    return word.rpartition("/")[2] in _SHELLS


def script_in(words: Sequence[str]) -> int | None:
    """Return the index of a shell's script among the words, as in `bash -o pipefail -c SCRIPT`."""
    for shell in (index for index, word in enumerate(words) if is_shell(word)):
        for index in range(shell + 1, len(words) - 1):
            if _TAKES_SCRIPT.fullmatch(words[index]):
                return index + 1
            if words[index][:1] not in {"-", "+"} and words[index - 1][-1:] != "o":
                break
    return None


_TOKEN = re.compile(
    r"""(?P<space>(?:[^\S\n]|\\\n)+|\#[^\n]*)
    |(?P<end>\n|;+|\|+|(?<![<>])&+(?!>))
    |(?P<word>(?:[^\s\\'";&|]|(?<=[<>])&|&(?=>)|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)""",
    re.VERBOSE | re.DOTALL,
)


def split(script: Word) -> Iterator[Word]:
    """Split a script into its words, and the separators of its commands."""
    for text, start, end in _split(script.text):
        yield Word(text=text, path=script.path, start=start, end=end)


@lru_cache(maxsize=1024)
def _split(script: str) -> tuple[tuple[str, int, int], ...]:
    found, place = [], 0
    while place < len(script):
        token = _TOKEN.match(script, place)
        if token is None:  # a quote that nothing ends
            return tuple((word[0], *word.span()) for word in re.finditer(r"\S+", script))
        place = token.end()
        if token["end"]:
            found.append((token["end"].strip()[:1] or ";", *token.span()))
        elif token["word"]:
            found.append((_unquoted(token["word"]), *token.span()))
    return tuple(found)


def _unquoted(word: str) -> str:
    return "".join(shlex.split(word.replace("\\\n", ""))) if re.search(r"[\\'\"]", word) else word
