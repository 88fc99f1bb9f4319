"""What a config may say, read from YAML with the place of every value. May import files and all below it."""
