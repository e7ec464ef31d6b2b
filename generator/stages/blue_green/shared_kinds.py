"""Kinds that belong to neither version, whichever manifests they are in (I3)."""

from __future__ import annotations

from dataclasses import replace

from generator.model.manifests import Manifest

_KINDS = frozenset(
    {
        "CustomResourceDefinition",
        "ExternalSecret",
        "Gateway",
        "GatewayClass",
        "Namespace",
        "PersistentVolume",
        "PriorityClass",
        "ReferenceGrant",
        "RuntimeClass",
        "SealedSecret",
        "SecretStore",
        "StorageClass",
    }
)
"""Kinds on which more than one version stands: their end would be the end of objects of both."""

_MANY = frozenset({"ReadWriteMany", "ReadOnlyMany"})


def is_shared_kind(item: Manifest) -> bool:
    """Return whether an object is one for all versions; a volume that many pods may write is, too."""
    modes = item.get("spec", "accessModes", default=())
    return item.kind in _KINDS or (item.kind == "PersistentVolumeClaim" and bool(_MANY & set(modes)))


def without_shared_kinds(bundle: tuple[Manifest, ...]) -> tuple[tuple[Manifest, ...], tuple[Manifest, ...]]:
    """Part a version's objects into its own and those of all versions, which become shared."""
    common = tuple(replace(item, bundle="shared", part="") for item in bundle if is_shared_kind(item))
    return tuple(item for item in bundle if not is_shared_kind(item)), common
