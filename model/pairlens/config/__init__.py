"""The config: its schema, and reading it from YAML with the place of every value. May import files and all below it."""
