"""A whole rollout in Git, as people do it: rendered, reviewed, promoted stage by stage, and taken back."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.support.command import command, environment
from tests.support.paths import ROOT
from tests.support.runbooks import EXAMPLES

AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"))
} | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A scratch repository with one example, its plan and what it renders."""

    place: Path
    example: str

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run a program in the repository."""
        return subprocess.run(
            [str(word) for word in words],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.place,
            env=environment(**AUTHOR),
        )

    def git(self, *words: str) -> str:
        done = self.run("git", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rollplan(self, *words: object) -> subprocess.CompletedProcess[str]:
        return self.run(*command(*words))

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.tree()

    def tree(self) -> str:
        return self.git("rev-parse", "HEAD^{tree}").strip()

    @property
    def rendered(self) -> Path:
        (place,) = (self.place / "rendered").iterdir()
        return place

    @property
    def stages(self) -> list[dict[str, object]]:
        stages = json.loads((self.rendered / "rollout.json").read_text(encoding="utf-8"))["stages"]
        assert isinstance(stages, list)
        return stages


@pytest.fixture(params=EXAMPLES)
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    """Give a repository in which the example is committed as rendered."""
    repository = Repository(place=tmp_path, example=request.param)
    repository.git("init", "--quiet", "--initial-branch", "main")
    source = ROOT / "plans" / request.param
    for path in filter(Path.is_file, source.rglob("*")):
        target = tmp_path / "plan" / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    done = repository.rollplan("render", "plan/plan.yaml", "--out", "rendered")
    assert done.returncode == 0, done.stderr
    repository.commit("Render the plan")
    return repository


def objects(text: str) -> list[str]:
    return sorted(json.dumps(document, sort_keys=True) for document in yaml.safe_load_all(text) if document)


def promoted(repository: Repository, name: str) -> str:
    """Promote a stage, commit it, and give the tree of the commit."""
    done = repository.rollplan("promote", repository.rendered, name, "--confirm-cleanup")
    assert done.returncode == 0, done.stderr
    return repository.commit(f"Promote {name}")


def changed_lines(patch: str) -> Sequence[str]:
    return [line for line in patch.splitlines() if re.match(r"[-+](?![-+]{2} )", line)]


@pytest.mark.kustomize
def test_story(repository: Repository) -> None:
    trees = [repository.tree()]
    for stage in repository.stages:
        trees.append(promoted(repository, str(stage["name"])))
        place = repository.rendered.relative_to(repository.place)
        built = [
            repository.run("kubectl", "kustomize", place / folder).stdout
            for folder in ("live", f"stages/{stage['name']}")
        ]
        assert objects(built[0]) == objects(built[1]) != []
        paths = repository.git("show", "--format=", "--name-only", "HEAD").split()
        assert all(path.startswith(f"{place}/live/") for path in paths)
        if str(stage["name"])[3:].startswith("weight-"):
            lines = changed_lines(repository.git("show", "--format=", "--unified=0", "HEAD"))
            weights = [line for line in lines if re.fullmatch(r"[-+] *weight: \d+", line)]
            marker = [line for line in lines if re.fullmatch(r"[-+]\d\d-[-a-z0-9]+", line)]
            others = set(lines) - set(weights) - set(marker)
            assert len(marker) == 2
            assert weights
            assert all("name: " in line or "modelRewrite" in line or "- " in line[1:] for line in others), (
                others
            )
    assert len(set(trees)) == len(trees)
    for reverted, tree in enumerate(reversed(trees[:-1])):  # each revert stands on those before it
        repository.git("revert", "--no-edit", f"HEAD~{2 * reverted}")
        assert repository.tree() == tree


def test_a_hand_edit_of_a_weight_is_caught(repository: Repository) -> None:
    weighty = [
        path
        for path in sorted(repository.rendered.glob("stages/*/*.yaml"))
        if re.search(r"weight: \d+", path.read_text(encoding="utf-8"))
    ]
    if not weighty:
        pytest.skip(f"{repository.example} shifts no weights")
    edited = weighty[0]
    text = edited.read_text(encoding="utf-8")
    edited.write_text(re.sub(r"weight: \d+", "weight: 42", text, count=1), encoding="utf-8")
    first = repository.stages[0]["name"]
    done = repository.rollplan("promote", repository.rendered, first)
    assert (done.returncode, (repository.rendered / "live").exists()) == (1, False)
    assert edited.name in done.stderr
    checked = repository.rollplan("check", "plan/plan.yaml", "--out", "rendered")
    assert checked.returncode == 1
    assert edited.relative_to(repository.place).as_posix() in checked.stdout
