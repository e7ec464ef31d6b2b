"""Where people work: the GitHub actions, the GitLab component, the pre-commit hooks, the container recipe."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.gitops.test_story import AUTHOR, Repository
from tests.support.paths import ROOT

ACTIONS = ROOT / ".github" / "actions"
WORKFLOWS = ROOT / "templates" / "gitops" / "github"
REVIEW = yaml.safe_load((ACTIONS / "review" / "action.yml").read_text(encoding="utf-8"))
COMMENT = yaml.safe_load((ACTIONS / "comment" / "action.yml").read_text(encoding="utf-8"))
GITLAB = ROOT / "templates/gitops/gitlab/rollplan.yml"
COMPONENT = list(yaml.safe_load_all(GITLAB.read_text(encoding="utf-8")))


def bash(script: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as the runners of GitHub do."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **AUTHOR, **variables},
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install rollplan with the first step of the action; give the folder of its programs."""
    runner = tmp_path_factory.mktemp("runner")
    step = REVIEW["runs"]["steps"][0]
    done = bash(
        step["run"], runner, SOURCE=str(ROOT), RUNNER_TEMP=str(runner), GITHUB_PATH=str(runner / "path")
    )
    assert done.returncode == 0, done.stderr
    return Path((runner / "path").read_text(encoding="utf-8").strip())


@pytest.fixture
def repository(tmp_path: Path, installed: Path) -> Repository:
    """Give a repository with a rendered plan on `main`, and a branch on which a weight differs."""
    repository = Repository(place=tmp_path, example="blue-green")
    repository.git("init", "--quiet", "--initial-branch", "main")
    shutil.copytree(ROOT / "plans" / "blue-green", tmp_path / "plans" / "blue-green")
    render(repository, installed)
    repository.commit("Render")
    repository.git("checkout", "--quiet", "-b", "change")
    plan = tmp_path / "plans" / "blue-green" / "plan.yaml"
    plan.write_text(plan.read_text(encoding="utf-8").replace("weight: 5,", "weight: 7,"), encoding="utf-8")
    return repository


def render(repository: Repository, installed: Path) -> None:
    done = repository.run(installed / "rollplan", "render", "plans/blue-green/plan.yaml", "--out", "rendered")
    assert done.returncode == 0, done.stderr


def review(repository: Repository, installed: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    variables = {name.upper(): str(given["default"]) for name, given in REVIEW["inputs"].items()}
    path = f"{installed}{os.pathsep}{os.environ['PATH']}"
    variables |= {"AGAINST": "main", "PATH": path, **inputs}
    return bash(REVIEW["runs"]["steps"][1]["run"], repository.place, **variables)


def test_a_change_that_is_rendered_is_reviewed(repository: Repository, installed: Path) -> None:
    render(repository, installed)
    repository.commit("Weight 7")
    done = review(repository, installed)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (repository.place / "rollplan-review.md").read_text(encoding="utf-8")
    assert "| `+2` |" in text
    assert "```mermaid" in text


def test_a_change_that_is_not_rendered_fails(repository: Repository, installed: Path) -> None:
    repository.commit("Weight 7")
    done = review(repository, installed)
    assert done.returncode == 1
    assert "::error" in done.stdout


def test_a_broken_plan_is_annotated(repository: Repository, installed: Path) -> None:
    plan = repository.place / "plans/blue-green/plan.yaml"
    plan.write_text(plan.read_text(encoding="utf-8").replace("weight: 7,", "wait: 7,"), encoding="utf-8")
    done = review(repository, installed)
    assert done.returncode == 1
    assert "::error file=plans/blue-green/plan.yaml,line=" in done.stdout


@pytest.mark.parametrize("inputs", [{"PLANS": "nothing/*.yaml"}, {"AGAINST": "--upload-pack=touch x"}])
def test_wrong_inputs_fail(repository: Repository, installed: Path, inputs: dict[str, str]) -> None:
    render(repository, installed)
    assert review(repository, installed, **inputs).returncode == 2
    assert not (repository.place / "x").exists()


@pytest.mark.parametrize("action", [REVIEW, COMMENT], ids=["review", "comment"])
def test_no_expression_stands_in_a_script(action: Mapping[str, Any]) -> None:
    steps = action["runs"]["steps"]
    assert all("${{" not in step["run"] and step["shell"] == "bash" for step in steps)
    named = {
        name
        for step in steps
        for value in step["env"].values()
        for name in re.findall(r"inputs\.(\w+)", value)
    }
    assert named == set(action["inputs"])


def test_strangers_render_without_a_token_and_comments_run_nothing_of_theirs() -> None:
    first, second = (
        yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))
        for name in ("review", "comment")
    )
    assert (first[True], first["permissions"]) == ("pull_request", {"contents": "read"})
    assert second["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert second[True]["workflow_run"]["workflows"] == [first["name"]]
    steps = [step for job in second["jobs"].values() for step in job["steps"]]
    assert not [step for step in steps if "checkout" in step.get("uses", "")]
    assert all("${{" not in step.get("run", "") for step in steps)
    checkout = first["jobs"]["review"]["steps"][0]
    assert checkout["with"]["persist-credentials"] is False


class Comments(BaseHTTPRequestHandler):
    """Keeps the comments of one pull request, as the API of GitHub and the one of GitLab do."""

    kept: list[dict[str, Any]]
    asked: list[str]

    def answer(self) -> None:
        """Do what is asked, and say what came of it."""
        self.asked.append(f"{self.command} {self.path.partition('?')[0]} {self.headers['Authorization']}")
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or "{}")
        found: Any = self.kept
        if self.command == "POST":
            self.kept.append({"id": len(self.kept) + 1, "user": {"type": "Bot"}, **body})
        elif self.command in {"PATCH", "PUT"}:
            self.kept[int(self.path.rpartition("/")[2]) - 1] |= body
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def forge() -> Iterator[tuple[str, type[Comments]]]:
    """Run a server of comments; give its address and what it keeps."""
    handler = type("Kept", (Comments,), {"kept": [], "asked": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()


def test_the_comment_is_made_once_and_edited_then(forge: tuple[str, type[Comments]], tmp_path: Path) -> None:
    address, handler = forge
    stranger = {"id": 1, "user": {"type": "User"}, "body": "<!-- rollplan -->\nnot ours"}
    handler.kept.append(stranger)
    for text in ("<!-- rollplan -->\nfirst `$(touch x)`\n", "<!-- rollplan -->\nsecond\n"):
        (tmp_path / "rollplan-review.md").write_text(text, encoding="utf-8")
        done = bash(
            COMMENT["runs"]["steps"][0]["run"],
            tmp_path,
            FILE="rollplan-review.md",
            NUMBER="7",
            TOKEN="secret",
            SCRIPT=str(ACTIONS / "comment" / "post.py"),
            GITHUB_API_URL=address,
            GITHUB_REPOSITORY="team/rollouts",
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [comment["body"] for comment in handler.kept[1:]] == ["<!-- rollplan -->\nsecond\n"]
    assert handler.kept[0] == stranger
    assert handler.asked[-1] == "PATCH /repos/team/rollouts/issues/comments/2 Bearer secret"
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("number", "length"), [("7; touch x", 20), ("", 20), ("7", 70_000)])
def test_a_comment_that_cannot_be_ours_is_not_written(
    forge: tuple[str, type[Comments]], tmp_path: Path, number: str, length: int
) -> None:
    address, handler = forge
    (tmp_path / "review.md").write_text("<!-- rollplan -->".ljust(length, "x"), encoding="utf-8")
    variables = {"FILE": "review.md", "NUMBER": number, "TOKEN": "secret", "GITHUB_API_URL": address}
    done = bash(
        f"{sys.executable} {ACTIONS / 'comment' / 'post.py'}", tmp_path, GITHUB_REPOSITORY="a/b", **variables
    )
    assert (done.returncode, handler.asked) == (2, [])


def test_the_gitlab_component(
    repository: Repository, installed: Path, forge: tuple[str, type[Comments]]
) -> None:
    address, handler = forge
    inputs = {name: str(given["default"]) for name, given in COMPONENT[0]["spec"]["inputs"].items()}
    jobs = json.loads(
        re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: inputs[match[1]], json.dumps(COMPONENT[1]))
    )
    render(repository, installed)
    repository.commit("Weight 7")
    base = repository.git("rev-parse", "main").strip()
    (repository.place / ".rollplan" / "bin").mkdir(parents=True)
    (repository.place / ".rollplan/bin/rollplan").symlink_to(installed / "rollplan")
    job = jobs["rollplan-review"]
    assert job["script"][:2] == [
        "python3 -m venv .rollplan",
        '.rollplan/bin/pip install --quiet "$PACKAGE"',
    ]
    done = bash(
        "\n".join(job["script"][2:]),
        repository.place,
        CI_MERGE_REQUEST_DIFF_BASE_SHA=base,
        **{name: str(value) for name, value in job["variables"].items()},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ElementTree.parse(repository.place / job["artifacts"]["reports"]["junit"]).getroot() is not None
    review_text = (repository.place / "rollplan-review.md").read_text(encoding="utf-8")
    for _ in range(2):
        done = bash(
            "\n".join(jobs["rollplan-comment"]["script"]),
            repository.place,
            CI_API_V4_URL=address,
            CI_PROJECT_ID="3",
            CI_MERGE_REQUEST_IID="7",
            ROLLPLAN_TOKEN="secret",
        )
        assert done.returncode == 0, done.stderr
    assert [comment["body"] for comment in handler.kept] == [review_text]
    assert "$ROLLPLAN_TOKEN" not in json.dumps(job)


def test_the_pre_commit_hooks(repository: Repository, installed: Path, tmp_path: Path) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"], check=True
    )
    assert [hook["id"] for hook in hooks] == ["rollplan-validate", "rollplan-check"]
    # language: system runs the entries with the rollplan that is installed here, through pre-commit itself
    for hook in hooks:
        hook["language"] = "system"
    hooks[1]["args"] = ["plans/blue-green/plan.yaml", "--out", "rendered"]
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    (repository.place / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def run() -> subprocess.CompletedProcess[str]:
        repository.git("add", "--all")
        path = f"{installed}{os.pathsep}{os.environ['PATH']}"
        return bash(f"{sys.executable} -m pre_commit run --all-files", repository.place, PATH=path)

    stale = run()
    assert re.search(r"rollplan validate\.+Passed", stale.stdout), stale.stdout
    assert re.search(r"rollplan check\.+Failed", stale.stdout)
    render(repository, installed)
    assert run().returncode == 0


def test_the_container_recipe() -> None:
    lines = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    last = lines[max(index for index, line in enumerate(lines) if line.startswith("FROM ")) :]
    (user,) = (line.split()[1] for line in last if line.startswith("USER "))
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert not [line for line in last if line.startswith("RUN ")]
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert all(re.fullmatch(r"[a-z]+:\d[-.\w]*", base) for base in bases)
    kept = {line.removeprefix("!") for line in (ROOT / ".containerignore").read_text().split()} - {"*"}
    assert all((ROOT / name).exists() for name in kept)


def test_the_build_of_the_container_gives_compiled_bytecode(tmp_path: Path) -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", "")
    (build,) = (line for line in text.splitlines() if line.startswith("RUN python"))
    source = tmp_path / "source"
    source.mkdir()
    for name in (ROOT / ".containerignore").read_text().split()[1:]:
        place = ROOT / name.removeprefix("!")
        (shutil.copytree if place.is_dir() else shutil.copy)(place, source / place.name)
    home = tmp_path / "opt" / "rollplan"
    script = build.removeprefix("RUN ").replace("/opt/rollplan", str(home)).replace("/source", str(source))
    done = bash(script.replace("python -m venv", f"{sys.executable} -m venv", 1), tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(home.glob("lib/*/site-packages/generator/__pycache__/*.pyc"))
    shown = bash(f"{home}/bin/rollplan --version", tmp_path)
    assert shown.stdout.startswith("rollplan ")
