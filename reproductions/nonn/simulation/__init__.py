"""Predicted latency of one image on devices behind links: a NoNN against a split by layers.

The compute times are those that a record holds. The rest is arithmetic, exact until a number is
written.
"""
