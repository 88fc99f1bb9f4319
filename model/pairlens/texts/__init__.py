"""Reading files of ids as ragged texts, pairs and splits. May import kernels and all below it."""
