"""Canonical formats: the same content always gives the same bytes."""
