"""The public door: the functions of `pairlens`, and what they return, which shows itself in notebooks."""
