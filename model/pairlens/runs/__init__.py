"""The run directory, whose file names no other folder spells. May import texts and all below it."""
