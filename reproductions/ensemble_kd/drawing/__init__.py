"""The figures of the ensembles."""
