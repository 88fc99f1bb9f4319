"""The inner loops of reading, training and scoring, compiled by Numba. May import metrics and all below it, and Numba.

Importing the package, and calling a kernel that was compiled before, loads no Numba: only `compiler` does.
"""
