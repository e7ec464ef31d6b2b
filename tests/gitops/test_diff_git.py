"""`diff` and real Git: revisions as sides, hostile names, and the external diff command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.gitops.git import revision
from generator.gitops.inputs import side
from generator.model.findings import Fault
from tests.conftest import Rollplan
from tests.support.paths import ROOT
from tests.support.trees import texts

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

TREE = "rendered/qwen3-32b-h200"
WHO = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}


def git(folder: Path, *words: object, **environment: str) -> str:
    done = subprocess.run(
        ["git", *map(str, words)],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={**os.environ, **WHO, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder), **environment},
    )
    return done.stdout


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the blue-green plan and what it renders."""
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "plans/blue-green", folder / "plans/blue-green")
    shutil.copytree(ROOT / "golden/plans/blue-green", folder / TREE)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "render")
    return folder


@pytest.fixture
def repository(committed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(committed, tmp_path / "repository", symlinks=True))


def change_a_weight(repository: Path) -> Path:
    route = repository / TREE / "stages/05-weight-5/httproute-llm-route.yaml"
    route.write_text(
        route.read_text().replace("weight: 95", "weight: 90").replace("weight: 5\n", "weight: 10\n")
    )
    return route


MOVE = "5 points of llm-route move from vllm-qwen3-32b to vllm-qwen3-32b-new"


def test_stages_trees_and_folders_of_a_revision(repository: Path, rollplan: Rollplan) -> None:
    change_a_weight(repository)
    for before, after in (
        (f"HEAD:{TREE}/stages/05-weight-5", f"{TREE}/stages/05-weight-5"),
        (f"main:{TREE}", TREE),
        (f"HEAD:./{TREE}", f"./{TREE}/"),
        ("HEAD:rendered", "rendered"),
    ):
        done = rollplan("diff", before, after, cwd=repository)
        assert (done.returncode, done.stderr) == (1, "")
        assert MOVE in done.stdout
    assert rollplan("diff", f"HEAD:{TREE}", f"main:{TREE}", cwd=repository).returncode == 0
    below = rollplan("diff", "HEAD:./stages", "stages", cwd=repository / TREE)
    assert MOVE not in below.stdout, "a folder of stages is no side"


def test_a_plan_of_a_revision_is_compiled_without_a_checkout(repository: Path, rollplan: Rollplan) -> None:
    plan = repository / "plans/blue-green/plan.yaml"
    plan.write_text(plan.read_text().replace("weight: 5,", "weight: 8,"))
    before = git(repository, "status", "--porcelain")
    done = rollplan("diff", "HEAD:plans/blue-green/plan.yaml", "plans/blue-green/plan.yaml", cwd=repository)
    assert (done.returncode, done.stderr) == (1, "")
    assert "05-weight-5 → 05-weight-8" in done.stdout
    assert rollplan("diff", "HEAD:plans/blue-green/plan.yaml", TREE, cwd=repository).returncode == 0
    assert git(repository, "status", "--porcelain") == before


def test_a_plan_of_a_revision_may_read_its_roots(repository: Path, rollplan: Rollplan) -> None:
    plan = repository / "plans/blue-green/plan.yaml"
    shutil.move(repository / "plans/blue-green/blue", repository / "base")
    plan.write_text(
        plan.read_text()
        .replace("manifests: [blue/]", "manifests: [../../base/]")
        .replace("spec:\n", "spec:\n  roots: [../../base]\n", 1)
    )
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "-m", "roots")
    done = rollplan("diff", "HEAD:plans/blue-green/plan.yaml", TREE, cwd=repository)
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing differs\n", "")


def test_findings_of_a_revision_name_it(repository: Path, rollplan: Rollplan) -> None:
    plan = repository / "plans/blue-green/plan.yaml"
    plan.write_text(plan.read_text().replace("weight: 5,", "weigth: 5,"))
    git(repository, "commit", "--quiet", "--all", "-m", "broken")
    done = rollplan(
        "diff", "HEAD~1:plans/blue-green/plan.yaml", "HEAD:plans/blue-green/plan.yaml", cwd=repository
    )
    assert done.returncode == 1
    assert "--> HEAD:plans/blue-green/plan.yaml:" in done.stderr
    assert "rollplan-" not in done.stderr


def test_against_compares_the_working_tree(repository: Path, rollplan: Rollplan) -> None:
    assert rollplan("diff", TREE, "--against", "main", cwd=repository).returncode == 0
    change_a_weight(repository)
    for path, folder in (
        (TREE, repository),
        (".", repository / TREE),
        (repository / TREE, ROOT),
        ("rendered", repository),
    ):
        done = rollplan("diff", path, "--against", "main", cwd=folder)
        assert (done.returncode, done.stderr) == (1, "")
        assert MOVE in done.stdout
    shutil.rmtree(repository / TREE)
    gone = rollplan("diff", TREE, "--against", "main", cwd=repository)
    assert "the plan is gone" in gone.stdout
    git(repository, "rm", "-r", "--quiet", "--cached", TREE)
    git(repository, "commit", "--quiet", "-m", "gone")
    shutil.copytree(ROOT / "golden/plans/blue-green", repository / TREE)
    new = rollplan("diff", TREE, "--against", "main", cwd=repository)
    assert "the plan is new" in new.stdout
    nothing = rollplan("diff", "no/such", "--against", "main", cwd=repository)
    assert (nothing.returncode, nothing.stdout) == (2, "")


HOSTILE = (
    "--upload-pack=touch evil",
    "-c core.pager=x",
    "--output=evil",
    "--help",
    "-",
    "",
    "no such",
    "HEAD; touch evil",
    "$(touch evil)",
    "HEAD\nHEAD",
    "../..",
    "a" * 5000,
    "\x1b[31m",
    "HEAD\0",
)


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_a_hostile_revision_is_a_fault_and_nothing_else(repository: Path, name: str) -> None:
    with pytest.raises(Fault) as caught:
        revision(name, repository)
    assert "\x1b" not in str(caught.value)
    assert not list(repository.glob("**/evil"))


@pytest.mark.parametrize(
    "path", ["../../etc", "/etc/passwd", "..", "no/such", "-x", "*", ":(top)rendered", "rendered\0"], ids=repr
)
def test_a_hostile_path_is_a_fault(repository: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    with pytest.raises(Fault):
        side(f"HEAD:{path}")


def test_what_a_repository_configures_is_not_run(repository: Path, rollplan: Rollplan) -> None:
    """A pull request cannot bring a configuration, but a folder that somebody unpacked can."""
    evil = repository / "evil"
    script = repository / "run"
    script.write_text(f"#!/bin/sh\ntouch {evil}\n")
    script.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "diff.external",
        "core.pager",
        "pager.ls-tree",
        "core.sshCommand",
        "alias.ls-tree",
    ):
        git(repository, "config", key, script)
    git(repository, "config", "diff.x.textconv", script)
    (repository / ".gitattributes").write_text("* diff=x\n")
    done = rollplan("diff", f"HEAD:{TREE}", TREE, cwd=repository)
    assert done.returncode == 0
    assert not evil.exists()


def test_a_link_of_a_revision_is_refused(repository: Path, rollplan: Rollplan) -> None:
    route = repository / TREE / "stages/05-weight-5/httproute-llm-route.yaml"
    route.unlink()
    route.symlink_to("/etc/passwd")
    for words in ((f"HEAD:{TREE}", TREE), (TREE, "--against", "HEAD")):
        local = rollplan("diff", *words, cwd=repository)
        assert (local.returncode, local.stdout) == (2, "")
        assert "is a symbolic link" in local.stderr
    git(repository, "commit", "--quiet", "--all", "-m", "link")
    done = rollplan("diff", f"HEAD:{TREE}", f"HEAD~1:{TREE}", cwd=repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is a symbolic link" in done.stderr
    assert "root:" not in done.stderr


def test_odd_names_in_a_tree_are_read_as_they_are(repository: Path) -> None:
    odd = repository / "odd" / "stages" / "00-a"
    odd.mkdir(parents=True)
    name = 'größe\tand "more" \n.yaml'
    (odd / name).write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "-m", "odd")
    found = revision("HEAD", repository).files("odd")
    assert {path: data.decode() for path, data in found.items()} == texts(repository / "odd")


def test_outside_of_a_repository_and_without_git(tmp_path: Path, rollplan: Rollplan) -> None:
    outside = rollplan("diff", "HEAD:a", "HEAD:b", cwd=tmp_path, GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    assert (outside.returncode, outside.stdout) == (2, "")
    assert "Git knows no revision 'HEAD'" in outside.stderr
    missing = rollplan("diff", "HEAD:a", "HEAD:b", cwd=tmp_path, PATH="/nowhere")
    assert (missing.returncode, missing.stderr) == (
        2,
        "rollplan: git is not installed, and only it can read a revision\n",
    )


def drive(repository: Path, *words: str) -> str:
    """Set the command up as the README says, and run `git diff`."""
    program = repository / ".git/rollplan"
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from generator.cli import main; main()"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{start}" "$@"\n')
    program.chmod(0o755)
    git(repository, "config", "diff.rollplan.command", f"{program} diff --git-driver")
    (repository / ".git/info/attributes").write_text("*.yaml diff=rollplan\n")
    return git(repository, "--no-pager", "diff", *words)


def test_git_diff_shows_what_changes(repository: Path) -> None:
    change_a_weight(repository)
    shown = drive(repository)
    assert MOVE in shown
    assert f"{TREE}/stages/05-weight-5/httproute-llm-route.yaml" in shown
    assert "@@" not in shown
    plain = git(repository, "--no-pager", "diff", "--no-ext-diff")
    assert "-      weight: 95\n+      weight: 90\n" in plain


def test_git_diff_of_files_that_are_new_gone_renamed_or_broken(repository: Path) -> None:
    folder = repository / TREE / "stages/05-weight-5"
    (folder / "new.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\n")
    git(repository, "add", "--intent-to-add", folder / "new.yaml")
    (repository / TREE / "stages/06-weight-10/httproute-llm-route.yaml").unlink()
    shown = drive(repository)
    assert "+ ConfigMap new added" in shown
    assert "- HTTPRoute.gateway.networking.k8s.io llm-d/llm-route removed" in shown
    git(repository, "mv", folder / "httproute-llm-route.yaml", folder / "moved.yaml")
    (folder / "moved.yaml").write_text(
        (folder / "moved.yaml").read_text().replace("weight: 95", "weight: 94")
    )
    git(repository, "add", "--all")
    assert "weight: 95 → 94" in drive(repository, "--cached", "--find-renames")
    (folder / "moved.yaml").write_text("a: [")
    broken = drive(repository)
    assert "RP002" in broken


def test_git_diff_of_a_file_with_conflicts(repository: Path) -> None:
    route = change_a_weight(repository)
    git(repository, "commit", "--quiet", "--all", "-m", "ours")
    git(repository, "checkout", "--quiet", "-b", "theirs", "HEAD~1")
    route.write_text(route.read_text().replace("weight: 95", "weight: 85"))
    git(repository, "commit", "--quiet", "--all", "-m", "theirs")
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "merge", "--quiet", "main")
    assert "is not merged yet" in drive(repository, "--cached")


@pytest.mark.parametrize("words", [[], ["a", "b"], ["a"] * 8])
def test_git_driver_wants_what_git_gives(rollplan: Rollplan, words: list[str]) -> None:
    assert rollplan("diff", "--git-driver", *words).returncode == 2
