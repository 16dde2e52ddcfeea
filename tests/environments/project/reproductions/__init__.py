"""The reproduced systems of a project with two frameworks."""
