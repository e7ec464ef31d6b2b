"""A small plan in a folder of its own, and what it gathers."""

from __future__ import annotations

import shutil
from pathlib import Path

from generator.gather.bundles import gather
from generator.load import load_plan, read_source
from generator.load.paths import documents
from generator.load.roots import roots_of
from generator.model.findings import Findings
from generator.model.manifests import Manifest
from generator.plan.parse import parse
from tests.support.cases import FOLDER

PLAN = """apiVersion: rollplan.dev/v1alpha1
kind: RolloutPlan
metadata: {name: chat, namespace: llm-d}
spec:
  target: {mode: standalone}
  pool: chat
  manifests: [%s]
  strategy: {type: rolling-update, update: {image: "example.com/server:v2"}}
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
SERVING = FOLDER / "bases/small-rolling-update/serving.yaml"


def scene(folder: Path, *paths: str) -> Path:
    """Make a plan that is whole with `serving.yaml`, and names `paths` as well; give its file."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(SERVING, folder / "serving.yaml")
    plan = folder / "plan.yaml"
    plan.write_text(PLAN % ", ".join(["serving.yaml", *paths]))
    return plan


def gathered(plan: Path) -> tuple[tuple[Manifest, ...], Findings]:
    """Give the objects beside those of `serving.yaml`, and what is wrong with them."""
    found = Findings()
    source = read_source(plan, plan.name, found)
    document = load_plan(source, found) if source else None
    assert document
    parsed = parse(document, found)
    roots = roots_of(plan.parent, parsed.roots)
    (objects,) = gather(parsed, lambda path: documents(path, plan.parent, roots, found), found).values()
    names = {"chat", "chat-epp", "chat-server"}
    return tuple(item for item in objects if item.name not in names), found


def names(plan: Path) -> list[str]:
    """Give the names of the objects beside those of `serving.yaml`; nothing may be wrong with them."""
    objects, found = gathered(plan)
    assert found.all == ()
    return [item.name for item in objects]


def codes(plan: Path) -> list[str]:
    """Give the codes of what is wrong."""
    return [finding.code.id for finding in gathered(plan)[1].all]
