"""What the steps of the ensembles are told: strict models, without a framework."""
