"""Vectors of numbers in registers, and products of small matrices. May import only Numba and llvmlite."""
