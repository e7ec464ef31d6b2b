"""Make monitors for metrics, and with `auth` an account to read them (field/endpoint-picker)."""

from __future__ import annotations

from collections.abc import Iterator

from generator.gather.made.context import Context, labels, picker_pods
from generator.gather.made.rbac import Rules, may, may_everywhere
from generator.model.made import POD_MONITORING, Router
from generator.model.manifests import Manifest

_ASK: Rules = [
    {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
    {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]},
]
"""What the picker needs to know who asks for its metrics, and whether they may."""

_READ_METRICS: Rules = [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]

_GOOGLE = "gmp-system"
"""The namespace of Google's managed Prometheus, whose `collector` fetches the token itself."""


def picker_metrics(router: Router, context: Context) -> Iterator[Manifest]:
    """Return the monitor of the picker, and what its `auth` needs."""
    if router.monitoring is None:
        return
    token = f"{context.picker}-metrics-reader" if router.monitoring.auth else ""
    if token:
        yield from _reader(router, context, token)
    if router.monitoring.kind == POD_MONITORING:
        selector = picker_pods(router, context)
        values = {"selector": selector, "port": "metrics", "token": token}
        yield context.make_for(router, "podmonitoring", interval=router.monitoring.interval, **values)
        if token:
            yield from _fetched_by_google(router, context, token)
    else:
        name = f"{context.picker}-monitor"
        values = {"name": name, "selector": labels(context), "token": token}
        yield context.make_for(router, "servicemonitor", interval=router.monitoring.interval, **values)


def _reader(router: Router, context: Context, name: str) -> Iterator[Manifest]:
    """Return an account that may read metrics and nothing else, with a token that does not end.

    The picker's own token would do, and would let the reader see the pool's pods as well.
    """
    yield context.make_for(router, "serviceaccount", name=name, mounted=False)
    yield context.make_for(router, "secret", name=name, account=name)
    yield from may_everywhere(router, context, name, _READ_METRICS, account=name)
    yield from may_everywhere(router, context, f"{context.picker}-metrics-auth", _ASK)


def _fetched_by_google(router: Router, context: Context, name: str) -> Iterator[Manifest]:
    rules: Rules = [
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": [name],
            "verbs": ["get", "list", "watch"],
        }
    ]
    yield from may(
        router, context, f"{context.picker}-metrics-token", rules, account="collector", home=_GOOGLE
    )
