"""YAML text to documents in which every key and value knows its line and column."""
