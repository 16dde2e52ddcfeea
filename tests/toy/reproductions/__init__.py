"""The reproduced systems of the toy project."""
