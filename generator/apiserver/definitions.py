"""CustomResourceDefinitions that the user passes: they take precedence over our own schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from generator.apiserver.cel.compiler import compile_rule
from generator.apiserver.cel.values import Unsupported
from generator.apiserver.custom.catalog import catalog
from generator.apiserver.custom.definitions import definitions_in
from generator.apiserver.custom.judge import Definition
from generator.apiserver.custom.notation import CrdTarget
from generator.apiserver.violations import Checker, Violation
from generator.model.codes import finding
from generator.model.findings import Finding, Reporting
from generator.model.manifests import Origin, dig
from generator.model.source import Document, Path, Place, quoted
from generator.model.target import Apis

_KIND = "CustomResourceDefinition"
_API = "apiextensions.k8s.io/v1"


@dataclass(frozen=True, kw_only=True)
class Given:
    """One definition of the user's: read where an object of its kind is judged, and not before."""

    data: Mapping[str, Any]
    origin: Origin

    @cached_property
    def read(self) -> tuple[Mapping[str, Definition] | None, tuple[Finding, ...]]:
        """Return what it says of each version, None where that cannot be read; and what is wrong with it."""
        name = str(dig(self.data, "metadata", "name", default=""))
        about = f"{_KIND}/{name}"
        try:
            versions = {known.version: known for known in definitions_in(self.data)}
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
            message = f"definition {quoted(name)} is not well formed"
            hint = "take it from the cluster again: `kubectl get crd -o yaml`"
            return None, (finding("RP410", message, self.origin.at(), hint, about=about),)
        found = (_unknown(rule, self.origin.at(*path), about) for path, rule in _rules(self.data, ()))
        return versions, tuple(one for one in found if one)


def _unknown(rule: Any, place: Place, about: str) -> Finding | None:
    """Return a finding for a rule that cannot be read."""
    try:
        compile_rule(str(rule))
    except Unsupported as unknown:
        hint = "objects are judged without this rule; only the cluster itself can check it"
        message = f"rule {quoted(str(rule))} cannot be read and is skipped: {unknown}"
        return finding("RP412", message, place, hint, about=about)
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Schemas:
    """Definitions by group and kind: the user's, and for other kinds our own for what the plan targets."""

    given: Mapping[tuple[str, str], Given]
    own: Callable[[str, str, str], Checker | None]

    def __call__(self, group: str, version: str, kind: str) -> Reporting[Checker | None]:
        """Return the checker of a kind in a version; None where nobody says what it may hold."""
        given = self.given.get((group, kind))
        if given is None:
            return self.own(group, version, kind)
        versions, found = given.read
        yield from found
        if versions is None:
            return None
        return versions.get(version) or _not_served(f"{group}/{version}", kind, sorted(versions), group)


def schemas(documents: Iterable[Document], apis: Apis) -> Reporting[Schemas]:
    """Read the definitions among some documents; of two for one kind the later one counts."""
    target = CrdTarget(
        gateway_api=apis.gateway_api, inference_extension=apis.inference_extension, router=apis.router
    )
    given: dict[tuple[str, str], Given] = {}
    for document in documents:
        for data, path in _definitions(document.data, ()):
            one = Given(data=data, origin=Origin(document=document, path=path))
            if data.get("apiVersion") == _API:
                given[str(dig(data, "spec", "group")), str(dig(data, "spec", "names", "kind"))] = one
            else:
                message = f"a definition of {quoted(str(data.get('apiVersion')))} cannot be read"
                hint = f"give it as `{_API}`: `kubectl get crd -o yaml` does"
                yield finding("RP410", message, one.origin.at("apiVersion"), hint)
    return Schemas(given=given, own=catalog(target))


def _definitions(data: Any, path: Path) -> Iterator[tuple[Mapping[str, Any], Path]]:
    """Return the definitions of a document: itself, or items of a list; other objects are left alone."""
    if not isinstance(data, Mapping):
        return
    if data.get("kind") == _KIND:
        yield data, path
    elif str(data.get("kind")).endswith("List") and isinstance(data.get("items"), list):
        for index, item in enumerate(data["items"]):
            yield from _definitions(item, (*path, "items", index))


def _rules(data: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Return the text of every CEL rule, and where it stands."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key == "x-kubernetes-validations" and isinstance(value, list):
                yield from (((*path, key, index, "rule"), row["rule"]) for index, row in enumerate(value))
            else:
                yield from _rules(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _rules(value, (*path, index))


def _not_served(wanted: str, kind: str, versions: list[str], group: str) -> Checker:
    served = " and ".join(f"`{group}/{version}`" for version in versions)
    violation = Violation(
        path=("apiVersion",),
        kind="version",
        message=f'no matches for kind "{kind}" in version "{wanted}"',
        hint=f"the cluster serves it in {served}" if versions else "the cluster serves none of its versions",
    )
    return lambda _: (violation,)
