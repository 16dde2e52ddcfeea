"""The parameters of the steps: strict models that import no framework."""
