"""Render stages to files: objects that never change in `bundles/`, the others in each stage's folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.emit import emit
from generator.model.manifests import Manifest
from generator.model.rollout import Deletion, Rollout, deletion_files
from generator.render.delivery import ENGINES
from generator.render.engine_shell import follower
from generator.render.layout import lay_out
from generator.render.rollout_json import rollout_json
from generator.render.runbook import runbook
from generator.templating import render_yaml

_GIT_ATTRIBUTES = """\
* text eol=lf
README.md linguist-generated
*.json linguist-generated
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedFiles:
    """The files of one rollout by path, and the object that each manifest file holds."""

    files: Mapping[str, str]
    identities: Mapping[str, str]


def render(rollout: Rollout) -> RenderedFiles:
    """Return every file of a rollout but its inventory."""
    layout = lay_out(rollout)
    manifests = layout.files()
    files = _emitted(manifests)
    for folder, resources in layout.kustomizations().items():
        files[f"{folder}/kustomization.yaml"] = render_yaml(
            "render/kustomization.yaml.j2", resources=resources, ordered=folder.startswith("stages/")
        )
    files |= follower(rollout)
    if not ENGINES[rollout.plan.delivery.engine].prunes:
        for index, stage in enumerate(rollout.stages):
            files |= _deletions(rollout.folder(index), stage.deletions)
        files |= _deletions("rollback", rollout.rollback.removals)
    files["README.md"] = runbook(rollout)
    files["rollout.json"] = rollout_json(layout)
    files[".gitattributes"] = _GIT_ATTRIBUTES
    identities = {path: str(item.identity) for path, item in manifests.items()}
    return RenderedFiles(files=files, identities=identities)


def _emitted(manifests: Mapping[str, Manifest]) -> dict[str, str]:
    """Emit every object once, however many files hold it."""
    texts: dict[int, str] = {}
    for item in manifests.values():
        if id(item.data) not in texts:
            texts[id(item.data)] = emit(dict(item.data))
    return {path: texts[id(item.data)] for path, item in manifests.items()}


def _deletions(folder: str, deletions: tuple[Deletion, ...]) -> dict[str, str]:
    return {
        path: "---\n".join(_identities(deletion))
        for path, deletion in deletion_files(folder, deletions).items()
    }


def _identities(deletion: Deletion) -> Iterator[str]:
    """Return each object as `kubectl delete -f` needs it: its identity, and nothing else."""
    for item in deletion.objects:
        metadata: dict[str, Any] = {"name": item.name}
        if item.identity.namespace:
            metadata["namespace"] = item.identity.namespace
        yield emit({"apiVersion": item.data["apiVersion"], "kind": item.kind, "metadata": metadata})
