"""Inputs made to crash, hang or bloat: a process of its own, with little memory, reads each and survives."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.load import load_manifests
from generator.load.limits import Limits
from tests.support.loading import finding
from tests.support.paths import ROOT
from tests.support.patience import EFFORT

MEBIBYTE = 1 << 20

CHILD = f"""
import json, pathlib, re, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({512 * MEBIBYTE}, {512 * MEBIBYTE}))
resource.setrlimit(resource.RLIMIT_CPU, ({EFFORT}, {EFFORT}))
import yaml
from generator.load.reader import load_manifests, load_plan, read_source
from generator.load.yaml import composer
composer.LOADER = getattr(yaml, sys.argv[2])
answer = []
def run(step):
    try:
        while True:
            found.add(next(step))
    except StopIteration as end:
        return end.value
for loader in (load_plan, load_manifests):
    found = set()
    source = run(read_source(pathlib.Path(sys.argv[1]), "p.yaml"))
    documents = run(loader(source)) if source else None
    answer.append([bool(documents), sorted({{finding.code.id for finding in found}}), len(found)])
    assert max((len(finding.message) for finding in found), default=0) < 1000
(peak,) = re.findall(r"VmHWM:\\s*(\\d+) kB", pathlib.Path("/proc/self/status").read_text())
peak = int(peak) * 1024  # getrusage would count the parent until the new program began
print(json.dumps([answer, peak]))
"""


def read(tmp_path: Path, text: bytes | str, loader: str = "CSafeLoader") -> list[Any]:
    """Give whether there are documents, the codes and the count of findings, for both readings."""
    path = tmp_path / "p.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD, path, loader],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    answer: list[Any]
    answer, peak = json.loads(run.stdout)
    assert peak < 256 * MEBIBYTE
    return answer


def bomb(levels: int, width: int, start: str, item: Callable[[str], str]) -> str:
    """Give lines that each repeat the one before `width` times."""
    lines = [f"a0: &a0 {start}"]
    for level in range(1, levels + 1):
        lines.append(f"a{level}: &a{level} {item(', '.join([f'*a{level - 1}'] * width))}")
    return "\n".join(lines) + "\n"


def merge_bomb(levels: int) -> str:
    """Give mappings that each merge the one before, under a new name, many times."""
    lines = ["a0: &a0 {k: 1}"]
    for level in range(1, levels + 1):
        merges = ", ".join(f"k{n}: {{<<: *a{level - 1}}}" for n in range(9))
        lines.append(f"a{level}: &a{level} {{{merges}}}")
    return "\n".join(lines) + "\n"


def lol(levels: int) -> str:
    return bomb(levels, 9, "[lol, lol]", "[{}]".format)


NESTED = {
    f"{name} {count:,} times": text * count
    for name, text in (
        ("[", "["),
        ("- ", "- "),
        ("{a: ", "{a: "),
        ("? ", "? "),
        ("&a [", "&a ["),
        ("!!seq [", "!!seq ["),
    )
    for count in (Limits.depth + 1, 1000, 60_000)
}
NESTED |= {
    "[ 500,000 times": "[" * 500_000,
    "- 500,000 times": "- " * 500_000,
    "{a: 250,000 times": "{a: " * 250_000,
}
NESTED |= {"keys below keys": "".join(f"{' ' * n}a:\n" for n in range(1000))}


@pytest.mark.parametrize("name", NESTED)
def test_deep_nesting_is_refused(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, NESTED[name]) == [[False, ["RP006"], 1]] * 2


@pytest.mark.parametrize("name", [name for name in NESTED if "60,000" in name])
def test_deep_nesting_is_refused_without_libyaml(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, NESTED[name], "SafeLoader") == [[False, ["RP006"], 1]] * 2


@pytest.mark.parametrize("what", ["flow", "block"])
def test_a_parser_with_a_limit_of_its_own_is_understood(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """PyYAML from 6.0.4 on refuses what is nested far ahead, before the guard can count it."""
    place = yaml.Mark("p.yaml", 6, 0, 6, None, None)
    error = yaml.scanner.ScannerError(
        f"while increasing {what} level", None, "exceeded maximum nesting depth", place
    )

    def parse(text: str, **options: Any) -> Iterator[Any]:
        yield from ()
        raise error

    monkeypatch.setattr(yaml, "parse", parse)
    found = finding("a: [[[[[[[", load_manifests)
    assert (found.code.id, str(found.place), found.related) == ("RP006", "p.yaml:1:7", ())


BOMBS = {f"lol{levels}": lol(levels) for levels in range(5, 10)}
BOMBS |= {f"merge{levels}": merge_bomb(levels) for levels in range(5, 10)}
BOMBS |= {
    "merge of lists": bomb(9, 9, "{k: 1}", "{{b: [{}]}}".format),
    "mapping values": "a0: &a0 [1]\n"
    + "".join(f"a{n}: &a{n} {{b: *a{n - 1}, c: *a{n - 1}}}\n" for n in range(1, 49)),
    "itself": "&a [" + "*a, " * 50 + "]",
    "each other": "a: &a {b: &b [*a, *b]}\nc: *a\n",
    "101 aliases": "a: &a 1\n" + "b:\n" + "- *a\n" * 101,
    "30,000 aliases": "a: &a 1\n" + "b:\n" + "- *a\n" * 30_000,
    "20,000 anchors": "- &a [x, *a]\n" * 20_000,
    "a large one twice": "a: &a [" + "1," * 60_000 + "]\nb: *a\n",
    "documents of bombs": (lol(4) + "---\n") * 20,
}


@pytest.mark.parametrize("name", BOMBS)
def test_alias_bombs_are_refused(tmp_path: Path, name: str) -> None:
    for has_documents, codes, count in read(tmp_path, BOMBS[name]):
        assert not has_documents
        assert set(codes) & {"RP006", "RP007"}
        assert set(codes) <= {"RP006", "RP007", "RP010"}
        assert count <= Limits.findings


HUGE: dict[str, tuple[str | bytes, list[str], list[str]]] = {
    # name: text, codes of a plan, codes of a manifest; a text without errors gives documents
    "values in a list": ("[" + "a," * (MEBIBYTE // 2 - 1) + "]", ["RP008"], ["RP008"]),
    "lists in a list": ("[" + "[]," * 349_000 + "]", ["RP008"], ["RP008"]),
    "mappings in a list": ("[" + "{a}," * 262_000 + "]", ["RP008"], ["RP008"]),
    "pairs in a list": ("[" + "a: ," * 209_000 + "]", ["RP008"], ["RP008"]),
    "values deep down": ("[" * 63 + "a," * 500_000 + "]" * 63, ["RP008"], ["RP008"]),
    "words in doubt": ("[" + "yes," * 200_000 + "]", ["RP011"], []),
    "keys that differ": ("".join(f"k{n}: v\n" for n in range(90_000)), [], []),
    "keys that are the same": ("a:\n" * 300_000, ["RP003"], ["RP003"]),
    "keys that are null": ("{" + "?," * 500_000 + "}", ["RP004"], ["RP004"]),
    "keys that are lists": ("? []\n" * 200_000, ["RP004"], ["RP004"]),
    "tags": ("- !a b\n" * 149_000, ["RP005"], ["RP005"]),
    "numbers out of range": ("- 1e999\n" * 131_000, ["RP013"], ["RP013"]),
    "documents": ("--- a\n" * 170_000, ["RP010"], []),
    "empty documents": ("---\n" * 240_000, ["RP010"], []),
    "tag directives": (
        "".join(f"%TAG !{n:x}! !\n" for n in range(70_000)) + "---\na: 1\n",
        ["RP002"],
        ["RP002"],
    ),
    "a scalar": ("a: " + "b" * (MEBIBYTE - 3), [], []),
    "a quoted scalar": ('a: "' + "\\n" * 520_000 + '"', [], []),
    "a quoted scalar without end": ('"' + "a" * (MEBIBYTE - 1), ["RP002"], ["RP002"]),
    "a block of text": ("a: |\n" + " b\n" * 349_000, [], []),
    "a folded scalar": ("a:\n" + " b\n" * 349_000, [], []),
    "an integer": ("a: " + "9" * 10**6, ["RP013"], ["RP013"]),
    "a float": ("a: 0." + "9" * 10**6, ["RP013"], ["RP013"]),
    "a hexadecimal number": ("a: 0x" + "f" * 10**6, ["RP011"], ["RP013"]),
    "a number with underscores": ("a: 1" + "_1" * 500_000, ["RP011"], ["RP013"]),
    "a number to the base 60": ("a: 1" + ":00" * 340_000, ["RP011"], []),
    "digits and then none": ("a: " + "1" * 10**6 + "x", [], []),
    "nines that end badly": ("a: 1e" + "9" * 10**6 + "x", [], []),
    "a key": ("? " + "k" * 10**5 + "\n: v\n", [], []),
    "a key twice": (f"? {'k' * 10**5}\n: v\n? {'k' * 10**5}\n: v\n", ["RP003"], ["RP003"]),
    "a simple key": ("k" * 10**5 + ": v\n", ["RP002"], ["RP002"]),
    "an anchor": (f"a: &{'x' * 10**6} b\n", [], []),
    "an alias": (f"a: *{'x' * 10**6}\n", ["RP002"], ["RP002"]),
    "a tag": (f"a: !{'x' * 10**6} b\n", ["RP005"], ["RP005"]),
    "escapes in a tag": (f"a: !{'%41' * 300_000} b\n", ["RP005"], ["RP005"]),
    "exclamation marks": ("!" * 10**6, ["RP005"], ["RP005"]),
    "ampersands": ("& " * 500_000, ["RP002"], ["RP002"]),
    "comments": ("#\n" * 500_000, ["RP010"], []),
    "a comment behind an anchor": ("a: &b " + "#\n" * 500_000 + " c\n", [], []),
    "line ends": ("\n" * MEBIBYTE, ["RP010"], []),
    "carriage returns": ("\r" * MEBIBYTE, ["RP010"], []),
    "spaces": (" " * MEBIBYTE, ["RP010"], []),
    "tabs": ("\t" * MEBIBYTE, ["RP002"], ["RP002"]),
    "NULs": ("\0" * MEBIBYTE, ["RP001"], ["RP001"]),
    "a NUL at the end": ("a: 1\n" * 1000 + "\0", ["RP001"], ["RP001"]),
    "escape characters": ("\x1b[" * 500_000, ["RP009"], ["RP009"]),
    "a run of escape characters": ("\x1b" * MEBIBYTE, ["RP009"], ["RP009"]),
    "no characters": ("\ufffe" * 349_000, ["RP009"], ["RP009"]),
    "no UTF-8": (b"\xff" * MEBIBYTE, ["RP001"], ["RP001"]),
    "a byte too many": ("a" * (MEBIBYTE + 1), ["RP008"], ["RP008"]),
    "colons": (":" * MEBIBYTE, ["RP002"], ["RP002"]),
    "a: a: a": ("a: " * 300_000, ["RP002"], ["RP002"]),
    "merges of a large mapping": (
        "a: &a {" + ",".join(f"k{n}" for n in range(1100)) + "}\nb:\n" + "- {<<: *a}\n" * 95,
        ["RP007"],
        ["RP007"],
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_huge_inputs_are_read_or_refused(tmp_path: Path, name: str) -> None:
    text, plan, manifest = HUGE[name]
    answers = read(tmp_path, text)
    assert [codes for _, codes, _ in answers] == [plan, manifest]
    assert max(count for _, _, count in answers) <= Limits.findings + 1


def test_what_people_write_with_aliases_is_read(tmp_path: Path) -> None:
    text = "a: &a {b: [1, 2, 3]}\nc:\n" + "- {<<: *a, d: 1}\n- *a\n" * 50
    assert read(tmp_path, text) == [[True, [], 0]] * 2


def test_files_without_aliases_have_more_room_than_those_with_them(tmp_path: Path) -> None:
    text = "a: &a 1\nb: [" + "1," * (Limits.nodes + 1) + "]\n"
    assert read(tmp_path, text) == [[True, [], 0]] * 2
    assert read(tmp_path, text + "c: *a\n") == [[False, ["RP007"], 1]] * 2
