"""The run directory, whose file names no other folder spells (see names.py). May import texts and all below it."""
