"""Devices and what was measured on them."""
