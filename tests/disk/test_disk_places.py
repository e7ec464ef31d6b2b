"""Names, places and inventories that are refused; after a refusal everything is as it was."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import threading
from pathlib import Path
from typing import Any

import pytest

from generator.disk import HandEdited, write
from generator.model.findings import Fault
from tests.disk.test_disk import NEW, OLD, plan, render, states, texts

BAD_PLAN_NAMES = [
    "", ".", "..", "a/b", "/a", "../a", "a\\b", "c:", "\\\\?\\c", "a\0", "prod\n", "-a", "a-", "A", "é",
    "a.b", "a_b", "con", "nul", "com1", "lpt9", "a" * 64, ".git", "٣",
]  # fmt: skip
BAD_PATHS = [
    "", ".", "..", "/a", "a/", "a//b", "./a", "a/.", "a/..", "../a", "a/../../b", "a\\b", "c:a", "\\\\?\\c",
    "a\0b", "a\nb", "a\x9bb", "a\u2028b", "a\ud800", "a?", "a*", "a|b", 'a"', "<a>", "a.", "a ", "a/b./c",
    "con", "CON", "Nul.txt", "a/com1.yaml", "lpt0", "com¹", "conin$", "inventory.json", "Inventory.JSON",
    "live", "live/a", "LIVE/a", "a" * 101, "é" * 51, "/".join(["a" * 90, "b" * 90]),
]  # fmt: skip
COLLISIONS = [
    ("a", "A"), ("a/x", "A/y"), ("é", "e\u0301"), ("É", "é"), ("straße", "STRASSE"), ("a", "a/b"),
    ("a/b", "a/b/c/d"),
]  # fmt: skip


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "rendered"


@pytest.mark.parametrize("name", BAD_PLAN_NAMES, ids=ascii)
def test_a_plan_name_is_a_label(out: Path, name: str) -> None:
    with pytest.raises(Fault, match="is not a DNS label"):
        write(out, [plan(name=name)], version="1.0")
    assert not out.exists()


@pytest.mark.parametrize("path", BAD_PATHS, ids=ascii)
def test_a_path_must_be_safe_on_every_system(out: Path, path: str) -> None:
    with pytest.raises(Fault, match=r"cannot write .* of plan 'demo': it (is|has)"):
        render(out, {"README.md": "x", path: "x"})
    assert not out.exists()


@pytest.mark.parametrize("pair", COLLISIONS, ids=ascii)
def test_paths_must_differ_on_every_system(out: Path, pair: tuple[str, str]) -> None:
    with pytest.raises(Fault, match=r"one on some systems|both a file and a directory"):
        render(out, dict.fromkeys(pair, "x"))
    assert not out.exists()


@pytest.mark.parametrize(
    "path",
    ["a" * 100, "é" * 50, "/".join(["a" * 90, "b" * 89]), "console", ".gitattributes", "alive/a", "a b"],
)
def test_paths_just_within_the_limits_are_written(out: Path, path: str) -> None:
    render(out, {path: "x\n"})
    assert (out / "demo" / path).read_text() == "x\n"


def test_a_name_just_within_the_limit_is_written(out: Path) -> None:
    write(out, [plan(name="a" * 63)], version="1.0")
    assert texts(out / ("a" * 63)) == OLD


def test_two_plans_cannot_share_a_name(out: Path) -> None:
    with pytest.raises(Fault, match="two plans have the name 'demo'"):
        write(out, [plan(), plan(NEW)], version="1.0")


def test_text_must_be_unicode(out: Path) -> None:
    with pytest.raises(Fault, match=r"'README.md' of plan 'demo': its text is not valid Unicode"):
        render(out, {"README.md": "\ud800"})
    assert not out.exists()


def bad_target(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make one of the targets that must be refused; the pieces stand in for the real ones."""
    there = tmp_path / "there"
    there.mkdir()
    if kind == "root":
        return pathlib.Path("/")
    if kind == "root by dots":
        return pathlib.Path("/usr/..")
    if kind == "home":
        monkeypatch.setenv("HOME", str(there))
        return there
    if kind == "git":
        (there / ".git").mkdir()
        return there / ".git"
    if kind == "below git":
        return there / ".git" / "x"
    if kind == "link":
        (tmp_path / "link").symlink_to(there)
        return tmp_path / "link"
    if kind == "dangling link":
        (tmp_path / "link").symlink_to("nowhere")
        return tmp_path / "link"
    if kind == "link to itself":
        (tmp_path / "link").symlink_to("link")
        return tmp_path / "link"
    (tmp_path / "file").write_text("mine")
    return tmp_path / kind


TARGETS = {
    "root": "the root of the file system",
    "root by dots": "the root of the file system",
    "home": "is the home directory",
    "git": "is inside a .git directory",
    "below git": "is inside a .git directory",
    "link": "is a symbolic link",
    "dangling link": "is a symbolic link",
    "link to itself": "is a symbolic link",
    "file": "is not a directory",
    "file/below": "Not a directory",
}


@pytest.mark.parametrize("kind", TARGETS)
def test_some_places_are_no_output_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    target = bad_target(kind, tmp_path, monkeypatch)
    before = states(tmp_path)
    with pytest.raises(Fault, match=TARGETS[kind]):
        render(target)
    assert states(tmp_path) == before


def foreign(kind: str, demo: Path, elsewhere: Path) -> None:
    """Put something that is not ours where the plan's directory goes."""
    if kind == "link":
        demo.symlink_to(elsewhere)
        return
    if kind == "file":
        demo.write_text("mine")
        return
    demo.mkdir()
    if kind == "not empty":
        (demo / "notes.txt").write_text("mine")
    if kind == "only a directory":
        (demo / "notes").mkdir()
    if kind == "another tool's":
        (demo / "inventory.json").write_text('{"hosts": []}')
    if kind == "a list":
        (demo / "inventory.json").write_text("[]")
    if kind == "linked inventory":
        (demo / "inventory.json").symlink_to(elsewhere / "inventory.json")


FOREIGN = {
    "link": "demo is a symbolic link",
    "file": "demo is a file, not a directory",
    "not empty": r"demo is not empty and has no inventory\.json of ours",
    "only a directory": r"demo is not empty and has no inventory\.json of ours",
    "another tool's": "was not written by rollplan",
    "a list": "was not written by rollplan",
    "linked inventory": r"inventory\.json is a symbolic link",
}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_not_ours_is_not_taken(tmp_path: Path, out: Path, kind: str, force: bool) -> None:
    render(tmp_path / "other")
    out.mkdir()
    foreign(kind, out / "demo", tmp_path / "other/demo")
    before = states(tmp_path)
    with pytest.raises(Fault, match=FOREIGN[kind]):
        render(out, NEW, force=force)
    before[str(out)] = states(tmp_path)[str(out)]
    assert states(tmp_path) == before


def test_an_empty_directory_is_taken(out: Path) -> None:
    (out / "demo").mkdir(parents=True)
    render(out)
    assert texts(out / "demo") == OLD


def test_the_output_must_not_hold_its_own_plan(out: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("rendered/demo")
    for source in (out / "demo/plan.yaml", tmp_path / "link/deep/plan.yaml"):
        with pytest.raises(Fault, match="holds its source"):
            write(out, [plan(sources=(source,))], version="1.0")
    assert not out.exists()
    write(out, [plan(sources=(out / "demo-plan.yaml", out / "plan.yaml"))], version="1.0")


@pytest.mark.parametrize("path", ["stages", "stages/00-baseline", "README.md"])
@pytest.mark.parametrize("force", [False, True])
def test_a_link_in_a_path_of_ours_is_never_followed(
    out: Path, tmp_path: Path, path: str, force: bool
) -> None:
    render(out)
    elsewhere = tmp_path / "elsewhere"
    (out / "demo" / path).rename(elsewhere)
    (out / "demo" / path).symlink_to(elsewhere)
    before = states(elsewhere)
    with pytest.raises(Fault, match=f"demo/{path} is a symbolic link"):
        render(out, NEW, force=force)
    assert states(elsewhere) == before


CONFLICT = '{\n<<<<<<< ours\n  "rollplan": "1.0",\n=======\n  "rollplan": "1.1",\n>>>>>>> theirs\n'


@pytest.mark.parametrize(
    "text", ["", CONFLICT, "[" * 100_000, "\xff", '{"rollplan": "1.0", "formatVersion": "1"}'], ids=range(5)
)
def test_a_damaged_inventory_is_a_hand_edit_and_then_owns_nothing(out: Path, text: str) -> None:
    render(out)
    (out / "demo/inventory.json").write_text(text, encoding="latin-1")
    with pytest.raises(HandEdited) as caught:
        render(out, NEW)
    assert caught.value.paths == (f"{out}/demo/README.md", f"{out}/demo/inventory.json")
    written = render(out, NEW, force=True)
    assert written.unknown == ("stages/01-gone/delete/objects.yaml",)
    assert render(out, NEW).unchanged


@pytest.mark.parametrize("path", [path for path in BAD_PATHS if not {"\0", "\ud800"} & set(path)], ids=ascii)
def test_an_inventory_never_makes_us_delete_elsewhere(out: Path, tmp_path: Path, path: str) -> None:
    render(out)
    (tmp_path / "a").write_text("mine")
    (out / "demo/live").mkdir()
    (out / "demo/live/a").write_text("mine")
    inventory = json.loads((out / "demo/inventory.json").read_text())
    inventory["files"][path] = {"sha256": "0" * 64}
    (out / "demo/inventory.json").write_text(json.dumps(inventory))
    before = states(out / "demo")
    with pytest.raises(Fault, match=r"inventory\.json lists .*restore it"):
        render(out, NEW, force=True)
    assert states(out / "demo") == before


@pytest.mark.parametrize(
    "entry", [None, "0" * 64, {}, {"sha256": 1}, {"sha256": "0" * 63 + "g"}, {"sha256": "0" * 64 + "\n"}]
)
def test_an_inventory_without_a_digest_is_refused(out: Path, entry: Any) -> None:
    render(out)
    text = json.dumps({"formatVersion": "1", "rollplan": "1.0", "files": {"README.md": entry}})
    (out / "demo/inventory.json").write_text(text)
    with pytest.raises(Fault, match=r"has no SHA-256 for 'README\.md'"):
        render(out, NEW, force=True)


def test_an_inventory_of_a_newer_format_is_refused(out: Path) -> None:
    render(out)
    (out / "demo/inventory.json").write_text('{"formatVersion": "2", "rollplan": "9.0", "files": {}}')
    with pytest.raises(Fault, match="use a newer one"):
        render(out, NEW, force=True)


def test_a_link_in_the_place_of_a_temporary_is_not_followed(out: Path, tmp_path: Path) -> None:
    render(out)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file").write_text("mine")
    for name in (".demo.rollplan-new", ".rollplan.lock"):
        (out / name).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(Fault, match=name):
            render(out, NEW)
        (out / name).unlink()
    assert (tmp_path / "elsewhere/file").read_text() == "mine"
    assert texts(out / "demo") == OLD


@pytest.mark.slow
def test_a_directory_swapped_for_a_link_meanwhile_leads_nowhere(out: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "00-baseline").mkdir(parents=True)
    (elsewhere / "00-baseline/kustomization.yaml").write_text("mine")
    (tmp_path / "link").symlink_to(elsewhere)
    before = states(elsewhere)
    done = threading.Event()

    moves = [("demo/stages", "aside"), ("../link", "demo/stages")]
    moves += [(there, here) for here, there in reversed(moves)]

    def swap_to_and_fro() -> None:
        while not done.is_set():
            for here, there in moves:
                with contextlib.suppress(OSError):
                    os.rename(out / here, out / there)

    render(out)
    thread = threading.Thread(target=swap_to_and_fro)
    thread.start()
    try:
        for turn in range(100):
            with contextlib.suppress(Fault):
                render(out, (OLD, NEW)[turn % 2], force=True)
            assert os.stat(elsewhere / "00-baseline/kustomization.yaml").st_nlink == 1
    finally:
        done.set()
        thread.join()
    assert states(elsewhere) == before
