"""Rankings of candidates for queries, from files to files."""
