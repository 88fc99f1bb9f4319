"""Results as web pages, one file each, which need no network. May import evaluation and all below it."""
