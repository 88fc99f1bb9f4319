"""The inner loops of reading, training and scoring, compiled by Numba. May import metrics and all below it, and Numba.

Only `compiler` imports Numba; importing this package, or calling a kernel that is already compiled, does not.
"""
