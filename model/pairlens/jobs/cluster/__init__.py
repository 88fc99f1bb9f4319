"""Numbered tasks done by several worker processes, on this machine or on a Ray cluster."""
