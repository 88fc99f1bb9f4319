"""A run's model as files for other programs."""
