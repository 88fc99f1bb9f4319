"""The network on plain arrays, which scores. May import runs and all below it; neither TensorFlow nor Numba."""
