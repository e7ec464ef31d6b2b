"""Objects that rollplan makes itself, from the templates under `templates/objects/`."""

from __future__ import annotations

from typing import Any

from generator.diagnostics import Findings
from generator.load import load_manifests
from generator.manifests import Manifest, Origin, identity_of
from generator.source import Source
from generator.templating import render_yaml


def make(kind: str, bundle: str, origin: Origin, **values: Any) -> Manifest:
    """Give the object that the kind's template makes of the values.

    `origin` is the part of the plan that asks for the object: findings in it point there.
    """
    name = f"objects/{kind}.yaml.j2"
    (document,) = load_manifests(Source(name=name, text=render_yaml(name, **values)), Findings())
    data = document.data
    return Manifest(identity=identity_of(data), data=data, bundle=bundle, origin=origin)
