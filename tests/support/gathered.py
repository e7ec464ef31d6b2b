"""A small plan in a folder of its own, and what it gathers."""

from __future__ import annotations

import shutil
from pathlib import Path

from generator.gather.bundles import gather
from generator.load import load_plan, read_source
from generator.load.paths import documents
from generator.load.roots import roots_of
from generator.model.manifests import Manifest
from generator.pipeline import Collector
from generator.plan.parse import parse
from generator.rules import CODES
from generator.stages import STRATEGIES
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


def gathered(plan: Path) -> tuple[tuple[Manifest, ...], Collector]:
    """Give the objects beside those of `serving.yaml`, and what is wrong with them."""
    found = Collector()
    source = found.collect(read_source(plan, plan.name))
    document = found.collect(load_plan(source)) if source else None
    assert document
    parsed = found.collect(parse(document, STRATEGIES, CODES))
    roots = roots_of(plan.parent, parsed.roots)
    bundles = found.collect(gather(parsed, lambda path: documents(path, plan.parent, roots)))
    (objects,) = bundles.values()
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
