"""Objects that rollplan makes itself, and parts of them, from the templates under `templates/`."""

from __future__ import annotations

from typing import Any

from generator.load.reader import load_manifests
from generator.model.findings import value_of
from generator.model.manifests import Manifest, Origin, identity_of
from generator.model.source import Source
from generator.templating import render_yaml


def make(kind: str, bundle: str, origin: Origin, **values: Any) -> Manifest:
    """Return the object that the kind's template makes of the values.

    `origin` is the part of the plan that asks for the object: findings in it point there.
    """
    data = _read(f"gather/objects/{kind}.yaml.j2", values)
    return Manifest(identity=identity_of(data), data=data, bundle=bundle, origin=origin)


def make_part(name: str, **values: Any) -> dict[str, Any]:
    """Return a part of an object, such as a pod or a container, from its template."""
    return _read(f"gather/parts/{name}.yaml.j2", values)


def make_text(name: str, **values: Any) -> str:
    """Return the text of another program's configuration, such as `envoy`, from its template."""
    return render_yaml(f"gather/configs/{name}.conf.j2", **values)


def _read(name: str, values: dict[str, Any]) -> dict[str, Any]:
    (document,) = value_of(load_manifests(Source(name=name, text=render_yaml(name, **values))))
    return dict(document.data)
