"""The values that rooms share: places, findings, manifests, the plan, the rollout. Imports no room."""
