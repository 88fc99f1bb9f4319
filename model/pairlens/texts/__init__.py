"""Files of ids → ragged texts, pairs and splits. May import kernels and all below it."""
