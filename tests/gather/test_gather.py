"""Manifests are read from files and folders, all of them, each once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.gathered import CONFIG, codes, gathered, names, scene


def test_folders_are_read_whole_but_for_what_is_hidden_or_other(tmp_path: Path) -> None:
    plan = scene(tmp_path / "plan", "extra")
    extra = plan.parent / "extra"
    kept = {"b.yaml": "b", "a.yml": "a", "deep/er/c.yaml": "c", "folder.yaml/d.yaml": "d"}
    skipped = (".hidden.yaml", ".git/x.yaml", "deep/.x.yaml", "notes.txt", "x.yaml.bak", "x.YAML", "yaml")
    for path in (*kept, *skipped):
        (extra / path).parent.mkdir(parents=True, exist_ok=True)
        (extra / path).write_text(CONFIG % kept.get(path, "skipped"))
    (extra / "e.json").write_text('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "e"}}\n')
    (extra / "empty.yaml").write_text("")
    (extra / "comment.yaml").write_text("# Nothing here.\n---\n---\n# Nor here.\n")
    assert names(plan) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("text", ["", "# Nothing here.\n", "---\n---\n", "null\n"])
def test_a_file_that_the_plan_names_must_hold_something(tmp_path: Path, text: str) -> None:
    plan = scene(tmp_path / "plan", "extra.yaml")
    (plan.parent / "extra.yaml").write_text(text)
    assert codes(plan) == ["RP206"]


def test_lists_are_opened(tmp_path: Path) -> None:
    plan = scene(tmp_path / "plan", "extra.json", "extra.yaml")
    config = {"apiVersion": "v1", "kind": "ConfigMap"}
    one, two, three = (config | {"metadata": {"name": name}} for name in ("one", "two", "three"))
    inner = {"apiVersion": "v1", "kind": "List", "items": [two]}
    typed = {"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {}, "items": [three]}
    (plan.parent / "extra.json").write_text(json.dumps({**inner, "items": [one, inner, typed]}))
    (plan.parent / "extra.yaml").write_text("apiVersion: v1\nkind: List\nitems: []\n")
    assert names(plan) == ["one", "three", "two"]


def test_an_item_of_a_list_is_found_where_it_stands(tmp_path: Path) -> None:
    plan = scene(tmp_path / "plan", "extra.yaml")
    items = f"apiVersion: v1\nkind: List\nitems:\n- {json.dumps({'kind': 'ConfigMap'})}\n- text\n"
    (plan.parent / "extra.yaml").write_text(items)
    places = [(finding.code.id, finding.place.line) for finding in gathered(plan)[1].all]
    assert places == [("RP203", 4), ("RP203", 5)]


def test_the_names_of_files_do_not_decide_the_order(tmp_path: Path) -> None:
    bundles = []
    for order in (("a.yaml", "b.yaml"), ("b.yaml", "a.yaml")):
        plan = scene(tmp_path / order[0], *order)
        for path, name in zip(order, ("one", "two"), strict=True):
            (plan.parent / path).write_text(CONFIG % name)
        bundles.append([item.data for item in gathered(plan)[0]])
    assert bundles[0] == bundles[1]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("extr", "did you mean `extra`?"),
        ("extra/confg.yaml", "did you mean `extra/config.yaml`?"),
        ("extra/config.yaml/x", "paths are relative to the plan's file"),
        ("zebra.yaml", "paths are relative to the plan's file"),
        ("no/such/folder", "paths are relative to the plan's file"),
    ],
)
def test_a_path_that_does_not_exist_has_a_near_one(tmp_path: Path, path: str, hint: str) -> None:
    plan = scene(tmp_path / "plan", path)
    (plan.parent / "extra").mkdir()
    (plan.parent / "extra/config.yaml").write_text(CONFIG % "config")
    (finding,) = gathered(plan)[1].all
    assert (finding.code.id, finding.hint) == ("RP201", hint)
