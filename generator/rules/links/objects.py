"""The objects of a rollout, by what others know them by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from generator.kubernetes.pods import pod_templates
from generator.kubernetes.selectors import Selector, selects_template
from generator.model.manifests import Manifest
from generator.model.source import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """A pod template: the object that holds it, where, and the labels of its pods."""

    owner: Manifest
    path: Path
    labels: Mapping[str, Any]

    def containers(self) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        """Return each container that runs beside the others, with its place; sidecars come last."""
        spec = self.owner.get(*self.path, "spec", default={})
        for group in ("containers", "initContainers"):
            for index, container in enumerate(spec.get(group) or ()):
                if container and (group == "containers" or container.get("restartPolicy") == "Always"):
                    yield (*self.path, "spec", group, index), container

    def ports(self) -> list[Mapping[str, Any]]:
        """Return the ports that the pods declare."""
        return [port for _, container in self.containers() for port in container.get("ports") or () if port]


@dataclass(frozen=True, kw_only=True)
class ObjectCatalog:
    """The objects of all stages; what belongs to them is looked up once."""

    objects: tuple[Manifest, ...]

    @cached_property
    def names(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """The names of each kind in each namespace."""
        names: dict[tuple[str, str], set[str]] = {}
        for item in self.objects:
            names.setdefault((item.kind, item.identity.namespace), set()).add(item.name)
        return {key: frozenset(value) for key, value in names.items()}

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """Every pod template of every object."""
        return tuple(
            Template(owner=item, path=path, labels=item.get(*path, "metadata", "labels", default={}))
            for item in self.objects
            for path in pod_templates(item)
        )

    def caught(self, selector: Selector, namespace: str) -> tuple[Template, ...]:
        """Return the templates whose pods a selector catches; labels that controllers add count as there."""
        return tuple(
            template
            for template in self.templates
            if template.owner.identity.namespace == namespace
            and selects_template(selector, template.owner, template.labels)
        )
