"""The scoring engine: the network on plain arrays. May import runs and all below it; neither TensorFlow nor Numba."""
