"""The parameters of NoNN's steps: strict models that import no framework."""
