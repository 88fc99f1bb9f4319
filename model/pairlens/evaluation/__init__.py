"""Metrics of a model on labelled pairs, with confidence intervals. May import attention and below."""
