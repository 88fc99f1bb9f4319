"""The run directory; its file names are in names.py and nowhere else. May import texts and below."""
