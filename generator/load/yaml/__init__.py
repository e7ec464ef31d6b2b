"""Parse YAML into documents with the line and column of every key and value."""
