"""The verdict of a Kubernetes API server, without a server: schemas, CEL, built-in kinds, metadata."""
