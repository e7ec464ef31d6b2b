"""A rendered tree in the form that people review: what each file adds to what is known already.

Nothing is left out silently: a file equals a manifest of the user, or the same file of the stage before, and
one line says so where it is not plain; or it is shown, as a difference from the nearest file or whole.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import yaml

from tests.support.trees import Object

Tree = Mapping[str, str]
GENERATED = {".gitattributes", "inventory.json", "rollout.json"}
"""Files that tests/project/test_example_trees.py derives from the others."""


def review(tree: Tree, given: Sequence[Object]) -> dict[str, str]:
    """Return the goldens of a tree; `given` are the objects of the user's manifests."""
    folders = {"bundles/": "bundles.diff", "stages/": "stages.diff", "rollback/": "stages.diff"}
    others = {path for path in tree if not path.startswith(tuple(folders))} - GENERATED
    return {path: tree[path] for path in others} | {
        "bundles.diff": "".join(_bundles(tree, given)),
        "stages.diff": "".join([*_stages(tree, given), *_rollback(tree)]),
    }


def _bundles(tree: Tree, given: Sequence[Object]) -> Iterator[str]:
    """Show what the user has not written: green as a difference from the nearest file of another bundle."""
    shown: dict[str, str] = {}
    for path, text in sorted(tree.items()):
        if path.startswith("bundles/"):
            if _is_given(text, given):
                shown[path] = text
                continue
            bundle = path.split("/")[1]
            others = [other for other in shown if other.split("/")[1] != bundle and _alike(other, path)]
            differences = [_difference(other, shown[other], path, text) for other in sorted(others)]
            yield min([_whole(path, text), *differences], key=len)
            shown[path] = text


def _stages(tree: Tree, given: Sequence[Object]) -> Iterator[str]:
    names = sorted({path.split("/")[1] for path in tree if path.startswith("stages/")})
    before, last = dict[str, str](), ""
    for name in names:
        now = _below(tree, f"stages/{name}/")
        yield f"\n# {name}\n\n"
        for file in sorted({*before, *now}):
            path = f"stages/{name}/{file}"
            if file not in now:
                yield f"{path}: gone\n"
            elif file in before:
                yield _difference(f"stages/{last}/{file}", before[file], path, now[file])
            elif _is_given(now[file], given):
                yield f"{path}: as its manifest has it\n"
            else:
                yield _whole(path, now[file])
        before, last = now, name


def _rollback(tree: Tree) -> Iterator[str]:
    first = min(path.split("/")[1] for path in tree if path.startswith("stages/"))
    yield "\n# rollback\n\n"
    for file, text in sorted(_below(tree, "rollback/").items()):
        known = f"stages/{first}/{file}"
        if tree.get(known) == text:
            yield f"rollback/{file}: as in {first}\n"
        elif known in tree:
            yield _difference(known, tree[known], f"rollback/{file}", text)
        else:
            yield _whole(f"rollback/{file}", text)


def _below(tree: Tree, folder: str) -> dict[str, str]:
    return {path.removeprefix(folder): text for path, text in tree.items() if path.startswith(folder)}


def _is_given(text: str, given: Sequence[Object]) -> bool:
    return [*yaml.safe_load_all(text)] in [[item] for item in given]


def _alike(one: str, other: str) -> bool:
    """Return whether two files hold objects of one kind, in parts of one name."""
    first, second = PurePosixPath(one), PurePosixPath(other)
    kinds = first.name.split("-")[0] == second.name.split("-")[0]
    return kinds and first.parts[2:-1] == second.parts[2:-1]


def _difference(before: str, old: str, after: str, new: str) -> str:
    first, second = old.splitlines(keepends=True), new.splitlines(keepends=True)
    return "".join(difflib.unified_diff(first, second, before, after, n=1))


def _whole(path: str, text: str) -> str:
    return f"+++ {path}\n" + "".join(f"+{line}\n" for line in text.splitlines())
