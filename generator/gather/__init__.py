"""Manifests of files, kustomizations and rollplan's own making to bundles of canonical objects."""
