"""The training loop and what it minimises. May import network and all below it, and TensorFlow."""
