"""Make the endpoint picker's ServiceAccount and RBAC (field/endpoint-picker)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.gather.made.context import Context
from generator.kubernetes import names
from generator.model.made import Router
from generator.model.manifests import INFERENCE, LLM_D, Manifest

Rules = list[dict[str, Any]]

_READ = ["get", "list", "watch"]
_OLD_HOME = "inference.networking.x-k8s.io"
"""The group in which rewrites and objectives stood before; the picker asks for them there too."""

_PODS: Rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": _READ}]
_POOL: Rules = [
    {"apiGroups": [INFERENCE], "resources": ["inferencepools"], "verbs": _READ},
    {
        "apiGroups": [LLM_D, _OLD_HOME],
        "resources": ["inferencemodelrewrites", "inferenceobjectives"],
        "verbs": _READ,
    },
]
_LEADER: Rules = [
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "verbs": [*_READ, "create", "update", "patch", "delete"],
    },
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
]


def picker_rights(router: Router, context: Context) -> Iterator[Manifest]:
    """Return the picker's account and its roles: those that the shape of the router needs, and no more."""
    yield context.make_for(router, "serviceaccount", mounted=True)
    yield from may(router, context, f"{context.picker}-sa", _PODS)
    if router.has_pool:
        yield from may(router, context, f"{context.picker}-non-sa", _POOL)
    if router.replicas > 1:
        yield from may(router, context, f"{context.picker}-leader-election", _LEADER)


def may(
    router: Router, context: Context, name: str, rules: Rules, *, account: str = "", home: str = ""
) -> Iterator[Manifest]:
    """Return the Role and binding that allow an account, by default the picker's, to use `rules`."""
    yield context.make_for(router, "role", name=name, rules=rules)
    yield _binding(router, context, "rolebinding", name, account=account, home=home)


def may_everywhere(
    router: Router, context: Context, name: str, rules: Rules, *, account: str = ""
) -> Iterator[Manifest]:
    """Return the ClusterRole and binding that allow an account, by default the picker's, to use `rules`."""
    wide = names.cluster_wide(context.namespace, name)
    yield context.make_for(router, "clusterrole", name=wide, rules=rules)
    yield _binding(router, context, "clusterrolebinding", wide, account=account, home="")


def _binding(router: Router, context: Context, kind: str, name: str, *, account: str, home: str) -> Manifest:
    subject = {"account": account or context.picker, "account_namespace": home or context.namespace}
    return context.make_for(router, kind, name=name, role=name, **subject)
