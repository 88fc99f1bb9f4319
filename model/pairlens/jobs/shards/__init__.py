"""Outputs in parts, which many processes or machines write and which are then merged."""
