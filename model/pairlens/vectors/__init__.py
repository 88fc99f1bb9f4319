"""Word vectors as people have them, read for the words of a run."""
