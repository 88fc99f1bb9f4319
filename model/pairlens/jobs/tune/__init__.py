"""Searches the values of a config's keys with which a training is best on dev."""
