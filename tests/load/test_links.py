"""Nothing outside the plan's folder is read, whatever leads there, and nothing that has no end."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from generator.model.findings import Fault
from tests.conftest import Rollplan
from tests.support.gathered import CONFIG, codes, gathered, names, scene

CANARY = "hunter2-tweety"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the plan's, with something that no plan of a stranger may show."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "config.yaml").write_text(CONFIG % CANARY)
    return folder


@pytest.mark.parametrize("path", ["..", "../outside", "../outside/config.yaml", "extra/../../outside"])
def test_a_path_to_outside_is_refused(tmp_path: Path, outside: Path, path: str) -> None:
    plan = scene(tmp_path / "plan", path)
    (plan.parent / "extra").mkdir()
    objects, found = gathered(plan)
    assert [finding.code.id for finding in found.all] == ["RP202"]
    assert objects == ()


def test_a_folder_whose_name_begins_alike_is_outside(tmp_path: Path) -> None:
    plan = scene(tmp_path / "plan", "../plan-b")
    (tmp_path / "plan-b").mkdir()
    assert codes(plan) == ["RP202"]


def test_what_lies_outside_is_not_even_said_to_exist(tmp_path: Path, outside: Path) -> None:
    """Or a plan could ask a build machine which files it has."""
    plans = (scene(tmp_path / "plan", f"../outside/{name}") for name in ("config.yaml", "no.yaml"))
    there, missing = (gathered(plan)[1].all[0] for plan in plans)
    assert there.hint == missing.hint
    assert there.message.replace("config.yaml", "no.yaml") == missing.message


@pytest.mark.parametrize("inside", ["link.yaml", "extra/link.yaml", "extra/deep/link.yaml"])
@pytest.mark.parametrize("to", ["config.yaml", "."])
def test_a_link_to_outside_is_refused(
    rollplan: Rollplan, tmp_path: Path, outside: Path, inside: str, to: str
) -> None:
    """Named by the plan or met in a folder; a link to a file or to a folder."""
    plan = scene(tmp_path / "plan", inside.partition("/")[0])
    link = plan.parent / inside
    link.parent.mkdir(parents=True, exist_ok=True)
    (link.parent / "config.yaml").write_text(CONFIG % "config")
    link.symlink_to(outside / to)
    assert codes(plan) == ["RP202"]
    done = rollplan("validate", plan)
    assert done.returncode == 1
    assert CANARY not in done.stdout + done.stderr


def test_a_link_to_a_folder_outside_needs_no_suffix_to_be_found(tmp_path: Path, outside: Path) -> None:
    plan = scene(tmp_path / "plan", "extra")
    (plan.parent / "extra").mkdir()
    (plan.parent / "extra/config.yaml").write_text(CONFIG % "config")
    (plan.parent / "extra/more").symlink_to(outside)
    assert codes(plan) == ["RP202"]


def test_a_chain_of_links_is_followed_to_its_end(tmp_path: Path, outside: Path) -> None:
    plan = scene(tmp_path / "plan", "first.yaml")
    (plan.parent / "first.yaml").symlink_to("second.yaml")
    (plan.parent / "second.yaml").symlink_to(outside / "config.yaml")
    assert codes(plan) == ["RP202"]


def test_links_that_stay_inside_are_followed(tmp_path: Path) -> None:
    plan = scene(tmp_path / "plan", "extra", "file.yaml")
    store = plan.parent / "store"
    (store / "folder").mkdir(parents=True)
    (store / "one.yaml").write_text(CONFIG % "one")
    (store / "folder/two.yaml").write_text(CONFIG % "two")
    (store / "three.yaml").write_text(CONFIG % "three")
    (plan.parent / "extra").mkdir()
    (plan.parent / "extra/linked.yaml").symlink_to("../store/one.yaml")
    (plan.parent / "extra/linked").symlink_to("../store/folder")
    (plan.parent / "file.yaml").symlink_to(store / "three.yaml")
    assert names(plan) == ["one", "three", "two"]


def test_the_folder_of_the_plan_may_be_a_link(tmp_path: Path) -> None:
    plan = scene(tmp_path / "plan", "extra.yaml")
    (plan.parent / "extra.yaml").write_text(CONFIG % "extra")
    (tmp_path / "link").symlink_to("plan")
    assert names(tmp_path / "link/plan.yaml") == ["extra"]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    plan = scene(tmp_path / "plan", "extra")
    (plan.parent / "extra/deep").mkdir(parents=True)
    (plan.parent / "extra/config.yaml").write_text(CONFIG % "config")
    (plan.parent / "extra/deep/up").symlink_to("..")
    (plan.parent / "extra/self").symlink_to(".")
    assert names(plan) == ["config"]


@pytest.mark.parametrize("named", ["extra", "extra/link.yaml"])
def test_a_link_to_nothing_is_no_silence(rollplan: Rollplan, tmp_path: Path, named: str) -> None:
    plan = scene(tmp_path / "plan", named)
    (plan.parent / "extra").mkdir()
    (plan.parent / "extra/link.yaml").symlink_to("gone.yaml")
    done = rollplan("validate", "plan.yaml", cwd=plan.parent)
    said = {
        "extra": (2, "rollplan: cannot read 'extra/link.yaml': it does not exist\n"),
        "extra/link.yaml": (1, "error[RP201]: there is no `extra/link.yaml` beside the plan\n"),
    }[named]
    assert (done.returncode, (done.stderr or done.stdout)[: len(said[1])]) == said


@pytest.mark.parametrize("named", ["extra", "extra/pipe.yaml"])
def test_a_pipe_is_a_fault_and_not_a_wait(rollplan: Rollplan, tmp_path: Path, named: str) -> None:
    plan = scene(tmp_path / "plan", named)
    (plan.parent / "extra").mkdir()
    os.mkfifo(plan.parent / "extra/pipe.yaml")
    done = rollplan("validate", "plan.yaml", cwd=plan.parent)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("rollplan: cannot read 'extra/pipe.yaml': ")


def test_an_endless_device_is_not_read(tmp_path: Path) -> None:
    plan = scene(tmp_path / "plan", "zero.yaml")
    (plan.parent / "zero.yaml").symlink_to("/dev/zero")
    assert codes(plan) == ["RP202"]


def test_an_endless_device_inside_is_a_fault(tmp_path: Path) -> None:
    plan = scene(tmp_path / "plan", "zero.yaml")
    try:
        os.mknod(plan.parent / "zero.yaml", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    except OSError:
        pytest.skip("this user may not make devices")
    with pytest.raises(Fault, match="not a regular file"):
        gathered(plan)
