"""Datasets: where they come from, their archives, and their arrays."""
