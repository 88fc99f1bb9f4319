"""The network as tf-keras trains it. May import scoring and all below it, and TensorFlow."""
