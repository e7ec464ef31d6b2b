"""The laws of the house that a machine can check: where things stand, and who may know whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "generator"

ONLY = {
    "jinja2": {"templating"},
    "jsonschema": {"plan.validate"},
    "referencing": {"plan.validate"},
    "yaml": {"load.yaml"},
    "click": {"cli"},
    "ctypes": {"disk.linux"},
    "jsonpatch": {"stages.green.patches"},
    "re2": {"apiserver.patterns"},
    "subprocess": {"load.kustomize", "gitops.git"},
    "deepdiff": {"gitops.compare.fields"},
    "urllib": {"gitops.prometheus", "cli.formats", "apiserver"},
    "http": {"gitops.prometheus"},
}
"""Library → the rooms and modules that may know it."""

WRITERS = {
    "write_text",
    "write_bytes",
    "mkdir",
    "unlink",
    "rmdir",
    "rename",
    "replace_file",
    "symlink_to",
    "touch",
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    """Return a module's name below the package: `load.yaml` is a room or a folder in one."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def is_in(path: Path, *places: str) -> bool:
    return any(f"{dotted(path)}.".startswith(f"{place}.") for place in places)


def imports(path: Path) -> Iterator[str]:
    """Give the modules that a module imports at run time: those for type checking alone are no arrows."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typed = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typed:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


LOOSE = {"__init__", "pipeline", "templating", "emit", "resources"}
"""The modules that are no room."""


def test_every_other_module_is_in_a_room() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == LOOSE


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=str)
def test_a_room_says_what_it_holds(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert len(said.split("\n")[0].split()) >= 6


@pytest.mark.parametrize("path", modules(), ids=str)
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    for library in imports(path):
        allowed = ONLY.get(library.split(".")[0])
        assert allowed is None or is_in(path, *allowed), f"{dotted(path)} imports {library}"


@pytest.mark.parametrize("path", modules(), ids=str)
def test_only_the_disk_writes(path: Path) -> None:
    if is_in(path, "disk", "load.kustomize.workspace"):  # kustomize reads files: a folder that goes again
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not [call.attr for call in calls if isinstance(call, ast.Attribute) and call.attr in WRITERS]
    opened = [
        call for call in ast.walk(tree) if isinstance(call, ast.Call) and ast.unparse(call.func) == "open"
    ]
    assert all("rb" in ast.unparse(call) for call in opened)


@pytest.mark.parametrize("path", modules(), ids=str)
def test_sizes_and_docstrings(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert text.count("\n") <= 250, "split this file"
    assert ast.get_docstring(tree), "a module says what it is for"
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    public = [*tree.body, *(member for owner in classes for member in owner.body)]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 45, f"{node.name} is too long"
            if not node.name.startswith("_") and node in public:
                first = (ast.get_docstring(node) or "").split("\n")[0]
                assert first.endswith((".", ".)")), f"the docstring of {node.name} starts with a sentence"


def steps() -> set[str]:
    """Return the names of the functions that yield findings, where no other function has the same name."""
    found: set[str] = set()
    others: set[str] = set()
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                returned = ast.unparse(node.returns) if node.returns else ""
                is_step = returned.startswith("Reporting[") or returned in {"Iterator[Finding]", "Finding"}
                (found if is_step else others).add(node.name)
    return found - others


STEPS = steps()


def lost(tree: ast.AST) -> Iterator[str]:
    """Return the calls of steps whose findings nobody gets: a generator that is not run does nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name = ast.unparse(node.value.func).rpartition(".")[2]
            if name in STEPS:
                yield f"line {node.lineno}: {name}(…) without `yield from` or a collector does nothing"


@pytest.mark.parametrize("path", modules(), ids=str)
def test_the_findings_of_a_step_are_never_lost(path: Path) -> None:
    assert not [*lost(ast.parse(path.read_text(encoding="utf-8")))]


def test_a_forgotten_yield_from_is_seen() -> None:
    assert len(STEPS) > 100
    assert [*lost(ast.parse("def f():\n    require_flags(wanted)"))]
    assert not [*lost(ast.parse("def f():\n    yield from require_flags(wanted)"))]


@pytest.mark.parametrize("path", [path for path in modules() if not is_in(path, "cli", "gitops")], ids=str)
def test_a_step_returns_its_findings(path: Path) -> None:
    """The pipeline collects: no other function is given a collection to write findings into."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and dotted(path) != "pipeline":
            given = [ast.unparse(each.annotation) for each in node.args.args if each.annotation]
            assert not {"Collector", "list[Finding]"} & set(given), f"{node.name} writes findings"


@pytest.mark.parametrize("path", [path for path in modules() if not is_in(path, "cli")], ids=str)
def test_errors_are_named(path: Path) -> None:
    handlers = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
    ]
    caught = {ast.unparse(handler.type) if handler.type else "" for handler in handlers}
    assert not caught & {"", "Exception", "BaseException"} or is_in(path, "disk")


def test_there_is_no_drawer_for_everything() -> None:
    assert not [path for path in modules() if path.stem in {"utils", "helpers", "common", "misc"}]


@pytest.mark.parametrize("path", modules(), ids=str)
def test_deepdiff_only_compares(path: Path) -> None:
    """Its `Delta` reads pickles, and has run code of strangers (CVE-2025-58367)."""
    assert "Delta" not in {
        alias.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deepdiff")
        for alias in node.names
    }
    assert not [library for library in imports(path) if library.startswith("deepdiff.")]
