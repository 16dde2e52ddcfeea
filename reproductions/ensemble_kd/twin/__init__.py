"""The ensembles in PyTorch: the same functions of the same numbers, on a GPU where one is."""
