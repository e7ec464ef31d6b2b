"""Find the pool and objects that a plan names, or report what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from generator.kubernetes.router import find_picker, find_pool
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.manifests import Manifest
from generator.model.source import Ref


def require_pool(manifests: tuple[Manifest, ...], name: Ref) -> Reporting[Manifest | None]:
    """Find the InferencePool and its endpoint picker; what is missing is a finding."""
    pool = find_pool(manifests, name.value)
    if pool is None:
        pools = ", ".join(f"`{item.name}`" for item in manifests if item.kind == "InferencePool")
        hint = f"the manifests have {pools}" if pools else "add the InferencePool to the manifests"
        yield finding("RP301", f"no InferencePool is called `{name}`", name.place, hint)
        return None
    picker = find_picker(manifests, pool)
    service = pool.get("spec", "endpointPickerRef", "name", default="")
    if not service:
        yield finding(
            "RP311",
            f"InferencePool `{name}` names no endpoint picker",
            pool.origin.at("spec"),
            "add `endpointPickerRef`: Inference Extension v1.6 can do without, most gateways cannot",
            Related(place=name.place, label="the pool is named here"),
        )
    elif picker.service is None or not picker.workloads:
        missing = f"Service `{service}`" if picker.service is None else f"workload behind Service `{service}`"
        yield finding(
            "RP311",
            f"the {missing} of InferencePool `{name}` is not among the manifests",
            pool.origin.at("spec", "endpointPickerRef", "name"),
            "add the whole endpoint picker (Service, Deployment, ConfigMap, RBAC) to the same manifests",
            Related(place=name.place, label="the pool is named here"),
        )
    return pool


def require_named(
    manifests: Iterable[Manifest], name: Ref, code: str, what: str
) -> Reporting[Manifest | None]:
    """Find a manifest by name; a missing one is a finding with the nearest name as its hint."""
    named = {item.name: item for item in manifests}
    if name.value in named:
        return named[name.value]
    close = get_close_matches(name.value, named, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"there is {', '.join(sorted(named)) or 'none'}"
    yield finding(code, f"no {what} is called `{name}`", name.place, hint)
    return None
