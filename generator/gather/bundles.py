"""Read the manifests that a plan names into bundles, and add the objects that rollplan makes.

Each object stands there once, with the place that it came from.
"""

from __future__ import annotations

from typing import Any

from generator.gather.canonical import canonical
from generator.gather.made.build import made_objects
from generator.kubernetes.apply_order import apply_rank
from generator.kubernetes.old_apis import modern
from generator.load.paths import Read
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.manifests import Identity, Manifest, Origin, dig, identity_of
from generator.model.plan import Bundles, Plan
from generator.model.source import Document, Path, quoted


def gather(plan: Plan, read: Read) -> Reporting[Bundles]:
    """Return the manifests of every bundle of the plan, in canonical form and apply order.

    `read` raises `Fault` for a file that cannot be read.
    """
    bundles: Bundles = {}
    seen: dict[Identity, Manifest] = {}
    for sources in plan.sources:
        bundle, requested = sources.bundle, sources.requested
        brought: list[Manifest] = []
        for path in sources.paths:
            for document in (yield from read(path)):
                brought += yield from _objects(document, bundle, plan)
        made = (yield from made_objects(requested, bundle, tuple(brought), plan)) if requested else ()
        own = []
        for manifest in (*brought, *made):
            if (yield from _is_new(manifest, seen)):
                own.append(manifest)
        bundles[bundle] = tuple(sorted(own, key=_apply_order))
    return bundles


def _apply_order(manifest: Manifest) -> tuple[int, Identity]:
    return (apply_rank(manifest), manifest.identity)


def _objects(document: Document, bundle: str, plan: Plan, path: Path = ()) -> Reporting[tuple[Manifest, ...]]:
    data = document.data
    for step in path:
        data = data[step]
    origin = Origin(document=document, path=path)
    if not _is_text(data, "apiVersion") or not _is_text(data, "kind"):
        lacks = " and ".join(f"`{name}`" for name in ("apiVersion", "kind") if not _is_text(data, name))
        message = f"this is not a Kubernetes object: it has no {lacks}"
        yield finding("RP203", message, origin.at(), "name only manifests under `manifests` and `routes`")
    elif data["apiVersion"].startswith("rollplan.dev/"):
        message = f"this {data['kind']} is not an object that a cluster has"
        hint = "keep manifests in a folder of their own, beside the plan"
        yield finding("RP203", message, origin.at("kind"), hint)
    elif str(data["kind"]).endswith("List") and isinstance(data.get("items"), list):
        items: list[Manifest] = []
        for index in range(len(data["items"])):
            items += yield from _objects(document, bundle, plan, (*path, "items", index))
        return tuple(items)
    elif (yield from _is_hook(data, origin)):
        return ()
    elif (yield from _has_name(data, origin)) and (yield from _is_public(data, origin)):
        data = yield from modern(data, plan.target.apis.inference_extension, origin)
        body = canonical(data, plan.namespace, plan.target.apis)
        return (Manifest(identity=identity_of(body), data=body, bundle=bundle, origin=origin),)
    return ()


def _is_text(data: Any, key: str) -> bool:
    return isinstance(data, dict) and isinstance(data.get(key), str) and bool(data[key])


def _has_name(data: dict[str, Any], origin: Origin) -> Reporting[bool]:
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if isinstance(name, str) and name:
        return True
    message, hint = "has no", "name it: a generated name would make another object at every apply"
    if name is not None:
        message, hint = "has no text as its", "put the name in double quotes"
    yield finding(
        "RP209", f"this {data['kind']} {message} `metadata.name`", origin.at("metadata", "name"), hint
    )
    return False


def _is_hook(data: dict[str, Any], origin: Origin) -> Reporting[bool]:
    """Return whether Helm runs this object at its own moments: it is no part of what a release runs."""
    hook = dig(data, "metadata", "annotations", "helm.sh/hook")
    if hook is not None:
        message = f"this {data['kind']} is a Helm hook ({quoted(str(hook))}) and is left out"
        hint = "render with `helm template --no-hooks`, or run what the hook does apart from the rollout"
        place = origin.at("metadata", "annotations", "helm.sh/hook")
        about = f"{data['kind']}/{dig(data, 'metadata', 'name', default='')}"
        yield finding("RP210", message, place, hint, about=about)
    return hook is not None


def _is_public(data: dict[str, Any], origin: Origin) -> Reporting[bool]:
    fields = [name for name in ("data", "stringData") if data.get(name)]
    if data["kind"] != "Secret" or data["apiVersion"] != "v1" or not fields:
        return True
    yield finding(
        "RP207",
        f"Secret `{data['metadata']['name']}` holds its values in plain text",
        origin.at_key(fields[0]),
        "leave it out (it is created apart from the rollout), or use a SealedSecret or an ExternalSecret",
    )
    return False


_FIXED_NAMES = {
    ("ConfigMap", "agentgateway"): "every standalone release of the chart calls it so: use a namespace each",
    ("ConfigMap", "envoy"): "every standalone release of the chart calls it so: use a namespace each",
    ("Secret", "inference-gateway-sa-metrics-reader-secret"): "every release of the chart calls it so: turn "
    "off its creation in one of them, and move the one object to `shared`",
}
"""Fixed names in the router's chart, whatever the release (field/endpoint-picker) → how to avoid them."""

_CUT = 40
"""The chart cuts a release's name to this many characters before it adds `-epp` (I2)."""


def _apart(manifest: Manifest) -> str:
    """Return how an object that two versions have becomes two, or stays one."""
    hint = "give each version an object of its own, or move the one object to `shared`"
    if (manifest.kind, manifest.name) in _FIXED_NAMES:
        return _FIXED_NAMES[manifest.kind, manifest.name]
    if len(manifest.name.partition("-epp")[0]) == _CUT:
        return f"{hint}: the chart cuts names to {_CUT} characters, so let the releases differ within them"
    return hint


def _is_new(manifest: Manifest, seen: dict[Identity, Manifest]) -> Reporting[bool]:
    first = seen.setdefault(manifest.identity, manifest)
    if first is manifest:
        return True
    same = first.bundle == manifest.bundle
    yield finding(
        "RP204" if same else "RP205",
        f"`{manifest.identity}` is defined twice"
        if same
        else f"`{manifest.identity}` is in {first.bundle} and in {manifest.bundle}",
        manifest.origin.at("metadata", "name"),
        "keep one of them" if same else _apart(manifest),
        Related(place=first.origin.at("metadata", "name"), label="the first one"),
    )
    return False
