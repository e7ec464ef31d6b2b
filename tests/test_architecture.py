"""The laws of the house that a machine can check: where things stand, and who may know whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "generator"

FLOORS = (
    {"generator"},
    {"source", "resources", "gate", "accept", "patches", "roots", "plan_schema", "inquiry", "target"},
    {"diagnostics", "reporters.sanitize", "violations"},
    {"codes", "contract", "facts", "manifests", "prometheus", "emit", "markdown", "keywords"},
    {"wanted"},
    {
        "load",
        "discretion",
        "disk",
        "canonical",
        "legacy",
        "model",
        "explain",
        "templating",
        "validate",
        "crds",
    },
    {"builtins"},
    {"anatomy", "fields", "make", "weights", "metrics", "backends", "sentences"},
    {"acceptance"},
    {"workloads", "labels", "kustomize", "gateways", "rewrites", "commons", "names", "version", "pins"},
    {"routes", "sources", "references", "update_policy", "changes", "steps", "engines"},
    {"scale", "made"},
    {"kubectl", "summary", "gather", "derive", "continuity", "capacity", "shifts", "crd_files"},
    {
        "adapters",
        "removal",
        "requirements",
        "route_gates",
        "narrow",
        "budget",
        "frameworks",
        "grants",
        "objectives",
        "questions",
    },
    {"takeover"},
    {"cutover", "rules"},
    {"strategies"},
    {"delivery"},
    {"parse", "layout", "prove", "rollout_json", "runbook", "compare", "revisions", "check"},
    {"render", "reporters", "promotion", "verify", "wiring"},
    {"pipeline"},
    {"output", "krm"},
    {"sides"},
    {"cli"},
)
"""The rooms from the ground up: a room knows rooms below it, and neighbours that do not know it."""

ONLY = {
    "jinja2": {"templating"},
    "jsonschema": {"validate"},
    "referencing": {"validate"},
    "yaml": {"load"},
    "click": {"cli"},
    "ctypes": {"disk"},
    "jsonpatch": {"patches"},
    "re2": {"crds"},
    "subprocess": {"kustomize", "revisions"},
    "deepdiff": {"compare"},
    "urllib": {"prometheus", "reporters", "crds"},
    "http": {"prometheus"},
}
"""Library → the rooms that may know it."""

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


def room(path: Path) -> str:
    """Name the room of a module: a package is one room, but for the sanitiser that others share."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    dotted = ".".join(part for part in parts if part != "__init__")
    if not dotted:
        return "generator"
    return dotted if any(dotted in floor for floor in FLOORS) else dotted.split(".")[0]


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
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if is_module(name) else node.module for name in names)


def is_module(dotted: str) -> bool:
    path = ROOT / Path(*dotted.split("."))
    return dotted.startswith("generator.") and (path.with_suffix(".py").exists() or path.is_dir())


def room_of(dotted: str) -> str:
    path = ROOT / Path(*dotted.split("."))
    return room(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))


def floor(name: str) -> int:
    return next(level for level, rooms in enumerate(FLOORS) if name in rooms)


@pytest.mark.parametrize("path", modules(), ids=str)
def test_every_module_is_on_a_floor_and_imports_go_down(path: Path) -> None:
    here = room(path)
    assert any(here in rooms for rooms in FLOORS), f"{here} is on no floor: give it one in FLOORS"
    for dotted in imports(path):
        if dotted.split(".")[0] == "generator":
            there = room_of(dotted)
            assert there == here or floor(there) <= floor(here), f"{here} imports {there}, which is above it"


def test_rooms_of_one_floor_have_no_circle() -> None:
    arrows = {
        (room(path), room_of(dotted))
        for path in modules()
        for dotted in imports(path)
        if dotted.startswith("generator")
    }
    level = {(a, b) for a, b in arrows if a != b and floor(a) == floor(b)}
    assert not {(a, b) for a, b in level if (b, a) in level}


@pytest.mark.parametrize("path", modules(), ids=str)
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    for dotted in imports(path):
        allowed = ONLY.get(dotted.split(".")[0])
        assert allowed is None or room(path) in allowed, f"{room(path)} imports {dotted}"


@pytest.mark.parametrize("path", modules(), ids=str)
def test_only_the_disk_writes(path: Path) -> None:
    if room(path) == "disk":
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


@pytest.mark.parametrize("path", [path for path in modules() if room(path) != "cli"], ids=str)
def test_errors_are_named(path: Path) -> None:
    handlers = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
    ]
    caught = {ast.unparse(handler.type) if handler.type else "" for handler in handlers}
    assert not caught & {"", "Exception", "BaseException"} or room(path) == "disk"


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
    assert not [dotted for dotted in imports(path) if dotted.startswith("deepdiff.")]
