"""A paper about adding numbers."""
