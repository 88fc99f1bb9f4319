"""Vectors of numbers in registers, and products of small matrices in them. May import Numba and llvmlite alone."""
