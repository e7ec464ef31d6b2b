"""ConfigMaps, Secrets and the rights of accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.apiserver.builtin import formats, words
from generator.apiserver.builtin.metadata import selector
from generator.apiserver.violations import Key, Violation
from generator.model.source import Path

_SIZE_MAX = 1024 * 1024
_RBAC = "rbac.authorization.k8s.io"

_TYPED: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
"""Type of a Secret → the keys that it must have."""

_ACCOUNT = "kubernetes.io/service-account.name"


def config_map(data: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a ConfigMap: its keys, none of them twice, and its size."""
    size = 0.0
    for field in ("data", "binaryData"):
        for key, value in (data.get(field) or {}).items():
            size += len((value or "").encode()) * (3 / 4 if field == "binaryData" else 1)
            wrong = formats.config_key(key)
            if wrong:
                yield words.invalid((*path, field, Key(key)), key, wrong)
    for key in (data.get("data") or {}).keys() & (data.get("binaryData") or {}).keys():
        yield words.invalid((*path, "data", Key(key)), key, "duplicate of key present in binaryData")
    if size > _SIZE_MAX:
        yield words.invalid((*path, "data"), f"{int(size)} bytes", f"may not be more than {_SIZE_MAX} bytes")


def secret(data: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check a Secret: its keys, and those that its type demands; one without any is filled by others."""
    given: set[str] = set()
    for field in ("data", "stringData"):
        for key in data.get(field) or {}:
            given.add(key)
            if formats.config_key(key):
                yield words.invalid((*path, field, Key(key)), key, formats.config_key(key))
    kind = data.get("type") or ""
    for key in _TYPED.get(kind, ()) if given else ():
        if key not in given:
            yield words.required((*path, "data", Key(key)))
    if kind == "kubernetes.io/basic-auth" and given and not {"username", "password"} & given:
        yield words.required((*path, "data", Key("username")))
    annotations = (data.get("metadata") or {}).get("annotations") or {}
    if kind == "kubernetes.io/service-account-token" and not annotations.get(_ACCOUNT):
        yield words.required((*path, "metadata", "annotations", Key(_ACCOUNT)))


def role(data: Mapping[str, Any], path: Path, *, namespaced: bool) -> Iterator[Violation]:
    """Check the rules of a Role: each is about resources, or about URLs of the whole cluster."""
    for index, rule in enumerate(data.get("rules") or ()):
        rule, where = rule or {}, (*path, "rules", index)
        urls = rule.get("nonResourceURLs")
        if urls:
            at = (*where, "nonResourceURLs")
            if namespaced:
                yield words.invalid(at, urls, "namespaced rules cannot apply to non-resource URLs")
            if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
                why = "rules cannot apply to both regular resources and non-resource URLs"
                yield words.invalid(at, urls, why)
            continue
        for field, what in (("apiGroups", "api group"), ("resources", "resource")):
            if not rule.get(field):
                yield words.required((*where, field), f"resource rules must supply at least one {what}")
    for index, one in enumerate((data.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()):
        yield from selector(one, (*path, "aggregationRule", "clusterRoleSelectors", index))


def binding(data: Mapping[str, Any], path: Path, *, namespaced: bool) -> Iterator[Violation]:
    """Check a binding: what it gives, and to whom."""
    ref = data.get("roleRef") or {}
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    if ref.get("kind") not in kinds:
        yield words.unsupported((*path, "roleRef", "kind"), ref.get("kind") or "", kinds)
    for index, subject in enumerate(data.get("subjects") or ()):
        yield from _subject(subject or {}, (*path, "subjects", index), namespaced=namespaced)


def _subject(value: Mapping[str, Any], path: Path, *, namespaced: bool) -> Iterator[Violation]:
    group = value.get("apiGroup")
    if value.get("kind") != "ServiceAccount":
        # The server fills in the group of users and groups where it is not said.
        if group and group != _RBAC:
            yield words.unsupported((*path, "apiGroup"), group, (_RBAC,))
        return
    name = value.get("name") or ""
    if name and formats.subdomain(name):
        yield words.invalid((*path, "name"), name, formats.subdomain(name))
    if group:
        yield words.unsupported((*path, "apiGroup"), group, ("",))
    if not namespaced and not value.get("namespace"):
        yield words.required((*path, "namespace"))
