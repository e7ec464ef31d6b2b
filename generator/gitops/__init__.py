"""What people and pipelines do with rendered stages in Git: check, diff, promote, roll back, gates, KRM."""
