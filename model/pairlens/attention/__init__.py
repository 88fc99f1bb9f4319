"""Attention scores in files and on screens."""
