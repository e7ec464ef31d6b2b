"""Writing a plan's directory: what is there afterwards, what stays, what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.disk import HandEdited, Planned, inventory_text, read_tree, write
from generator.disk.values import Written
from generator.model.findings import Fault

OLD = {
    "README.md": "the runbook\n",
    "bundles/blue/deployment.yaml": "kind: Deployment\n",
    "bundles/blue/kustomization.yaml": "resources: [deployment.yaml]\n",
    "stages/00-baseline/kustomization.yaml": "stage: 0\n",
    "stages/01-gone/delete/objects.yaml": "gone\n",
}
NEW = {
    "README.md": "the runbook, once more\n",
    "bundles/blue/deployment.yaml": "kind: Deployment\n",
    "bundles/blue/kustomization.yaml": "resources: [deployment.yaml]\n",
    "stages/00-baseline/kustomization.yaml": "stage: 0\n",
    "stages/01-weight/kustomization.yaml": "weight: 1\n",
}


def plan(tree: dict[str, str] = OLD, name: str = "demo", **more: Any) -> Planned:
    return Planned(**{"name": name, "tree": tree, "identities": {}, "sources": (), **more})


def render(out: Path, tree: dict[str, str] = OLD, *, force: bool = False, version: str = "1.0") -> Written:
    (written,) = write(out, [plan(tree)], version=version, force=force)
    return written


def texts(place: Path) -> dict[str, str]:
    """Give every file below a directory but the inventory."""
    return {path: text for path, text in read_tree(place).items() if path != "inventory.json"}


def states(top: Path) -> dict[str, tuple[int, int, int, bytes | None]]:
    """Give what a careful observer can tell of every file and directory below `top` and of itself."""
    found = {}
    for folder, folders, files in os.walk(top):
        for path in [folder, *(f"{folder}/{name}" for name in folders + files)]:
            status = os.lstat(path)
            content = pathlib.Path(path).read_bytes() if stat.S_ISREG(status.st_mode) else None
            found[path] = (status.st_ino, status.st_mode, status.st_mtime_ns, content)
    return found


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "rendered"


@pytest.fixture
def demo(out: Path) -> Path:
    render(out)
    return out / "demo"


def test_the_tree_stands_there_with_its_inventory(out: Path) -> None:
    planned = plan(identities={"bundles/blue/deployment.yaml": "apps/Deployment/llm-d/blue"})
    (written,) = write(out, [planned], version="1.0")
    assert written.changed == tuple(sorted([*OLD, "inventory.json"]))
    assert (written.removed, written.unknown, written.unchanged) == ((), (), False)
    assert texts(out / "demo") == OLD
    assert os.listdir(out) == ["demo"]
    text = (out / "demo/inventory.json").read_text()
    assert text == inventory_text(planned, version="1.0")
    inventory = json.loads(text)
    assert list(inventory) == ["formatVersion", "rollplan", "files"]
    assert (inventory["formatVersion"], inventory["rollplan"]) == ("1", "1.0")
    assert list(inventory["files"]) == sorted(OLD)
    assert inventory["files"]["bundles/blue/deployment.yaml"] == {
        "sha256": hashlib.sha256(b"kind: Deployment\n").hexdigest(),
        "object": "apps/Deployment/llm-d/blue",
    }
    assert "object" not in inventory["files"]["README.md"]
    assert text.endswith("}\n")
    assert '\n  "files": {\n    "README.md": {\n' in text


def test_the_same_again_touches_nothing_not_even_the_output_directory(out: Path, demo: Path) -> None:
    (demo / "notes.txt").write_text("mine")
    before = states(out)
    written = render(out)
    assert written.unchanged
    assert written.unknown == ("notes.txt",)
    assert states(out) == before


def test_what_does_not_differ_keeps_its_inode_and_its_times(out: Path, demo: Path) -> None:
    for place in sorted(demo.rglob("*"), reverse=True):
        os.utime(place, (10**9, 10**9))
    before = states(demo)
    written = render(out, NEW)
    after = states(demo)
    assert written.changed == ("README.md", "inventory.json", "stages/01-weight/kustomization.yaml")
    assert written.removed == ("stages/01-gone/delete/objects.yaml",)
    assert texts(demo) == NEW
    for path in OLD.keys() & NEW.keys() - {"README.md"}:
        assert after[f"{demo}/{path}"] == before[f"{demo}/{path}"]
    for folder in ("bundles", "bundles/blue", "stages/00-baseline"):
        assert after[f"{demo}/{folder}"][1:3] == before[f"{demo}/{folder}"][1:3]
    assert after[f"{demo}/stages"][2] != before[f"{demo}/stages"][2]


def test_another_version_of_the_tool_changes_the_inventory_alone(out: Path, demo: Path) -> None:
    assert render(out, version="1.1").changed == ("inventory.json",)
    assert render(out, version="1.1").unchanged


def test_stale_files_go_with_their_directories_and_unknown_things_stay(out: Path, demo: Path) -> None:
    (demo / "stages/01-gone/notes.txt").write_text("mine")
    (demo / "mine/empty").mkdir(parents=True)
    (demo / "mine").chmod(0o700)
    (demo / "link").symlink_to(pathlib.Path(__file__).parent)
    os.mkfifo(demo / "pipe")
    before = states(demo)
    written = render(out, NEW)
    after = states(demo)
    assert written.unknown == ("link", "pipe", "stages/01-gone/notes.txt")
    assert not (demo / "stages/01-gone/delete").exists()
    for path in ("link", "pipe", "stages/01-gone/notes.txt"):
        assert after[f"{demo}/{path}"] == before[f"{demo}/{path}"]
    for path in ("mine", "mine/empty"):
        assert after[f"{demo}/{path}"][1:] == before[f"{demo}/{path}"][1:]
    (demo / "stages/01-gone/notes.txt").unlink()
    assert render(out, OLD).removed == ("stages/01-weight/kustomization.yaml",)
    assert not (demo / "stages/01-weight").exists()


def test_an_empty_directory_of_ours_is_mended_away(out: Path, demo: Path) -> None:
    (demo / "stages/01-gone/delete/objects.yaml").unlink()
    render(out, {path: OLD[path] for path in OLD if "gone" not in path})
    assert not (demo / "stages/01-gone").exists()


def test_live_is_never_changed(out: Path, demo: Path) -> None:
    live = demo / "live"
    (live / "deep").mkdir(parents=True)
    (live / ".stage").write_text("05-weight-1\n")
    (live / "deep/a.yaml").write_text("a\n")
    (live / "link").symlink_to(".stage")
    (live / "deep").chmod(0o555)
    live.chmod(0o2775)
    before = states(live)
    written = render(out, NEW)
    after = states(live)
    assert written.unknown == ()
    assert {path: state[1:] for path, state in after.items()} == {
        path: state[1:] for path, state in before.items()
    }
    assert after[f"{live}/deep/a.yaml"] == before[f"{live}/deep/a.yaml"]
    assert os.listdir(out) == ["demo"]


EDITS: dict[str, Callable[[Path], object]] = {
    "edit": lambda demo: (demo / "README.md").write_text("better\n"),
    "delete": lambda demo: (demo / "README.md").unlink(),
    "crlf": lambda demo: (demo / "README.md").write_bytes(b"the runbook\r\n"),
    "truncate": lambda demo: (demo / "README.md").write_bytes(b""),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("tree", [OLD, NEW], ids=["same plan", "new plan"])
def test_a_hand_edit_is_refused_and_force_overwrites_it(
    out: Path, demo: Path, edit: Callable[[Path], object], tree: dict[str, str]
) -> None:
    edit(demo)
    before = states(out)
    with pytest.raises(HandEdited) as caught:
        render(out, tree)
    assert caught.value.paths == (f"{out}/demo/README.md",)
    before[str(out)] = states(out)[str(out)]
    assert states(out) == before
    assert "README.md" in render(out, tree, force=True).changed
    assert texts(demo) == tree


def test_an_edit_that_says_what_we_would_write_is_none(out: Path, demo: Path) -> None:
    for path in NEW:
        (demo / path).parent.mkdir(parents=True, exist_ok=True)
        (demo / path).write_text(NEW[path])
    (demo / "stages/01-gone/delete/objects.yaml").unlink()
    written = render(out, NEW)
    assert (written.changed, written.removed) == (("inventory.json",), ())
    assert texts(demo) == NEW


def test_an_edited_stale_file_is_not_deleted(out: Path, demo: Path) -> None:
    (demo / "stages/01-gone/delete/objects.yaml").write_text("mine now\n")
    with pytest.raises(HandEdited, match=r"01-gone/delete/objects\.yaml"):
        render(out, NEW)
    assert render(out, NEW, force=True).removed == ("stages/01-gone/delete/objects.yaml",)


def test_an_unknown_file_where_ours_must_go_is_a_hand_edit(out: Path, demo: Path) -> None:
    (demo / "stages/01-weight").mkdir()
    (demo / "stages/01-weight/kustomization.yaml").write_text("mine\n")
    with pytest.raises(HandEdited, match="01-weight/kustomization"):
        render(out, NEW)
    render(out, NEW, force=True)
    assert texts(demo) == NEW


@pytest.mark.parametrize("path", ["stages/01-weight", "stages/01-weight/kustomization.yaml/mine.txt"])
def test_force_never_deletes_what_is_unknown(out: Path, demo: Path, path: str) -> None:
    (demo / path).parent.mkdir(parents=True, exist_ok=True)
    (demo / path).write_text("mine\n")
    with pytest.raises(Fault, match="in the way"):
        render(out, NEW, force=True)
    assert (demo / path).read_text() == "mine\n"


def test_a_file_of_ours_may_become_a_directory_and_back(out: Path) -> None:
    render(out, {"a": "file\n"})
    render(out, {"a/b": "below\n"})
    assert texts(out / "demo") == {"a/b": "below\n"}
    render(out, {"a": "file\n"})
    assert texts(out / "demo") == {"a": "file\n"}


def test_a_plan_edited_by_hand_holds_up_the_others_too(out: Path) -> None:
    two = [plan(name="one"), plan(name="two")]
    write(out, two, version="1.0")
    (out / "one/README.md").write_text("edited\n")
    (out / "two/README.md").unlink()
    before = states(out / "one") | states(out / "two")
    with pytest.raises(HandEdited) as caught:
        write(out, [plan(NEW, "one"), plan(NEW, "two")], version="1.0")
    assert caught.value.paths == (f"{out}/one/README.md", f"{out}/two/README.md")
    assert states(out / "one") | states(out / "two") == before


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_modes_do_not_depend_on_the_umask(out: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        render(out)
        render(out, NEW)
    finally:
        os.umask(before)
    for folder, _, files in os.walk(out):
        assert stat.S_IMODE(os.lstat(folder).st_mode) == 0o755
        for name in files:
            assert stat.S_IMODE(os.lstat(f"{folder}/{name}").st_mode) == 0o644


def test_modes_are_mended_in_silence_and_times_kept(out: Path, demo: Path) -> None:
    os.utime(demo / "README.md", (10**9, 10**9))
    os.utime(demo / "bundles", (10**9, 10**9))
    before = states(demo)
    (demo / "README.md").chmod(0o600)
    (demo / "bundles").chmod(0o775)
    assert render(out).unchanged
    after = states(demo)
    assert {path: state[1:] for path, state in after.items()} == {
        path: state[1:] for path, state in before.items()
    }


def test_read_tree_gives_texts_as_they_are_and_shows_foreign_bytes(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a").write_bytes(b"one\r\ntwo\xff")
    (tmp_path / "b").write_bytes("é".encode())
    assert read_tree(tmp_path) == {"b": "é", "sub/a": "one\r\ntwo\\xff"}


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("b"), os.mkfifo], ids=["link", "pipe"])
def test_read_tree_refuses_what_is_not_a_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "x")
    with pytest.raises(Fault, match=r"/x is (a symbolic link|not a regular file)"):
        read_tree(tmp_path)


def test_read_tree_refuses_a_missing_directory(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="nowhere does not exist"):
        read_tree(tmp_path / "nowhere")
