"""Attention scores as files, pictures and text, and summaries of them. May import training and all below it."""
