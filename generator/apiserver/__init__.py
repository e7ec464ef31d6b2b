"""Validate objects as a Kubernetes API server does, offline: schemas, CEL, built-in kinds, metadata."""
