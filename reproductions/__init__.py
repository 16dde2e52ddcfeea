"""The reproduced systems, one package a paper; none imports another."""
