"""A rollout to the texts of its files: manifests, kustomizations, runbook, rollout.json, engine objects."""
