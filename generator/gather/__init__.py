"""Gather manifests (files, kustomizations, made by rollplan) into bundles of canonical objects."""
