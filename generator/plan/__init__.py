"""plan.yaml to a frozen `Plan`: its JSON Schema, the messages about it, and the values in it."""
