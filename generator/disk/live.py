"""The directory `live/` of a plan's rendered tree: read with the tree, and replaced whole."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from generator.disk.build import build, flush, opened
from generator.disk.compare import Blueprint
from generator.disk.inventory import digest, parse_inventory
from generator.disk.linux import sync_file_system
from generator.disk.lock import hold
from generator.disk.paths import check_target
from generator.disk.swap import heal, slot, swap_all, tidy
from generator.disk.tree import Listing, read_file, scan
from generator.disk.values import INVENTORY, LIVE, HandEdited, Tree, naming, shown
from generator.model.findings import Fault


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedTree:
    """A plan's rendered tree as it stands: what we wrote, each file unchanged since, and `live/`."""

    tree: Tree
    live: Tree


def read_rendered(place: pathlib.Path) -> RenderedTree:
    """Read a plan's rendered tree.

    Raises `HandEdited` when a file is not what was rendered, `Fault` when the directory is none of ours.
    """
    found = scan(place)
    if INVENTORY not in found.files:
        raise Fault(f"{shown(place)} has no {INVENTORY}: it is not the rendered directory of a plan")
    data = read_file(place / INVENTORY, found.files[INVENTORY])
    owned = parse_inventory(data, shown(place / INVENTORY))
    if owned is None:
        raise HandEdited([shown(place / INVENTORY)])
    texts = {path: read_file(place / path, found.files[path]) for path in owned if path in found.files}
    edited = [path for path, sha256 in owned.items() if path not in texts or digest(texts[path]) != sha256]
    if edited:
        raise HandEdited(shown(place / path) for path in edited)
    tree = {path: text.decode(errors="backslashreplace") for path, text in texts.items()}
    return RenderedTree(tree=tree, live=_live(place, found))


def make_live(place: pathlib.Path, decide: Callable[[RenderedTree], Mapping[str, str]]) -> bool:
    """Make `live/` hold exactly the files that `decide` returns, by name; return whether anything changed.

    The directory is replaced whole or not touched; a run of `render` waits outside meanwhile. Raises what
    `decide` and `read_rendered` raise, and `Fault` when the place or the file system forbids it.
    """
    with naming(place):
        target = pathlib.Path(os.path.realpath(place))
        check_target(place, target, ())
        if not target.is_dir():
            raise Fault(f"{shown(place)} is not a directory")
        with opened(target.parent) as above, hold(target.parent, above), opened(target) as directory:
            heal(directory, LIVE)
            rendered = read_rendered(place)
            files = {name: text.encode() for name, text in decide(rendered).items()}
            if files == {name: text.encode() for name, text in rendered.live.items()}:
                return False
            _replace(place, directory, files)
    return True


def _live(place: pathlib.Path, found: Listing) -> Tree:
    """Read `live/`, which is flat and ours whole."""
    inside = {path: status for path, status in found.files.items() if path.startswith(f"{LIVE}/")}
    deeper = [path for path in found.directories if path.startswith(f"{LIVE}/")]
    if deeper:
        raise Fault(f"{shown(place / min(deeper))} is a directory; {LIVE}/ is a flat copy: move it away")
    if LIVE in found.files:
        raise Fault(f"{shown(place / LIVE)} is a file; move it away")
    return {
        path.removeprefix(f"{LIVE}/"): read_file(place / path, status).decode(errors="backslashreplace")
        for path, status in inside.items()
    }


def _replace(place: pathlib.Path, directory: int, files: Mapping[str, bytes]) -> None:
    blueprint = Blueprint(
        write=files,
        link=frozenset(),
        directories=frozenset({""}),
        ours=frozenset({""}),
        stamps={},
        found=Listing(files={}, directories={}),
    )
    try:
        built = build(directory, slot(LIVE), LIVE, place / LIVE, blueprint)
        if not sync_file_system(directory):
            flush(directory, [(slot(LIVE), blueprint)])
        swap_all(place, directory, {LIVE: built})
    finally:
        tidy(directory, [LIVE])
