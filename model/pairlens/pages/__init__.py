"""Results as web pages: one file each, which needs no network and no other file."""
