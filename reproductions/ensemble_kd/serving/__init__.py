"""Ensembles served without their framework: one store, and convolutions of packed codes."""
