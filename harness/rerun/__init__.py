"""Reruns in a clean place: what must not change a byte is varied, and every output compared."""
