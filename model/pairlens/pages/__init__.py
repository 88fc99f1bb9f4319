"""Results as self-contained web pages, one file each. May import evaluation and below."""
