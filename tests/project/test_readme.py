"""The README is true: its tutorial runs, command by command, and shows what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.plan.schema import bundled_schema
from generator.rules import CODES
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLES = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHELLS = re.findall(r"(<!-- needs a cluster -->\n)?^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
KUSTOMIZE = shutil.which("kubectl")


def steps() -> list[tuple[str, str]]:
    """Every command of the tutorial with the output that the README shows under it."""
    found = []
    for block in CONSOLES:
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            found.append((command, output))
    return found


def pattern(output: str) -> re.Pattern[str]:
    """`...` alone on a line stands for any lines, at the end of a line for the rest of it."""
    lines = []
    for line in output.splitlines():
        if line == "...":
            lines.append("(?:.*\n)*?")
        else:
            text, dots, _ = line.partition(" ...")
            blank_runs = re.sub(r"(\\ )+", " +", re.escape(text))
            lines.append(blank_runs + (".*" if dots else "") + "\n")
    return re.compile("".join(lines))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "plans", folder / "plans")
    command = folder / "bin" / "rollplan"
    command.parent.mkdir()
    start = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom generator.cli import main\nmain()\n"
    command.write_text(f"#!{sys.executable}\n{start}")
    command.chmod(0o755)
    return folder


def test_tutorial_runs_and_shows_what_it_says(checkout: Path) -> None:
    assert len(steps()) >= 10
    environment = {**os.environ, "PATH": f"{checkout / 'bin'}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    for command, output in steps():
        if command.startswith("kubectl") and KUSTOMIZE is None:
            continue
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=checkout,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        shown = done.stdout + done.stderr
        assert pattern(output).fullmatch(shown), f"$ {command}\n{shown}\nthe README says:\n{output}"


def test_every_other_shell_block_is_known() -> None:
    known = {"make demo", "make test", "export", "cd", "kubectl", "rollplan gate"}
    for needs_cluster, block in SHELLS:
        for line in block.splitlines():
            assert any(line.startswith(start) for start in known), line
            assert needs_cluster or not line.startswith(("kubectl", "rollplan")), line


def test_plan_tables_name_every_field_of_the_schema() -> None:
    spec = bundled_schema()["properties"]["spec"]
    for branch in spec["allOf"]:
        name = branch["if"]["properties"]["strategy"]["properties"]["type"]["const"]
        row = next(line for line in reversed(README.splitlines()) if line.startswith(f"| `{name}` |"))
        own = set(branch["then"]["properties"]) - {"target", "strategy", "gates", "delivery", "accept"}
        strategy = set(branch["then"]["properties"]["strategy"]["properties"]) - {"type"}
        for field in own | strategy:
            assert f"`{field}`" in row, f"{name}: {field}"


def test_codes_in_the_readme_exist() -> None:
    assert set(re.findall(r"RP[0-9]{3}", README)) <= set(CODES)
