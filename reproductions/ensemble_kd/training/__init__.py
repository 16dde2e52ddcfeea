"""The training of ensembles, of their teachers, and of each width alone."""
