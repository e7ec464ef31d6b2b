"""The fields of built-in kinds, read from the source of lightkube-models, which pins a Kubernetes version.

Importing those modules would import their HTTP client (90 ms, and eleven packages that nothing here
needs), so their generated classes are read as the text that they are: one class at a time, when asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

GROUPS: Mapping[str, str] = {
    "": "core",
    "admissionregistration.k8s.io": "admissionregistration",
    "apps": "apps",
    "autoscaling": "autoscaling",
    "batch": "batch",
    "coordination.k8s.io": "coordination",
    "discovery.k8s.io": "discovery",
    "extensions": "extensions",
    "networking.k8s.io": "networking",
    "node.k8s.io": "node",
    "policy": "policy",
    "rbac.authorization.k8s.io": "rbac",
    "resource.k8s.io": "resource",
    "scheduling.k8s.io": "scheduling",
    "storage.k8s.io": "storage",
}
"""API group → the first part of its modules' names; of a group that is gone there is none."""

_CLASS = re.compile(r"^class (\w+)\(DictMixin\):", re.MULTILINE)
_FIELD = re.compile(
    r"""^    (\w+): '(\S.*?)'(?: = (?:None|field\(metadata=\{"json": "([^"]+)"\}.*))?$""", re.M
)
_END = "\n\n\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """One class: its fields, by their name in JSON, each with its type as the package writes it.

    Names of classes in types are whole (`core_v1.Container`), `Optional` is left out.
    """

    name: str
    fields: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Module:
    text: str
    classes: Mapping[str, int]


def model_of(group: str, version: str, kind: str) -> str | None:
    """Return the name of the class of a kind; None where no server of this Kubernetes version has it."""
    return _model(f"{GROUPS[group]}_{version}", kind)


def _model(stem: str, kind: str) -> str | None:
    module = _module(stem)
    return f"{stem}.{kind}" if module and kind in module.classes else None


def served(kind: str) -> tuple[str, ...]:
    """Return the stable versions in which a server has a kind of this name."""
    groups = {stem: group for group, stem in GROUPS.items()}
    names = sorted(path.stem for path in _folder().glob("*_v?.py"))
    found = (name.rpartition("_") for name in names if _model(name, kind))
    return tuple(f"{groups[stem]}/{v}".lstrip("/") for stem, _, v in found if stem in groups)


@cache
def read(name: str) -> Model:
    """Return a class by its whole name; without fields, an alias of a plain type, such as a moment."""
    stem, _, class_ = name.partition(".")
    module = _module(stem)
    if module is None or class_ not in module.classes:
        return Model(name=name, fields={})
    start = module.classes[class_]
    end = module.text.find(_END, start)
    found = _FIELD.findall(module.text, start, end if end > 0 else len(module.text))
    return Model(name=name, fields={json or name: _whole(type_, stem) for name, type_, json in found})


def _whole(type_: str, stem: str) -> str:
    bare = type_.removeprefix("Optional[").removesuffix("]") if type_.startswith("Optional[") else type_
    inner = bare.removeprefix("List[").removesuffix("]") if bare.startswith("List[") else bare
    known = f"{stem}.{inner}" if inner[0].isupper() and "." not in inner else inner
    return f"List[{known}]" if inner != bare else known


@cache
def _module(stem: str) -> _Module | None:
    path = _folder() / f"{stem}.py"
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8")
    return _Module(text=text, classes={match[1]: match.end() for match in _CLASS.finditer(text)})


@cache
def _folder() -> Path:
    """Return where the package is, without importing it."""
    top = PathFinder.find_spec("lightkube")
    models = PathFinder.find_spec("lightkube.models", top.submodule_search_locations) if top else None
    if models is None or models.origin is None:
        raise ImportError("lightkube-models is not installed")
    return Path(models.origin).parent
